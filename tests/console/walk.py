#!/usr/bin/env python3
"""The console in a real Chromium: what a clerk, a supervisor and an auditor do, and what nobody may.

Usage: walk.py GRIDCARD OUT. Leaves pictures of the main screens in both languages, and printed pages, in OUT.
"""

import concurrent.futures
import hashlib
import pathlib
import re
import shutil
import sys
import tempfile
import time
import traceback

from selenium.webdriver.common.keys import Keys

from browser import Browser
from checks import WIDTHS, record_of, request_of, token, yes
from office import Office
from town import PASSWORDS, Town, code, past

class Walk(Office):
    def __init__(self, town, out):
        self.town, self.out = town, out
        self.people = town.customers()
        self.late, self.fresh, self.keyed, self.doubled, self.wrong = self.people[3], self.people[4], self.people[0], self.people[1], self.people[2]
        self.cookies = {}

    def cookie(self, name):
        """The cookie of somebody who is logged in, outside the browser."""
        if name not in self.cookies:
            answer = self.town.log_in(name)
            yes(answer.status == 303, f"{name} is let in: {answer.status}")
            self.cookies[name] = answer.cookie()[:2]
        return self.cookies[name]

    def get(self, name, path, **more):
        return self.town.ask("GET", path, cookie=self.cookie(name), **more)

    def post(self, name, path, form, **more):
        form = {"token": token(self.get(name, "/console").text), **form}
        return self.town.ask("POST", path, form, cookie=self.cookie(name), **more)

    def orders(self, customer):
        """How many orders of a customer his page shows."""
        page = self.get("Chen Li", f"/console/customers/{customer['customer']}").text
        return page.count('<li class="purchase">')

    # -- what people do

    def a_sale_by_keyboard_alone(self):
        meter = self.keyed["meter"]
        with Browser(self.town, self.out) as b:
            b.log_in("Chen Li")
            yes(b.script("return document.activeElement.id") == "q", "the search has the focus on the first page")
            b.press(meter, Keys.ENTER)
            b.until(lambda: "q=" in b.path())
            # The only one found has the focus, as soon as the page is there.
            b.until(lambda: b.script("return document.activeElement.textContent").startswith("Sell"))
            b.press(Keys.ENTER)
            b.until(lambda: b.all("#amount"))
            b.press("12.34", Keys.ENTER)
            b.until(lambda: "/confirm?" in b.path())
            confirm = b.path()
            yes("12.34" in b.one(".figure").text, "the sum is the figure of the page")
            # On the heading, so that a key that is pressed twice sells nothing.
            yes(b.script("return document.activeElement.tagName") == "H1", "the heading has the focus")
            b.shot("sell-3-confirm-en")
            b.press(Keys.ENTER)
            yes(b.path() == confirm, "Enter on the heading sells nothing")
            b.press(Keys.TAB)
            yes("Sell for 12.34" in b.script("return document.activeElement.textContent"), "one Tab to the button")
            b.press(Keys.ENTER)
            b.until(lambda: "/console/orders/" in b.path())
            yes("Sold: 12.34 yuan" in b.text(), "it is sold")
            order = b.path()
            b.shot("slip-en")
            heard = b.complaints()
            yes(not heard, f"the browser complains: {heard}")
            # Enter once more is the next customer.
            yes("Next customer" in b.script("return document.activeElement.textContent"), "the next customer has the focus")
            b.press(Keys.ENTER)
            b.until(lambda: b.path().startswith("/console/sell"))
            # Going back to the confirm page and pressing again sells nothing more.
            b.open(confirm)
            yes("still on their way" in b.text(), "what is sold is not sold again")
            self.printed(b.open(order))
            b.open(order.split("?")[0])
            yes("Copy" in b.text(), "a second slip is a copy")
            record = self.get("Chen Li", record_of(order))
            yes(re.fullmatch(r"[0-9A-Fa-f]{352}", record.text.splitlines()[0]), "the record of the order is there")
            # The meter credits it, and the receipt comes back over the counter.
            receipt = self.town.credit(self.keyed, record.text)
            b.open("/console/receipt")
            b.one("#record").send_keys(receipt)
            b.one("form[action='/console/receipt'] button").click()
            b.until(lambda: b.all(".notice-good"))
            yes("12.34 yuan credited" in b.one(".notice-good").text, b.text())
            b.open(f"/console/customers/{self.keyed['customer']}")
            yes(b.all(".purchase")[0].text.count("Settled") == 2, "the purchase is settled, in words and on its rail")
            b.shot("customer-settled-en")

    def printed(self, b):
        b.scheme("dark", media="print")
        yes(b.script("return getComputedStyle(document.querySelector('.top')).display") == "none", "no navigation on paper")
        yes(b.script("return [...document.querySelectorAll('.no-print')].every(e => getComputedStyle(e).display === 'none')"), "no button on paper")
        yes(b.one(".slip").is_displayed(), "the slip is on paper")
        # Paper is white though the screen is dark.
        yes(not b.contrast(), f"on paper: {b.contrast()}")
        pdf = b.pdf("slip-en")
        pages = len(re.findall(rb"/Type\s*/Page\b", pdf))
        box = [float(n) for n in re.search(rb"/MediaBox\s*\[([^\]]*)\]", pdf).group(1).split()]
        yes(pages == 1, f"the slip is {pages} pages")
        yes(abs(box[2] / 72 * 25.4 - 80) < 1, f"the slip is 80 mm wide, not {box[2] / 72 * 25.4:.1f}")
        b.scheme("light")

    def a_doubled_submit_sells_once(self):
        number = self.doubled["customer"]
        before = self.orders(self.doubled)
        page = self.get("Chen Li", f"/console/sell/{number}")
        asked = request_of(page.text)
        confirm = self.get("Chen Li", f"/console/sell/{number}/confirm?amount=20&request={asked}")
        yes(request_of(confirm.text) == asked, "the confirm page keeps the request's id")
        form = {"token": token(confirm.text), "request": asked, "amount": "20.00"}
        send = lambda _: self.town.ask("POST", f"/console/sell/{number}", form, cookie=self.cookie("Chen Li"))
        with concurrent.futures.ThreadPoolExecutor(4) as many:
            answers = list(many.map(send, range(4)))
        places = {(answer.status, answer.header("location")) for answer in answers}
        yes(len(places) == 1 and places.pop()[0] == 303, f"four times the same: {[(a.status, a.header('location')) for a in answers]}")
        yes(self.orders(self.doubled) == before + 1, "one purchase")
        other = self.town.ask("POST", f"/console/sell/{number}", {**form, "amount": "30.00"}, cookie=self.cookie("Chen Li"))
        yes(other.status == 409, f"another amount under the same id: {other.status}")
        anew = self.post("Chen Li", f"/console/sell/{number}", {"request": "ab" * 16, "amount": "20.00"})
        yes(anew.status == 422 and "not done" in anew.text, f"a second purchase while one is on its way: {anew.status}")
        yes(self.orders(self.doubled) == before + 1, "still one")

    def killed_in_mid_sale(self):
        """The server is killed while it sells; whoever sends the form again buys once, and the page says where it is meanwhile."""
        free = [one for one in self.people[5:] if one not in (self.keyed, self.doubled, self.wrong)]
        for customer, delay in zip(free, (0.0, 0.004, 0.02, 0.1)):
            number, before = customer["customer"], self.orders(customer)
            confirm = self.get("Chen Li", f"/console/sell/{number}/confirm?amount=5&request={request_of(self.get('Chen Li', f'/console/sell/{number}').text)}")
            form = {"token": token(confirm.text), "request": request_of(confirm.text), "amount": "5.00"}
            with concurrent.futures.ThreadPoolExecutor(1) as one:
                sent = one.submit(self.town.ask, "POST", f"/console/sell/{number}", form, cookie=self.cookie("Chen Li"))
                time.sleep(delay)
                self.town.kill()
                sent.exception()
            self.town.start()
            yes(self.get("Chen Li", f"/console/customers/{number}").status == 200, "he is logged in still: the session is in the books")
            yes(self.orders(customer) in (before, before + 1), "one at most")
            done = self.town.ask("POST", f"/console/sell/{number}", form, cookie=self.cookie("Chen Li"))
            yes(done.status == 303, f"killed after {delay} s, sent again: {done.status}")
            yes(self.orders(customer) == before + 1, "one purchase")
            yes("On its way" in self.get("Chen Li", f"/console/customers/{number}").text, "which is on its way")

    def two_people(self):
        number, path = self.late["customer"], f"/console/customers/{self.late['customer']}"
        with Browser(self.town, self.out) as b:
            b.log_in("Xu Min").open(path)
            b.shot("customer-late-en")
            self.ask_for(b, "correct", amount="45.00", reason="40 was typed, 45 was paid")
            b.until(lambda: b.all(".notice-good"))
            yes("Asked for" in b.one(".notice-good").text, b.text())
            b.open("/console/approvals").shot("approvals-own-en")
            yes("You asked for this yourself" in b.text(), "one's own request is shown as such")
            yes(not b.all(".case input[name=password]"), "and asks no password")
        one = re.search(r"/console/approvals/(\d+)", self.get("Xu Min", "/console/approvals").text).group(1)
        mine = {"do": "yes", "password": PASSWORDS["Xu Min"], "code": self.town.code("Xu Min")}
        own = self.post("Xu Min", f"/console/approvals/{one}", mine)
        yes(own.status == 403 and "asked for this yourself" in own.text, f"one's own request: {own.status}")
        clerk = {"do": "yes", "password": PASSWORDS["Chen Li"], "code": self.town.code("Chen Li")}
        other = self.post("Chen Li", f"/console/approvals/{one}", clerk)
        yes(other.status == 403 and "supervisor decides" in other.text, f"a clerk: {other.status}")
        reader = self.post("Sun Li", f"/console/approvals/{one}", {"do": "no", "reason": "no"})
        yes(reader.status == 403, f"an auditor: {reader.status}")
        wrong = self.post("Wang Fang", f"/console/approvals/{one}", {"do": "yes", "password": "not hers", "code": self.town.code("Wang Fang")})
        yes(wrong.status == 403 and "not right" in wrong.text, f"a wrong password: {wrong.status}")
        without = self.post("Wang Fang", f"/console/approvals/{one}", {"do": "yes"})
        yes(without.status == 403, f"no password: {without.status}")
        yes("On its way" in self.get("Chen Li", path).text and "45.00" not in self.get("Sun Li", path).text.split("deeds")[0], "nothing was done yet")
        with Browser(self.town, self.out) as b:
            b.log_in("Wang Fang").open("/console/approvals").shot("approvals-en")
            b.one(".case input[name=password]").send_keys(PASSWORDS["Wang Fang"])
            b.one(".case input[name=code]").send_keys(self.town.code("Wang Fang"))
            b.one(".case button[value=yes]").click()
            b.until(lambda: b.all(".notice"))
            yes("Approved and done" in b.one(".notice").text, b.text())
            b.open(path)
            yes("45.00 yuan" in b.all(".purchase")[0].text and "correction" in b.all(".purchase")[0].text, b.text())
            b.shot("customer-corrected-en")
        lines = [line for line in self.town.log() if line["act"] == "server correct"]
        yes(lines and lines[-1]["who"] == "Xu Min" and lines[-1]["facts"].get("second") == "Wang Fang", f"the log has both: {lines[-1:]}")
        again = self.post("Wang Fang", f"/console/approvals/{one}", {"do": "yes", "password": PASSWORDS["Wang Fang"], "code": self.town.code("Wang Fang")})
        yes(again.status == 422 and "decided this already" in again.text, f"once more: {again.status}")
        # Refused with a reason, and taken back.
        for who, what, end in [("Wang Fang", {"do": "no", "reason": "the customer was here"}, "refused: the customer was here"), ("Chen Li", {"do": "back"}, "taken back")]:
            asked = {"act": "reverse", "reason": "not wanted", "request": hashlib.md5(end.encode()).hexdigest()}
            yes(self.post("Chen Li", f"{path}/ask", asked).status == 303, "asked for")
            yes(self.post("Chen Li", f"{path}/ask", asked).status == 303, "asked for twice is once")
            waiting = re.findall(r'action="/console/approvals/(\d+)"', self.get("Wang Fang", "/console/approvals").text)
            yes(len(set(waiting)) == 1, f"one waits: {waiting}")
            yes(self.post(who, f"/console/approvals/{waiting[0]}", what).status == 303, end)
            yes(end in self.get("Chen Li", path).text, end)
        yes(self.post("Chen Li", f"{path}/ask", {"act": "reverse", "reason": " ", "request": "cd" * 16}).status == 422, "a reason is wanted")
        yes(self.post("Chen Li", f"{path}/ask", {"act": "settle", "reason": "x", "request": "cd" * 16}).status == 422, "nothing else can be asked for")
        yes(self.post("Chen Li", f"{path}/do", {"act": "refund", "request": "cd" * 16}).status == 422, "and one person does not do it alone")

    def ask_for(self, b, act, amount=None, reason=""):
        form = next(form for form in b.all("form") if b.script("return arguments[0].elements.act?.value === arguments[1]", form, act))
        b.script("arguments[0].closest('details').open = true", form)
        if amount:
            form.find_element("name", "amount").send_keys(amount)
        form.find_element("name", "reason").send_keys(reason)
        b.shot(f"deed-{act}-en")
        form.find_element("css selector", "button").click()

    def a_finding(self):
        """A receipt that is told of by somebody else's SIM, and one that is no receipt."""
        bad = self.post("Chen Li", "/console/receipt", {"record": "07" + "00" * 175, "phone": self.wrong["msisdn"], "request": "11" * 16})
        yes(bad.status == 422 and "not done" in bad.text, f"no receipt: {bad.status}")
        short = self.post("Chen Li", "/console/receipt", {"record": "0700", "phone": "", "request": "12" * 16})
        yes(short.status == 400, f"half a record: {short.status}")

    def second_clears(self):
        case = re.search(r'id="a(\d+)">Clear a finding: F-', self.get("Wang Fang", "/console/approvals").text)
        approval = {"do": "yes", "password": PASSWORDS["Wang Fang"], "code": self.town.code("Wang Fang")}
        done = self.post("Wang Fang", f"/console/approvals/{case.group(1)}", approval)
        yes(done.status == 303, f"two people clear it: {done.status}")

    def findings(self):
        """A meter whose clock is wrong stops nothing; a PSAM that sealed more than the books have stops sales until two people cleared it."""
        clock, other = self.people[10], self.people[11]
        sold = self.post("Chen Li", f"/console/sell/{clock['customer']}", {"request": "20" * 16, "amount": "10.00"})
        record = self.get("Chen Li", record_of(sold.header("location"))).text
        receipt = self.town.credit(clock, record, at=past(days=3))
        taken = self.post("Chen Li", "/console/receipt", {"record": receipt, "phone": "", "request": "21" * 16})
        yes(taken.status == 200 and "10.00 yuan</span> credited" in taken.text, f"money follows the count, never a clock: {taken.status}")
        page = self.get("Chen Li", "/console/approvals").text
        yes("clock is wrong" in page and "Frozen" not in page, "and the clock is a finding")
        number = re.search(r'action="/console/findings/(\d+)"', page).group(1)
        yes(self.post("Chen Li", f"/console/findings/{number}", {"reason": "", "request": "22" * 16}).status == 422, "which is not cleared without a word")
        yes(self.post("Sun Li", f"/console/findings/{number}", {"reason": "x", "request": "22" * 16}).status == 403, "nor by an auditor")
        cleared = self.post("Chen Li", f"/console/findings/{number}", {"reason": "clock set", "request": "22" * 16})
        yes(cleared.status == 303, f"a clerk asks for it: {cleared.status}")
        self.second_clears()
        yes("clock set" in self.get("Xu Min", "/console/findings").text, "and it stays in the list of all")
        # The books as they were before an order: the PSAM has sealed what they do not have.
        self.town.stop()
        books = self.town.home / "bank" / "server.sqlite"
        before = books.read_bytes()
        self.town.order(other, "15.00", 0)
        books.write_bytes(before)
        self.town.start()
        sale = {"request": "23" * 16, "amount": "7.00"}
        refused = self.post("Chen Li", f"/console/sell/{self.people[12]['customer']}", sale)
        yes(refused.status == 403 and "psam-stopped" in refused.text, f"nothing is sealed: {refused.status}")
        with Browser(self.town, self.out) as b:
            b.log_in("Xu Min").open("/console/approvals").shot("finding-en")
            yes("Frozen" in b.text() and "do not agree" in b.text(), b.text())
            b.one("form[action^='/console/findings/'] textarea").send_keys("the books were put back from a copy; the order is on paper")
            b.one("form[action^='/console/findings/'] button").click()
            b.until(lambda: b.all(".notice-good"))
            b.shot("finding-asked-en")
            yes("Clear a finding: F-" in b.text(), b.text())
        self.second_clears()
        yes("Frozen" not in self.get("Xu Min", "/console/approvals").text, "and sales go on")
        again = self.post("Chen Li", f"/console/sell/{self.people[12]['customer']}", {**sale, "request": "24" * 16})
        yes(again.status == 303, f"as they do: {again.status}")

    def registration(self):
        new = {"customer": "330299999999", "meter": "000029999999", "msisdn": "+86 139 0000 9999", "iccid": "8986 0021 0479 8799 9990", "imsi": "460000000009999",
               "imei": "353328111726053", "name": "Qiu <b>&amp; 邱", "first": "25"}
        with Browser(self.town, self.out) as b:
            b.log_in("Chen Li").open("/console/register")
            for name, value in new.items():
                b.one(f"#{name}").send_keys(value)
            b.shot("register-en")
            b.one("form[action='/console/register'] button").click()
            b.until(lambda: b.path().startswith("/console/customers/") or b.all(".notice-bad"))
            yes(b.one("h1").text == new["name"], f"the name as it was typed: {b.text()}")
            b.open(f"/console/customers/{new['customer']}/agreement").shot("agreement-en")
            yes(b.pdf("agreement-en")[:4] == b"%PDF", "it prints")
            b.open("/console/sell?q=330299999999")
            yes("1 found" in b.text(), b.text())
        # A further meter is his as well, if all else that is typed agrees with what is known of him.
        more = {**new, "meter": "000029999998"}
        again = self.post("Chen Li", "/console/register", {**more, "imsi": "460000000009998", "request": "13" * 16})
        yes(again.status == 422 and 'value="000029999998"' in again.text, "what was typed stays")
        added = self.post("Chen Li", "/console/register", {**more, "request": "14" * 16})
        yes(added.status == 303, f"a second meter: {added.status}")
        page = self.get("Chen Li", f"/console/customers/{new['customer']}").text
        yes(new["meter"] in page and more["meter"] in page, "the page of a customer names all his meters")

    # -- how it looks

    def every_page(self, name):
        late, one = self.late["customer"], self.keyed["customer"]
        order = re.search(r"/console/orders/([0-9A-F]{16})", self.get("Xu Min", f"/console/customers/{one}").text).group(1)
        pages = {"home": "/console", "sell-1": "/console/sell?q=2018", "sell-none": "/console/sell?q=nobody", "sell-2": f"/console/sell/{self.wrong['customer']}",
                 "sell-2-blocked": f"/console/sell/{late}", "sell-2-error": f"/console/sell/{self.wrong['customer']}/confirm?amount=abc&request={'0' * 32}",
                 "sell-3": f"/console/sell/{self.wrong['customer']}/confirm?amount=100&request={'0' * 32}", "customer": f"/console/customers/{late}",
                 "search": "/console/customers?q=Wang", "statement": f"/console/customers/{one}/statement", "agreement": f"/console/customers/{one}/agreement",
                 "slip-copy": f"/console/orders/{order}", "ageing": "/console/ageing", "approvals": "/console/approvals", "findings": "/console/findings",
                 "statistics": "/console/statistics?by=tariff", "audit": "/console/audit", "operators": "/console/operators", "register": "/console/register",
                 "receipt": "/console/receipt", **self.office_pages()}
        office = {"Xu Min": pages, "Chen Li": {k: v for k, v in pages.items() if k not in ("findings", "statistics", "audit", "operators", "days", "day")}}
        return office[name]

    def nothing_overflows_and_all_can_be_read(self):
        # Something that waits, so that the pages have it.
        path = f"/console/customers/{self.fresh['customer']}"
        yes(self.post("Chen Li", f"{path}/ask", {"act": "reverse", "reason": "bought twice by mistake", "request": "ef" * 16}).status == 303, "asked for")
        complaints = []
        for language in ("en", "zh"):
            with Browser(self.town, self.out, language) as b:
                b.open("/console/login").shot(f"login-{language}")
                self.measure(b, f"login-{language}", complaints)
                b.log_in("Xu Min")
                tag = b.script("return document.documentElement.lang")
                yes(tag == {"en": "en", "zh": "zh-CN"}[language], f"the browser chooses the language: {tag}")
                for name, page in self.every_page("Xu Min").items():
                    b.open(page)
                    if language == "zh":
                        left = re.findall(r"[a-z]+\.[a-z0-9.]+", b.text())
                        yes(not [key for key in left if key in KEYS], f"{name}: words that are none: {left}")
                    b.shot(f"{name}-{language}")
                    self.measure(b, f"{name}-{language}", complaints)
                    if name in ("home", "customer", "sell-3", "approvals", "statistics", "change-form", "drawer", "days", "bank", "bank-day", "suspense", "limits"):
                        b.window(*WIDTHS["360 px"][:2], 1)
                        b.shot(f"{name}-{language}-360")
                        b.window()
                b.open("/console/statistics").pdf(f"statistics-{language}")
                heard = b.complaints()
                yes(not heard, f"the browser complains: {heard}")
        yes(not complaints, "\n".join(complaints))

    def measure(self, b, name, complaints):
        for scheme in ("light", "dark"):
            b.scheme(scheme)
            complaints += [f"{name}, {scheme}: contrast {line}" for line in b.contrast()[:3]]
        b.scheme("light")
        for which, (width, height, scale) in WIDTHS.items():
            b.window(width, height, scale)
            complaints += [f"{name}, {which}: {line}" for line in b.overflow()[:3]]
        b.window()

    def languages(self):
        chinese = self.town.ask("GET", "/console/login", headers={"Accept-Language": "zh-CN,zh;q=0.9"})
        yes("登录" in chinese.text and 'lang="zh-CN"' in chinese.text, "Chinese by what the browser likes")
        switch = self.town.ask("GET", "/console/language/zh?back=%2Fconsole%2Fsell%3Fq%3D1")
        yes(switch.status == 303 and switch.header("location") == "/console/sell?q=1", "back to where it was switched")
        yes("gridcard-language=zh" in switch.header("set-cookie"), "the choice is kept")
        away = self.town.ask("GET", "/console/language/zh?back=https%3A%2F%2Fevil%2Fconsole")
        yes(away.header("location") == "/console", "and nowhere else")

    # -- what nobody may

    def nobody_without_a_login(self):
        number = self.wrong["customer"]
        for path in ["/console", "/console/sell", f"/console/sell/{number}", f"/console/sell/{number}/confirm", f"/console/customers/{number}",
                     f"/console/customers/{number}/statement", f"/console/customers/{number}/agreement", "/console/orders/0011223344556677",
                     "/console/orders/0011223344556677/sms", "/console/customers", "/console/register", "/console/receipt", "/console/ageing",
                     "/console/approvals", "/console/findings", "/console/statistics", "/console/statistics/csv", "/console/audit", "/console/operators"]:
            answer = self.town.ask("GET", path)
            yes(answer.status == 303 and answer.header("location").startswith("/console/login?back="), f"{path}: {answer.status}")
        for cookie in ["", "x", "0" * 64, "f" * 63, "g" * 64]:
            answer = self.town.ask("GET", "/console", cookie=("gridcard", cookie))
            yes(answer.status == 303, f"{cookie!r}: {answer.status}")
        yes(self.town.ask("POST", f"/console/sell/{self.wrong['customer']}", {"amount": "1"}).status == 303, "no sale")
        for name in ("style.css", "print.js"):
            yes(self.town.ask("GET", f"/console/{name}").status == 200, name)
        head = self.town.ask("GET", "/console/login")
        policy = head.header("content-security-policy")
        for part in ["default-src 'none'", "style-src 'self'", "script-src 'self'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"]:
            yes(part in policy, part)
        yes(not re.search(r"\son\w+=|style=|<script>|javascript:", head.text), "nothing in line")

    def roles(self):
        for name, may in {"Chen Li": 403, "Sun Li": 200, "Xu Min": 200}.items():
            for path in ("/console/statistics", "/console/audit", "/console/operators", "/console/findings"):
                answer = self.get(name, path)
                yes(answer.status == may, f"{name}, {path}: {answer.status}")
                yes((f'href="{path}"' in self.get(name, "/console").text) == (may == 200) or path == "/console/findings", f"{name} sees {path} in the navigation")
        number = self.wrong["customer"]
        for path in ("/console/sell", f"/console/sell/{number}", "/console/register", "/console/receipt"):
            yes(self.get("Sun Li", path).status == 403, f"an auditor, {path}")
        refused = self.post("Sun Li", f"/console/sell/{number}", {"amount": "1", "request": "aa" * 16})
        yes(refused.status == 403, f"an auditor sells: {refused.status}")
        looks = [line for line in self.town.log() if line["act"] == "console customer"]
        yes(looks and all(line["facts"].get("customer") for line in looks), "looks at customers are in the log")

    def forms_of_others(self):
        number = self.wrong["customer"]
        before = self.orders(self.wrong)
        good = {"token": token(self.get("Chen Li", "/console").text), "request": "bb" * 16, "amount": "10"}
        path, cookie = f"/console/sell/{number}", self.cookie("Chen Li")
        for words, form, more in [
            ("no token", {**good, "token": ""}, {}),
            ("a wrong token", {**good, "token": "0" * 64}, {}),
            ("somebody else's token", {**good, "token": token(self.get("Xu Min", "/console").text)}, {}),
            ("another origin", good, {"origin": "http://evil.example"}),
            ("no origin", good, {"origin": None}),
            ("origin null", good, {"origin": "null"}),
            ("cross-site", good, {"headers": {"Sec-Fetch-Site": "cross-site"}}),
            ("same-site", good, {"headers": {"Sec-Fetch-Site": "same-site"}}),
        ]:
            answer = self.town.ask("POST", path, form, cookie=cookie, **more)
            yes(answer.status == 403, f"{words}: {answer.status}")
        yes(self.town.ask("GET", f"{path}?amount=10&token={good['token']}&request={'bb' * 16}", cookie=cookie).status == 200, "a look")
        yes(self.orders(self.wrong) == before, "nothing was sold")
        for logout in [{"token": ""}, {"token": "0" * 64}]:
            yes(self.town.ask("POST", "/console/logout", logout, cookie=cookie).status == 403, "nobody is logged out by others")
        yes(self.town.ask("POST", "/console/login", {"name": "x"}, origin="http://evil.example").status == 403, "nor logged in")
        yes(self.get("Chen Li", "/console").status == 200, "and he is there still")
        big = self.town.ask("POST", path, {**good, "amount": "1" * 70000}, cookie=cookie)
        yes(big.status == 413, f"a form that is too long: {big.status}")

    def sessions(self):
        given = "ab" * 32
        first = self.town.log_in("Sun Li", cookie=("gridcard", given))
        name, value, more = first.cookie()
        yes(first.status == 303 and value != given and len(value) == 64, "a session is new at the login")
        yes({"HttpOnly", "SameSite=Strict", "Path=/"} <= set(more) and "Secure" not in more, f"what the cookie says: {more}")
        yes(self.town.ask("GET", "/console", cookie=("gridcard", given)).status == 303, "what somebody gave before opens nothing")
        second = self.town.log_in("Sun Li", cookie=(name, value)).cookie()
        yes(second[1] != value, "and new again at the next")
        yes(self.town.ask("GET", "/console", cookie=(name, value)).status == 303, "the one before has ended")
        page = self.town.ask("GET", "/console", cookie=second[:2])
        yes(page.status == 200 and second[1] not in page.text, "the cookie stands in no page")
        out = self.town.ask("POST", "/console/logout", {"token": token(page.text)}, cookie=second[:2])
        yes(out.status == 303 and "Max-Age=0" in out.header("set-cookie"), "logged out")
        yes(self.town.ask("GET", "/console", cookie=second[:2]).status == 303, "and it is good no more")
        proxy = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7"}
        form = {"name": "Sun Li", "password": PASSWORDS["Sun Li"], "code": self.town.code("Sun Li"), "back": "//evil.example"}
        tls = self.town.ask("POST", "/console/login", form, origin=f"https://{self.town.address}", headers=proxy)
        name, value, more = tls.cookie()
        yes(name == "__Host-gridcard" and "Secure" in more and "Path=/" in more, f"behind TLS: {name} {more}")
        yes(tls.header("location") == "/console", "nobody is led away")
        yes(self.town.log()[-1]["facts"].get("address") == "192.0.2.7", "the log has the address before the proxy")

    def codes_are_good_once(self):
        typed = self.town.code("Sun Li")
        yes(self.town.log_in("Sun Li", typed=typed).status == 303, "a code is good")
        yes(self.town.log_in("Sun Li", typed=typed).status == 403, "and once")

    def a_password_changes(self):
        """Another password ends what the old one opened; an operator who was put out is out at once."""
        cookie = self.town.log_in("Sun Li").cookie()[:2]
        self.town.file("Sun Li.password", "sun-li-reads-again-5\n")
        two = ["--second-operator", "Chen Li", "--second-password-file", self.town.file("Chen Li.password")]
        self.town.run("operator", "passwd", "Sun Li", "--party", "bank", "--password-file", self.town.file("Sun Li.password"), *two, operator="Xu Min")
        yes(self.town.ask("GET", "/console", cookie=cookie).status == 303, "the session has ended")
        PASSWORDS["Sun Li"] = "sun-li-reads-again-5"
        cookie = self.town.log_in("Sun Li").cookie()[:2]
        self.town.run("operator", "disable", "Sun Li", "--party", "bank", *two, operator="Xu Min")
        yes(self.town.ask("GET", "/console", cookie=cookie).status == 303, "and so has that of somebody who was put out")
        yes(self.town.log_in("Sun Li", typed="000000").status == 403, "who does not come in again")

    def brute_force(self):
        """The last thing that is tried: the name waits afterwards."""
        waited = None
        for n in range(12):
            answer = self.town.ask("POST", "/console/login", {"name": "Wang Fang", "password": f"guess {n}", "code": f"{n:06d}"},
                                   headers={"X-Forwarded-For": "198.51.100.9"})
            if answer.status == 429:
                waited = n
                break
            yes(answer.status == 403 and "Set-Cookie" not in dict(answer.headers), f"try {n}: {answer.status}")
            yes("Name, password or code is not right" in answer.text, "the words do not say which")
        yes(waited is not None and 4 <= waited <= 6, f"after {waited} tries the name waits")
        form = {"name": "Wang Fang", "password": PASSWORDS["Wang Fang"], "code": self.town.code("Wang Fang"), "back": "/console"}
        right = self.town.ask("POST", "/console/login", form, headers={"X-Forwarded-For": "198.51.100.9"})
        yes(right.status == 429, f"the right password waits as well: {right.status}")
        other = self.town.ask("POST", "/console/login", {**form, "name": "Xu Min"}, headers={"X-Forwarded-For": "198.51.100.9"})
        yes(other.status == 403, f"another name does not: {other.status}")
        seconds = int(re.search(r"in (\d+) second", right.text).group(1))
        yes(0 < seconds <= 60, f"not for long: {seconds}")
        yes(self.get("Wang Fang", "/console").status == 200, "who is in stays in")
        yes(self.town.log_in("Wang Fang").status == 303, "nobody is kept out of his own desk by guesses elsewhere")
        nobody = self.town.ask("POST", "/console/login", {"name": "Nobody At All", "password": "x" * 20, "code": "000000"})
        yes(nobody.status == 403 and "not right" in nobody.text, "a name that nobody has is answered alike")
        lines = [line for line in self.town.log() if line.get("facts", {}).get("command") == "console login"]
        yes(len(lines) >= waited and all(line["outcome"] == "refused" for line in lines), "failures are in the log")
        yes(lines[-1]["facts"]["operator"] == "nobody's name" and "Nobody At All" not in str(lines), "what was typed in the place of a name is not")
        yes("guess" not in str(lines), "nor a password")

    def idle(self):
        """A session ends when nobody was there for 15 minutes, and after 12 hours whatever was done; the server's clock is set for it."""
        town = self.town
        town.stop()
        start = time.time() + 3600
        at = lambda minutes: past(hours=-1, minutes=-minutes)
        town.start(at=at(0))
        step = int(start + 10) // 30
        answer = None
        for near in (0, 1, -1):
            answer = town.log_in("Chen Li", typed=code(town.secrets["Chen Li"], step + near))
            if answer.status == 303:
                break
        yes(answer.status == 303, f"let in: {answer.status}")
        cookie = answer.cookie()[:2]
        for minutes, good in [(14, True), (28, True), (44, False), (45, False)]:
            town.stop()
            town.start(at=at(minutes))
            answer = town.ask("GET", "/console", cookie=cookie)
            yes((answer.status == 200) == good, f"after {minutes} minutes: {answer.status}")


