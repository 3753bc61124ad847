"""A telephone's Chromium: a small screen, a thumb, an app's page."""

import json

from selenium.common.exceptions import TimeoutException

from browser import Browser

SIZES = {"360 px": (360, 740), "320 px": (320, 568), "a tablet": (820, 1180)}


class Thumb(Browser):
    """One telephone with one person at it. Nothing is clicked: a thumb touches the screen where something stands."""

    def __init__(self, town, out, language="en", dark=False):
        super().__init__(town, out, language, dark)
        self.screen()

    def screen(self, width=360, height=740):
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=2, mobile=True)
        self.cdp("Emulation.setTouchEmulationEnabled", enabled=True, maxTouchPoints=1)

    def shot(self, name):
        """The whole page, as a screen that is long enough shows it."""
        self.screen(360, max(740, self.script("return document.documentElement.scrollHeight")))
        super().shot(name)
        self.screen()

    def tap(self, css):
        """Touches the middle of what is there, brought into sight first; it has to be the topmost thing at that place."""
        box = self.until(lambda: self.script(PLACE, css))
        at = [{"x": box["x"], "y": box["y"]}]
        self.cdp("Input.dispatchTouchEvent", type="touchStart", touchPoints=at)
        self.cdp("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])
        return self

    def write(self, css, text):
        """Touches a field and types."""
        self.tap(css)
        self.until(lambda: self.script("return document.activeElement === document.querySelector(arguments[0])", css))
        self.script("document.activeElement.value = ''")
        self.cdp("Input.insertText", text=text)
        return self

    def app(self, place=""):
        self.open(f"/app/{place}")
        return self.there("h1")

    def there(self, css):
        self.until(lambda: self.all(css))
        return self

    def says(self, *words):
        """Waits until the page says something."""
        try:
            self.until(lambda: all(word in self.text() for word in words))
        except TimeoutException:
            raise AssertionError(f"{self.path()} does not say {words}: {self.text()}") from None
        return self

    def wait_for(self, script, *values):
        """What a promise of the page comes to."""
        self.driver.set_script_timeout(120)
        call = f"const done = arguments[arguments.length - 1]; (async () => {{ {script} }})().then(v => done(JSON.stringify({{ v }})), e => done(JSON.stringify({{ e: String(e) }})))"
        said = json.loads(self.driver.execute_async_script(call, *values))
        if "e" in said:
            raise AssertionError(said["e"])
        return said.get("v")

    def offline(self, away):
        self.cdp("Network.enable")
        self.cdp("Network.emulateNetworkConditions", offline=away, latency=0, downloadThroughput=-1, uploadThroughput=-1)

    def complaints(self):
        """What the browser complained of, but for requests without a network."""
        return [line for line in super().complaints() if "net::ERR_" not in line]


PLACE = """
const element = document.querySelector(arguments[0]);
if (!element || !element.checkVisibility() || element.disabled) return null;
element.scrollIntoView({ block: 'center', behavior: 'instant' });
const box = element.getBoundingClientRect();
const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
const top = document.elementFromPoint(x, y);
if (!top || !(element.contains(top) || top.contains(element))) return null;
return { x, y };
"""

# What a thumb has to hit: places narrower or lower than 44 px, and what is too near is the style's matter.
SMALL = """
const out = [];
for (const element of document.querySelectorAll('a, button, label.button, .choice, input:not([type=radio]):not(.unseen), select, summary')) {
  if (!element.checkVisibility() || element.closest('.unseen, .records, .notice')) continue;
  const box = element.getBoundingClientRect();
  if (box.width < 44 || box.height < 44) out.push(`${element.tagName}.${element.className} ${box.width}x${box.height}`);
}
return out;
"""
