"""Chromium for the console's tests: pages opened, looked at, measured."""

import base64
import pathlib

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

# Colours of text and of what it stands on, as they are rendered, and their contrast by WCAG 2.1, 1.4.3.
CONTRAST = """
const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
function colour(text) {
  canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = text; canvas.fillRect(0, 0, 1, 1);
  return [...canvas.getImageData(0, 0, 1, 1).data];
}
function light([r, g, b]) {
  const part = [r, g, b].map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  return 0.2126 * part[0] + 0.7152 * part[1] + 0.0722 * part[2];
}
function ground(element) {
  for (let at = element; at; at = at.parentElement) {
    const found = colour(getComputedStyle(at).backgroundColor);
    if (found[3] === 255) return found;
  }
  return [255, 255, 255, 255];
}
const out = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
for (let node = walker.nextNode(); node; node = walker.nextNode()) {
  if (!node.data.trim()) continue;
  const element = node.parentElement, style = getComputedStyle(element);
  if (element.closest('.unseen, .skip, script, style, title, desc, [hidden]') || !element.checkVisibility()) continue;
  const text = colour(element instanceof SVGElement ? style.fill : style.color), under = ground(element);
  const [a, b] = [light(text), light(under)].sort((x, y) => y - x), ratio = (a + 0.05) / (b + 0.05);
  out.push([Math.round(ratio * 100) / 100, node.data.trim().slice(0, 40), element.className.baseVal ?? element.className]);
}
return out.sort((x, y) => x[0] - y[0]);
"""

# What stands out of the window, or out of a box that does not scroll.
OVERFLOW = """
const wide = document.documentElement.clientWidth, out = [];
if (document.documentElement.scrollWidth > wide) out.push(`page ${document.documentElement.scrollWidth} > ${wide}`);
for (const element of document.querySelectorAll('body *')) {
  if (element.closest('.scroll, .unseen, .sprite, .skip, [hidden], thead') || !element.checkVisibility()) continue;
  const box = element.getBoundingClientRect();
  if (box.width > 0 && (box.right > wide + 1 || box.left < -1)) out.push(`${element.tagName}.${element.className} ${box.left}..${box.right}`);
}
return out.slice(0, 8);
"""


class Browser:
    """One Chromium with one person in it."""

    def __init__(self, town, out, language="en", dark=False):
        self.town, self.out = town, pathlib.Path(out)
        self.out.mkdir(parents=True, exist_ok=True)
        options = webdriver.ChromeOptions()
        for argument in ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
                         "--window-size=1280,900", "--no-proxy-server"]:
            options.add_argument(argument)
        options.add_experimental_option("prefs", {"intl.accept_languages": {"en": "en-GB,en", "zh": "zh-CN,zh"}[language]})
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        service = webdriver.ChromeService(executable_path="/usr/bin/chromedriver")
        self.driver = webdriver.Chrome(options=options, service=service)
        self.driver.set_page_load_timeout(120)
        self.scheme("dark" if dark else "light")
        self.window()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.driver.quit()

    def cdp(self, command, **values):
        return self.driver.execute_cdp_cmd(command, values)

    def scheme(self, name, media=""):
        self.cdp("Emulation.setEmulatedMedia", media=media, features=[
            {"name": "prefers-color-scheme", "value": name}, {"name": "prefers-reduced-motion", "value": "reduce"}])

    def window(self, width=1280, height=900, scale=1):
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=False)

    def open(self, path):
        self.driver.get(f"http://{self.town.address}{path}")
        return self

    def one(self, css):
        return self.driver.find_element(By.CSS_SELECTOR, css)

    def all(self, css):
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def text(self):
        return self.one("main").text

    def path(self):
        return self.driver.current_url.removeprefix(f"http://{self.town.address}")

    def script(self, text, *values):
        return self.driver.execute_script(text, *values)

    def until(self, what):
        """Waits until a page is there that something is true of."""
        return WebDriverWait(self.driver, 60, ignored_exceptions=[Exception]).until(lambda _: what())

    def press(self, *keys):
        """Keys at whatever has the focus: nothing is clicked."""
        for key in keys:
            self.driver.switch_to.active_element.send_keys(key)

    def log_in(self, name):
        self.open("/console/login")
        self.one("#u").send_keys(name)
        self.one("#pw").send_keys(self.town.password(name))
        self.one("#code").send_keys(self.town.code(name), Keys.ENTER)
        self.until(lambda: self.path().startswith("/console") and not self.path().startswith("/console/login"))
        return self

    def shot(self, name):
        """A picture of the whole page."""
        size = self.cdp("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        data = self.cdp("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)["data"]
        (self.out / f"{name}.png").write_bytes(base64.b64decode(data))

    def pdf(self, name):
        """The page as it comes out of a printer; gives its bytes."""
        data = base64.b64decode(self.cdp("Page.printToPDF", printBackground=True, preferCSSPageSize=True)["data"])
        (self.out / f"{name}.pdf").write_bytes(data)
        return data

    def contrast(self):
        """The texts that are hard to read: contrast below 4.5."""
        found = self.script(CONTRAST)
        assert found, f"no text at all on {self.path()}"
        return [line for line in found if line[0] < 4.5]

    def overflow(self):
        return self.script(OVERFLOW)

    def complaints(self):
        """What the browser complained of: a policy that was broken, a file that was not there. A form that is to be mended is none."""
        heard = [line["message"] for line in self.driver.get_log("browser") if line["level"] in ("SEVERE", "WARNING")]
        return [line for line in heard if "status of 422" not in line]