KEYS = set()


STEPS = ("nobody_without_a_login", "languages", "a_sale_by_keyboard_alone", "a_doubled_submit_sells_once", "killed_in_mid_sale", "two_people", "a_finding",
         "registration", "meters_are_changed", "paid_by_a_bank", "the_banks_day", "bounds_of_a_customer", "a_drawer", "days_are_closed", "looks_are_noted",
         "bought_online", "roles", "forms_of_the_office", "forms_of_others", "nothing_overflows_and_all_can_be_read", "findings", "sessions",
         "codes_are_good_once", "a_password_changes", "brute_force", "idle")


def go(kind, steps, pictures, before=lambda town: None):
    """Builds a town for a walk of a kind, does its steps or those that the command line names, each though one before it failed, and
    says how long they took; `before`: what happens in the town before its server opens."""
    gridcard, out = sys.argv[1], pathlib.Path(sys.argv[2])
    work = pathlib.Path(tempfile.mkdtemp(prefix="gridcard-console."))
    town = Town(gridcard, work)
    failed = []
    try:
        town.build()
        before(town)
        town.open_bank()
        town.start()
        walk = kind(town, out)
        for name in sys.argv[3:] or steps:
            begun, words = time.monotonic(), name.replace("_", " ")
            try:
                getattr(walk, name)()
                print(f"{words}: {time.monotonic() - begun:.1f} s", file=sys.stderr)
            except Exception as error:  # the others are tried all the same
                failed.append(words)
                print(f"FAILED {words}: {type(error).__name__}: {error}", file=sys.stderr)
                traceback.print_exc()
    finally:
        town.stop()
        town.close_bank()
    if failed:
        sys.exit(f"failed: {', '.join(failed)}; the town is in {work}")
    shutil.rmtree(work)
    print(f"all as it should be; {len(list(out.glob(pictures)))} pictures in {out}", file=sys.stderr)


def orders_on_their_way(town):
    people = town.customers()
    town.order(people[3], "40.00", 4)
    town.order(people[4], "60.00", 1)


if __name__ == "__main__":
    root = pathlib.Path(__file__).resolve().parent.parent.parent
    KEYS.update(line.split(",")[0] for line in (root / "service/assets/words.csv").read_text(encoding="utf-8").splitlines())
    go(Walk, STEPS, "*.png", orders_on_their_way)
