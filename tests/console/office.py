"""What an office does beside selling: meters are changed, drawers counted, days closed, the bank's day is compared, limits are set."""

import concurrent.futures
import hashlib
import re
import time
import urllib.parse

from selenium.webdriver.common.keys import Keys

from browser import Browser
from checks import record_of, request_of, token, yes
from town import PASSWORDS, past

SPARE = ["000029990001", "000029990002", "000029990003", "000029990004"]


def id_of(words):
    """The id of a request, the same for the same words."""
    return hashlib.md5(words.encode()).hexdigest()


class Office:
    """The walks; what stands around them is in walk.py."""

    def one_of(self, n):
        return self.people[n]

    def approve(self, who="Wang Fang"):
        """The one thing that waits is approved by another person."""
        page = self.get(who, "/console/approvals").text
        waiting = sorted(set(re.findall(r'action="/console/approvals/(\d+)"', page)), key=int)
        yes(waiting, "something waits")
        form = {"do": "yes", "password": PASSWORDS[who], "code": self.town.code(who)}
        return self.post(who, f"/console/approvals/{waiting[-1]}", form)

    def sell(self, customer, amount, words, who="Chen Li", **more):
        form = {"request": id_of(words), "amount": amount, **more}
        return self.post(who, f"/console/sell/{customer['customer']}", form)

    def shown(self, b, path, name):
        """A picture of a page in each language, its contrast, and whether anything stands out of a window."""
        complaints = []
        for language in ("en", "zh"):
            b.open(f"/console/language/{language}?back={urllib.parse.quote(path)}")
            b.shot(f"{name}-{language}")
            self.measure(b, f"{name}-{language}", complaints)
        b.open(f"/console/language/en?back={urllib.parse.quote(path)}")
        yes(not complaints, "\n".join(complaints))

    # -- change of a meter

    def meters_are_changed(self):
        read, out, dead, burnt = (self.one_of(n) for n in (13, 14, 15, 16))
        for number in SPARE:
            self.town.new_meter(number)
        with Browser(self.town, self.out) as b:
            b.log_in("Chen Li").open(f"/console/customers/{read['customer']}")
            b.one(f"a[href='/console/customers/{read['customer']}/meter']").click()
            yes("still in use" in b.text() and "Take its next list in first" in b.text(), "the old chip could still credit")
            yes(not b.all("form input[name=basis][value=read]"), "so one person cannot change it as read")
            self.shown(b, b.path(), "change-not-retired")
            balance, count = self.town.purse(read["meter"])
            self.town.retire(read["meter"])
            order = self.sell(out, "7.00", "before the change")
            yes(order.status == 303, f"sold: {order.status}")
            left, settled = self.town.purse(out["meter"])
            self.town.retire(out["meter"])
            self.town.deliver()
            # Readable: one person, to the fen, by keyboard alone.
            b.open(f"/console/customers/{read['customer']}/meter")
            b.script("document.querySelector('#m-read').focus()")
            b.press(SPARE[0], Keys.TAB, f"{balance / 100 + 1:.2f}", Keys.TAB, str(count), Keys.TAB, "display dark", Keys.TAB, Keys.ENTER)
            b.until(lambda: b.all("#told"))
            yes("cannot have had so much" in b.text(), "more than there can be is refused")
            yes(b.one("#m-read").get_attribute("value") == SPARE[0] and b.one("#r-read").text == "display dark", "what was typed stays")
            b.shot("change-refused-en")
            b.one("#b-read").clear()
            b.script("document.querySelector('#b-read').focus()")
            b.press(f"{balance / 100:.2f}", Keys.TAB, Keys.TAB, Keys.TAB, Keys.ENTER)
            b.until(lambda: "/console/changes/" in b.path())
            yes("The meter is changed" in b.text() and f"{balance / 100:,.2f}" in b.text(), b.text())
            paper = b.path().split("?")[0]
            self.shown(b, paper, "change-paper")
            yes(b.pdf("change-paper-en")[:4] == b"%PDF", "it prints")
            yes(not b.complaints(), "the browser complains of nothing else")
            # Readable with an order on its way: the count says that it was not credited.
            b.open(f"/console/customers/{out['customer']}/meter")
            yes(b.one("#n-read").get_attribute("required"), "the count is wanted")
            self.shown(b, f"/console/customers/{out['customer']}/meter", "change-outstanding")
            for id, value in {"m": SPARE[1], "b": f"{left / 100:.2f}", "n": str(settled + 1), "r": "humming"}.items():
                b.one(f"#{id}-read").send_keys(value)
            b.one("#r-read").send_keys(Keys.TAB, Keys.ENTER)
            b.until(lambda: b.all("#told"))
            yes("Take its receipt in first" in b.text(), "an order that was credited is settled first")
            b.one("#n-read").clear()
            b.one("#n-read").send_keys(str(settled))
            b.one("#r-read").send_keys(Keys.TAB, Keys.ENTER)
            b.until(lambda: "/console/changes/" in b.path())
            yes(f"{(left + 700) / 100:,.2f}" in b.text() and "7.00" in b.text(), f"purse and order went over: {b.text()}")
            page = self.get("Chen Li", f"/console/customers/{out['customer']}").text
            yes("Meters changed" in page and SPARE[1][:4] in page, "the customer's page knows both meters")
        self.the_new_meter_credits(out, SPARE[1], left + 700)
        # Dead: an estimate, asked for by one and decided by another; it stands among what is not settled until two people end it.
        number = dead["customer"]
        most = self.town.purse(dead["meter"])[0]
        estimate = {"basis": "workshop", "meter": SPARE[2], "balance": f"{most / 200:.2f}", "reason": "no display", "request": id_of("dead")}
        path = f"/console/customers/{number}/meter"
        yes(self.post("Chen Li", path, {**estimate, "balance": "99999"}).status == 422, "more than there can be is told who asks")
        yes(self.post("Chen Li", path, {**estimate, "reason": " "}).status == 422, "a reason is wanted")
        yes(self.post("Chen Li", path, {**estimate, "basis": "guess"}).status == 422, "nothing else is known of a meter")
        yes(self.post("Sun Li", path, estimate).status == 403, "an auditor changes nothing")
        for _ in range(2):
            asked = self.post("Chen Li", path, estimate)
            yes(asked.status == 303 and asked.header("location").endswith("said=asked"), f"asked for, and twice is once: {asked.status}")
        other = self.post("Chen Li", path, {**estimate, "balance": "0.01"})
        yes(other.status == 403, f"another estimate under the same id: {other.status}")
        yes(dead["meter"][-4:] in self.get("Chen Li", f"/console/customers/{number}").text, "nothing is changed yet")
        with Browser(self.town, self.out) as b:
            b.log_in("Xu Min")
            self.shown(b, "/console/approvals", "change-asked")
            yes("A change" in b.text() or "Change of meter" in b.text(), b.text())
            done = self.approve()
            yes(done.status == 303, f"two people change it: {done.status} {done.text[:300]}")
            self.shown(b, "/console/ageing", "ageing-provisional")
            yes("Provisional changes of meters" in b.text(), b.text())
            b.one("a[href^='/console/changes/']").click()
            provisional = b.path()
            self.shown(b, provisional, "change-provisional")
            yes(b.all("form input[name=balance]"), "it can be ended")
            end = {"balance": f"{most / 100:.2f}", "reason": "the workshop read it", "request": id_of("end")}
            early = self.post("Chen Li", provisional, end)
            yes(early.status == 422 and "change-not-retired" in early.text, f"the old chip is retired first: {early.status}")
            self.town.retire(dead["meter"])
            self.town.deliver()
            yes(self.post("Chen Li", provisional, end).status == 303, "asked for")
            yes(self.approve().status == 303, "and ended by two people")
            b.open(provisional)
            yes("final" in b.text() and "Corrected" in b.text(), b.text())
            b.shot("change-corrected-en")
        late = self.post("Chen Li", provisional, {**end, "request": id_of("late")})
        yes(late.status == 422 and "change-final" in late.text, f"once: {late.status}")
        # Burnt: refused by the supervisor, and nothing is changed.
        number = burnt["customer"]
        asked = {"basis": "burnt", "meter": SPARE[3], "balance": "1.00", "reason": "fire", "request": id_of("burnt")}
        yes(self.post("Chen Li", f"/console/customers/{number}/meter", asked).status == 303, "asked for")
        waiting = re.findall(r'action="/console/approvals/(\d+)"', self.get("Wang Fang", "/console/approvals").text)
        refused = self.post("Wang Fang", f"/console/approvals/{waiting[-1]}", {"do": "no", "reason": "bring the report of the fire"})
        yes(refused.status == 303, f"refused: {refused.status}")
        yes("bring the report of the fire" in self.get("Chen Li", f"/console/customers/{number}").text, "who asked sees why")
        self.changed = paper

    def the_new_meter_credits(self, customer, meter, fen):
        """The record of the change goes to the SIM, and the new meter credits what was carried."""
        page = self.get("Chen Li", f"/console/customers/{customer['customer']}").text
        order = re.search(r'href="/console/orders/([0-9A-F]{16})"', page).group(1)
        record = self.get("Chen Li", f"/console/orders/{order}/sms").text
        receipt = self.town.credit({**customer, "meter": meter}, record)
        taken = self.post("Chen Li", "/console/receipt", {"record": receipt, "phone": "", "request": id_of(receipt)})
        yes(taken.status == 200 and f"{fen / 100:,.2f} yuan</span> credited" in taken.text, f"what was carried is credited: {taken.status}")
        page = self.get("Chen Li", f"/console/customers/{customer['customer']}").text
        yes("Settled" in page, "and settled")
        customer["meter"] = meter

    # -- payments by a bank

    def paid_by_a_bank(self):
        first, second, third, fourth, fifth = (self.one_of(n) for n in (17, 18, 19, 9, 8))
        with Browser(self.town, self.out) as b:
            b.log_in("Chen Li").open(f"/console/sell/{first['customer']}")
            yes("Another bank account" in b.text() and "Bank account of his contract" not in b.text(), "the ways there are for this customer")
            b.shot("sell-2-ways-en")
            # By keyboard alone: the amount, Tab to the ways, down to the account, Enter.
            b.press("30", Keys.TAB, Keys.ARROW_DOWN, Keys.ENTER)
            b.until(lambda: "/confirm?" in b.path())
            confirm = b.path()
            yes("pay=token" in confirm and "account=" not in confirm, f"the way stands in the address, the account does not: {confirm}")
            self.shown(b, confirm, "sell-3-bank")
            b.press(Keys.TAB, "4367 4200 1111", Keys.ENTER)
            b.until(lambda: b.all("#told"))
            yes("never its number" in b.text(), "a number with blanks is no token")
            b.one("#account").clear()
            b.one("#account").send_keys("rich", Keys.ENTER)
            b.until(lambda: "/console/orders/" in b.path())
            yes("Sold: 30.00 yuan" in b.text() and "Paid from a bank account, entry" in b.text(), b.text())
            b.shot("slip-bank-en")
            slip = b.path()
            b.open(f"/console/customers/{first['customer']}")
            yes("Payments from a bank account" in b.text() and "Paid by the bank" in b.text(), b.text())
            yes("rich" not in b.driver.page_source, "the token stands on no page")
            # No account is known: nobody is asked.
            none = self.sell(second, "50.00", "no contract", pay="contract")
            yes(none.status == 422 and "form-account" in none.text, f"a contract without a token: {none.status}")
            # Refused: nothing is sold, and the same id does not sell otherwise.
            poor = self.sell(second, "50.00", "poor", pay="token", account="poor")
            yes(poor.status == 422 and "The bank refused" in poor.text, f"refused: {poor.status}")
            again = self.sell(second, "50.00", "poor", pay="token", account="poor")
            yes(again.status == 422, f"the same request is refused again: {again.status}")
            other = self.sell(second, "50.00", "poor", pay="token", account="rich")
            yes(other.status == 409, f"another account under the same id: {other.status}")
            # The answer is lost: not known, the same form under the same id finds out.
            self.town.open_bank("cut@1")
            b.open(f"/console/sell/{second['customer']}/confirm?amount=20&request={id_of('cut')}&pay=token")
            b.one("#account").send_keys("rich", Keys.ENTER)
            b.until(lambda: "not known yet" in b.text())
            b.shot("sell-unknown-bank-en")
            yes(request_of(b.driver.page_source) == id_of("cut"), "the same id goes on")
            complaints = []
            self.measure(b, "unknown at the bank", complaints)
            yes(not complaints, "\n".join(complaints))
            page = self.get("Chen Li", f"/console/customers/{second['customer']}").text
            yes("outcome unknown" in page and "Do not sell again" in page, "the customer's page says so")
            cash = self.sell(second, "1.00", "cash beside it")
            yes(cash.status == 503, f"nothing else is sold, for cash either: {cash.status}")
            path = f"/console/customers/{second['customer']}"
            b.open(path)
            self.shown(b, path, "customer-unknown-payment")
            b.open(f"/console/sell/{second['customer']}/confirm?amount=20&request={id_of('cut')}&pay=token")
            again = self.sell(second, "20.00", "cut", pay="token", account="rich")
            yes(again.status == 303 and "/console/orders/" in again.header("location"), f"found out and sold: {again.status}")
        # Somebody else goes on with it from the customer's page, and who began it gets the same order.
        self.town.open_bank("cut@1")
        lost = self.sell(third, "15.00", "of a colleague", pay="token", account="rich")
        yes(lost.status == 503, f"unknown: {lost.status}")
        done = self.post("Xu Min", f"/console/customers/{third['customer']}/do", {"act": "resume", "request": id_of("a colleague's")})
        yes(done.status == 303, f"a colleague finishes it: {done.status} {done.text[-400:]}")
        back = self.sell(third, "15.00", "of a colleague", pay="token", account="rich")
        yes(back.status == 303, f"who began it gets it as well: {back.status}")
        self.the_counter_waits_for_no_bank(fourth)
        self.a_customer_leaves(fifth)
        self.town.open_bank()
        self.paid = slip

    def the_counter_waits_for_no_bank(self, customer):
        """While the bank says nothing others are served; a browser that goes away changes nothing."""
        self.town.open_bank("timeout@1")
        self.cookie("Xu Min")
        # His contract has the token: it is chosen, and stands on no page.
        known = [part for name in ("customer", "meter", "msisdn", "imsi", "imei", "iccid") for part in (f"--{name}", customer[name])]
        self.town.run("server", "apply", *known, "--name", customer["name"], "--bank", "rich", operator="Chen Li")
        number = customer["customer"]
        ways = self.get("Chen Li", f"/console/sell/{number}")
        yes("Bank account of his contract" in ways.text and "rich" not in ways.text, "his contract's account is a way to pay")
        confirm = self.get("Chen Li", f"/console/sell/{number}/confirm?amount=9&request={id_of('slow')}&pay=contract")
        yes('name="account"' not in confirm.text and "rich" not in confirm.text, "nothing is typed for it")
        with concurrent.futures.ThreadPoolExecutor(1) as one:
            begun = time.monotonic()
            waiting = one.submit(self.sell, customer, "9.00", "slow", pay="contract")
            time.sleep(0.7)
            looked = time.monotonic()
            yes(self.get("Xu Min", "/console").status == 200, "another page")
            took = time.monotonic() - looked
            yes(not waiting.done(), "the sale waits still")
            yes(took < 1.5, f"the counter waited {took:.1f} s for the bank")
            yes(waiting.result().status == 503 and time.monotonic() - begun >= 2, "then nothing is known")
        yes(self.sell(customer, "9.00", "slow", pay="contract").status == 303, "and the same form finds out")

    def a_customer_leaves(self, customer):
        """The bank is away, the customer goes: the payment is given up, and the bank is told once it is back."""
        self.settle_what_is_out(customer)
        self.town.close_bank()
        number = customer["customer"]
        yes(self.sell(customer, "11.00", "away", pay="token", account="rich").status == 503, "unknown")
        page = self.get("Chen Li", f"/console/customers/{number}").text
        payment = re.search(r'name="payment" value="([0-9A-F]{16})"', page).group(1)
        stranger = self.post("Chen Li", f"/console/customers/{self.wrong['customer']}/do", {"act": "leave", "payment": payment, "request": id_of("stranger")})
        yes(stranger.status == 404, f"a payment of somebody else's customer: {stranger.status}")
        nothing = self.post("Chen Li", f"/console/customers/{number}/do", {"act": "leave", "payment": "0" * 16, "request": id_of("nothing")})
        yes(nothing.status == 404, f"a payment that nobody has: {nothing.status}")
        yes(self.post("Sun Li", f"/console/customers/{number}/do", {"act": "leave", "payment": payment, "request": id_of("reader")}).status == 403, "an auditor")
        with Browser(self.town, self.out) as b:
            b.log_in("Chen Li").open(f"/console/customers/{number}")
            next(form for form in b.all("form") if b.script("return arguments[0].elements.act?.value === 'leave'", form)).find_element("css selector", "button").click()
            b.until(lambda: b.all(".notice-good"))
            yes("Given up" in b.text(), b.text())
            b.shot("payment-left-en")
            yes(self.sell(customer, "11.00", "for cash then").status == 303, "another sale may be made")
            self.town.open_bank()
            deadline = time.monotonic() + 60
            while "has confirmed it. No money" not in self.get("Chen Li", f"/console/customers/{number}").text:
                yes(time.monotonic() < deadline, "the bank is told within its time")
                time.sleep(1)
            b.open(f"/console/customers/{number}").shot("payment-reversed-en")

    # -- the bank's day

    def the_banks_day(self):
        twice, more = self.one_of(5), self.one_of(6)
        for customer in (twice, more):
            self.settle_what_is_out(customer)
        self.town.open_bank("twice@1,amount@2")
        yes(self.sell(twice, "12.00", "twice", pay="token", account="rich").status == 303, "sold")
        yes(self.sell(more, "13.00", "a fen more", pay="token", account="rich").status == 303, "sold")
        self.town.open_bank()
        day = past()[:10]
        lines = self.town.bank_says(f"/days/{day}").splitlines()
        missing = next(line for line in lines[1:] if "3000" in line)
        file = self.town.folder / "day.csv"
        file.write_text("\n".join(line for line in lines if line != missing) + "\n", encoding="utf-8")
        with Browser(self.town, self.out) as b:
            b.log_in("Xu Min")
            self.shown(b, "/console/bank", "bank-none")
            b.script("document.querySelector('#day').value = arguments[0]", day)
            b.one("#file").send_keys(str(file))
            b.one("form[enctype] button").click()
            b.until(lambda: re.fullmatch(r"/console/bank/\d+\?said=taken", b.path()) or b.all("#told"))
            yes("said=taken" in b.path(), b.text())
            self.bank_day = b.path().split("?")[0]
            for words in ("Ours only", "Theirs only", "Other amount", "done twice", "not in the bank's file"):
                yes(words in b.text(), f"{words}: {b.text()}")
            self.shown(b, self.bank_day, "bank-day-open")
            yes(len(b.all("article.case form")) == 3, "three differences wait for somebody")
            form = b.all("article.case form")[0]
            form.find_element("css selector", "input[value=book]").click()
            form.find_element("name", "reason").send_keys("the bank gives it back next week")
            form.find_element("css selector", "button").click()
            b.until(lambda: "said=asked" in b.path())
            yes("Waits for a second person" in b.text(), b.text())
            self.shown(b, "/console/approvals", "bank-asked")
            # Over the general form a difference is not cleared: nobody would say whether it is booked.
            yes(not b.all("form[action^='/console/findings/']"), "a difference is cleared where the bank's days are")
            done = self.approve()
            yes(done.status == 303, f"two people clear it: {done.status} {done.text[-300:]}")
            b.open(self.bank_day)
            yes("Cleared by Xu Min, Wang Fang" in b.text(), b.text())
            self.shown(b, "/console/bank", "bank-days")
            yes("open: 2" in b.text(), b.text())
            self.what_stands_in_suspense(b)
        text = file.read_text(encoding="utf-8")
        send = lambda who, text, day, words: self.town.ask("POST", "/console/bank", {"token": token(self.get(who, "/console").text), "day": day, "request": id_of(words)},
                                                           cookie=self.cookie(who), file=text)
        again = send("Wang Fang", text, day, "again")
        yes(again.status == 303 and again.header("location") == f"{self.bank_day}?said=again", f"the same file: {again.status} {again.header('location')}")
        yes(send("Chen Li", text, day, "clerk").status == 403, "a clerk brings no file")
        for words, (what, when, status) in {"another day": (text, past(days=1)[:10], 422), "no table": ("nonsense", day, 422), "nothing": ("", day, 422),
                                            "no day": (text, "yesterday", 422), "too long": ("x" * 5_000_000, day, 413)}.items():
            answer = send("Xu Min", what, when, words)
            yes(answer.status == status, f"{words}: {answer.status}")
        cut = self.town.ask("POST", "/console/bank", {"day": day}, cookie=self.cookie("Xu Min"))
        yes(cut.status == 422 and "form-file" in cut.text, f"a form without a file: {cut.status}")
        foreign = self.town.ask("POST", "/console/bank", {"token": "0" * 64, "day": day, "request": id_of("foreign")}, cookie=self.cookie("Xu Min"), file=text)
        yes(foreign.status == 403, f"no form of ours: {foreign.status}")
        for form in ({"finding": "999999", "entry": "book"}, {"finding": "1; DROP", "entry": "book"}, {"finding": "", "entry": ""}):
            answer = self.post("Chen Li", f"{self.bank_day}/ask", {**form, "reason": "x", "request": id_of(str(form))})
            yes(answer.status == 422, f"{form}: {answer.status}")
        yes(self.post("Sun Li", f"{self.bank_day}/ask", {"finding": "1", "entry": "none", "reason": "x", "request": id_of("sun")}).status == 403, "an auditor clears nothing")
        yes(self.get("Chen Li", "/console/bank/999999").status == 404, "a file that nobody has")

    def what_stands_in_suspense(self, b):
        """What the bank did twice is booked, stands in suspense, and two people have it go back."""
        self.shown(b, "/console/suspense", "suspense")
        yes("12.00" in b.text() and "Wang Fang" not in b.text(), b.text())
        case = next(case for case in b.all("article.case") if case.find_elements("css selector", "form"))
        yes(not case.find_elements("css selector", "input[value=difference]"), "the bank took it, so nothing is missing")
        rest = case.find_element("name", "rest").get_attribute("value")
        for words, form in [("no way for it", {"rest": rest, "to": "difference"}), ("no way", {"rest": rest, "to": "mine"}), ("nothing of ours", {"rest": "finding:999999", "to": "bank"})]:
            answer = self.post("Chen Li", "/console/suspense", {**form, "reason": "x", "request": id_of(words)})
            yes(answer.status == 422, f"{words}: {answer.status}")
        yes(self.post("Sun Li", "/console/suspense", {"rest": rest, "to": "bank", "reason": "x", "request": id_of("suns")}).status == 403, "an auditor ends nothing")
        case.find_element("css selector", "input[value=bank]").click()
        case.find_element("name", "reason").send_keys("its letter of today")
        case.find_element("css selector", "button").click()
        b.until(lambda: "said=asked" in b.path())
        yes("Waits for a second person" in b.text(), b.text())
        self.shown(b, "/console/approvals", "suspense-asked")
        yes("To the bank" in b.text() and "12.00" in b.text(), b.text())
        done = self.approve()
        yes(done.status == 303, f"two people end it: {done.status} {done.text[-300:]}")
        yes(rest not in self.get("Sun Li", "/console/suspense").text, "and it stands there no more")

    def settle_what_is_out(self, customer):
        """The meter credits what a customer has on its way, and the receipt is taken in."""
        page = self.get("Chen Li", f"/console/customers/{customer['customer']}").text
        order = re.search(r'href="/console/orders/([0-9A-F]{16})"', page)
        if order and "On its way" in page:
            record = self.get("Chen Li", f"/console/orders/{order.group(1)}/sms").text
            receipt = self.town.credit(customer, record)
            yes(self.post("Chen Li", "/console/receipt", {"record": receipt, "phone": "", "request": id_of(receipt)}).status == 200, "taken in")

    # -- what bounds a customer

    def bounds_of_a_customer(self):
        customer = self.one_of(7)
        number = customer["customer"]
        self.settle_what_is_out(customer)
        blocks = self.town.file("blocks.csv", f"id,blocked,customer,reason\n1,true,{number},arrears of 80.00\n")
        contracts = self.town.file("contracts.csv", f"id,contract,meter,begins,customer,tariff\n2,NB-77,{customer['meter']},2026-01-01T00:00:00+08:00,{number},day-night\n")
        for what, file in (("blocks", blocks), ("contracts", contracts)):
            self.town.run("company", "import", what, file, "--source", "ningbo-power", operator="Xu Min")
        with Browser(self.town, self.out) as b:
            b.log_in("Chen Li")
            path = f"/console/customers/{number}"
            self.shown(b, path, "customer-blocked")
            yes("arrears of 80.00" in b.text() and "NB-77" in b.text() and "day-night" in b.text(), b.text())
            yes(not b.all(f"a[href='/console/sell/{number}']"), "there is nothing to sell with")
            b.open(f"/console/sell/{number}").shot("sell-2-company-en")
            yes("arrears of 80.00" in b.text() and not b.all("#amount"), b.text())
            refused = self.sell(customer, "5.00", "blocked")
            yes(refused.status == 422 and "customer-blocked" in refused.text, f"nor by a form of one's own: {refused.status}")
            lifted = self.town.file("lifted.csv", f"id,blocked,customer,reason\n3,false,{number},\n")
            self.town.run("company", "import", "blocks", lifted, "--source", "ningbo-power", operator="Xu Min")
            b.open(path)
            yes("arrears" not in b.text(), "lifted by the company")
            # Limits: asked for by a clerk, decided by a supervisor.
            b.open("/console/limits")
            b.one("#scope").send_keys("A customer")
            b.one("#amount").send_keys("40")
            b.one("#reason").send_keys("as the board said", Keys.TAB, Keys.ENTER)
            b.until(lambda: "said=asked" in b.path())
            self.shown(b, "/console/limits", "limits-asked")
            yes("None is set" in b.text(), "nothing holds yet")
            done = self.approve()
            yes(done.status == 303, f"two people set it: {done.status} {done.text[-300:]}")
            b.open(path)
            left = float(re.search(r"left today: ([0-9.]+)", b.text()).group(1))
            yes(0 < left <= 40, f"what is left of forty: {left}")
            over = self.sell(customer, f"{left + 0.01:.2f}", "over")
            yes(over.status == 422 and "limit-customer-day" in over.text, f"a fen too much: {over.status}")
            yes(self.sell(customer, f"{left:.2f}", "just so").status == 303, "as much as is allowed")
            b.open(path).shot("customer-limits-en")
            yes("left today: 0.00" in b.text(), b.text())
        for words, form, status in [("nothing", {"amount": "0", "do": "set"}, 422), ("no money", {"amount": "x", "do": "set"}, 422),
                                    ("no scope", {"scope": "house", "amount": "5", "do": "set"}, 422), ("no act", {"amount": "5", "do": "all"}, 422)]:
            answer = self.post("Chen Li", "/console/limits", {"scope": "order", "reason": "x", "request": id_of(words), **form})
            yes(answer.status == status, f"{words}: {answer.status}")
        away = {"scope": "customer-day", "amount": "", "do": "away", "reason": "enough", "request": id_of("limit away")}
        yes(self.post("Chen Li", "/console/limits", away).status == 303, "taken away again")
        yes(self.approve().status == 303, "by two people")
        yes("None is set" in self.get("Sun Li", "/console/limits").text, "and none holds")

    # -- drawers and days

    def a_drawer(self):
        customer = self.one_of(6)
        self.settle_what_is_out(customer)
        with Browser(self.town, self.out) as b:
            b.log_in("Chen Li")
            self.shown(b, "/console/drawer", "drawer-closed")
            b.press("200", Keys.ENTER)
            b.until(lambda: b.all("form[action='/console/drawer/close']"))
            yes(self.sell(customer, "10.00", "into the drawer").status == 303, "sold for cash")
            self.shown(b, "/console/drawer", "drawer-open")
            yes("210.00" in b.text(), f"what should be in it: {b.text()}")
            twice = self.post("Chen Li", "/console/drawer/open", {"counted": "1", "request": id_of("a second drawer")})
            yes(twice.status == 422 and "drawer-open" in twice.text, f"one at a time: {twice.status}")
            closing = self.post("Xu Min", "/console/days", {"day": past()[:10], "request": id_of("too early")})
            yes(closing.status == 422 and "drawer-open" in closing.text, f"no day is closed over an open drawer: {closing.status}")
            b.one("#counted").send_keys("205", Keys.ENTER)
            b.until(lambda: b.all("#told"))
            yes("5.00 yuan are missing in the drawer" in b.text(), b.text())
            b.shot("drawer-differs-en")
            b.one("#reason").send_keys("change given wrong in the morning", Keys.TAB, Keys.ENTER)
            b.until(lambda: "/console/drawers/" in b.path())
            yes("\u22125.00" in b.text() and "change given wrong" in b.text(), b.text())
            self.paper = b.path().split("?")[0]
            self.shown(b, self.paper, "drawer-paper")
            yes(b.pdf("drawer-paper-en")[:4] == b"%PDF", "it prints")
        again = self.post("Chen Li", "/console/drawer/close", {"counted": "205", "reason": "x", "request": id_of("closed already")})
        yes(again.status == 422 and "drawer-none" in again.text, f"once: {again.status}")
        yes(self.get("Xu Min", self.paper).status == 200 and self.get("Sun Li", self.paper).status == 200, "the house looks at all drawers")
        yes(self.post("Wang Fang", "/console/drawer/open", {"counted": "0", "request": id_of("hers")}).status == 303, "she opens hers")
        hers = re.search(r'href="(/console/drawers/\d+)"', self.get("Wang Fang", "/console/drawer").text).group(1)
        yes(self.get("Chen Li", hers).status == 404, "a clerk sees no other's")
        yes(self.post("Wang Fang", "/console/drawer/close", {"counted": "0", "request": id_of("hers, closed")}).status == 303, "and closes it as it should be")
        yes(self.post("Sun Li", "/console/drawer/open", {"counted": "1", "request": id_of("sun's drawer")}).status == 403, "an auditor has none")
        for text in ("", "-1", "a", "1.234"):
            yes(self.post("Xu Min", "/console/drawer/open", {"counted": text, "request": id_of(f"counted {text}")}).status == 422, f"no sum: {text!r}")

    def days_are_closed(self):
        day = past(days=1)[:10]
        with Browser(self.town, self.out) as b:
            b.log_in("Xu Min")
            self.shown(b, f"/console/days?day={day}", "days-before")
            yes("adds up" in b.text(), b.text())
            b.one("#day").send_keys(Keys.TAB)
            b.one("form[action='/console/days'] button").click()
            b.until(lambda: f"/console/days/{day}" in b.path() or b.all("#told"))
            yes("The day is closed" in b.text(), b.text())
            self.shown(b, f"/console/days/{day}", "day-paper")
            yes(re.search(r"\b[0-9a-f]{64}\b", b.text()), "the ledger's head is printed")
            yes(b.pdf("day-paper-en")[:4] == b"%PDF", "it prints")
            b.open("/console/days?verify=1")
            yes("agree with the ledger" in b.text(), b.text())
            b.shot("days-verified-en")
        line = [line for line in self.town.log() if line["act"] == "server close"][-1]
        head = self.get("Sun Li", f"/console/days/{day}").text
        yes(line["who"] == "Xu Min" and line["facts"]["head"] in head, "the log has the same head")
        twice = self.post("Xu Min", "/console/days", {"day": day, "request": id_of("closed again")})
        yes(twice.status == 422 and "day-closed" in twice.text, f"once: {twice.status}")
        future = self.post("Xu Min", "/console/days", {"day": past(days=-2)[:10], "request": id_of("tomorrow")})
        yes(future.status == 422 and "day-future" in future.text, f"not before it came: {future.status}")
        for text in ("", "x", "2026-13-01", "2026-02-30"):
            yes(self.post("Xu Min", "/console/days", {"day": text, "request": id_of(f"day {text}")}).status == 422, f"no day: {text!r}")
        yes(self.get("Xu Min", "/console/days/2020-01-01").status == 404, "a day that is not closed")
        yes(self.post("Sun Li", "/console/days", {"day": day, "request": id_of("sun")}).status == 403, "an auditor closes none")
        yes(self.post("Chen Li", "/console/days", {"day": day, "request": id_of("chen")}).status == 403, "nor a clerk")
        yes(self.get("Chen Li", "/console/days").status == 403, "who does not see them")
        self.closed = f"/console/days/{day}"

    # -- who looked, and whose forms

    def looks_are_noted(self):
        """Only who sold sees the slip of his sale without a line in the log; a record is never fetched without one."""
        customer = self.one_of(8)
        self.settle_what_is_out(customer)
        sold = self.sell(customer, "3.00", "looked at")
        yes(sold.status == 303, f"sold: {sold.status}")
        slip = sold.header("location")
        looks = lambda act: len([line for line in self.town.log() if line["act"] == act])
        slips, records = looks("console slip"), looks("console record")
        own = self.get("Chen Li", slip)
        yes("Next customer" in own.text and "Copy, printed" not in own.text, "the answer of his own sale is the first")
        yes(looks("console slip") == slips, "and no copy")
        for who, path in [("Xu Min", slip), ("Sun Li", slip), ("Chen Li", slip.split("?")[0]), ("Chen Li", slip.split("?")[0] + "?new=1"),
                          ("Chen Li", slip.split("?")[0] + f"?request={id_of('of a colleague')}"), ("Chen Li", slip.split("?")[0] + "?request=")]:
            seen = self.get(who, path)
            slips += 1
            yes("Copy, printed" in seen.text and looks("console slip") == slips, f"{who}, {path}: a copy with its line")
        yes(self.get("Chen Li", record_of(slip)).status == 200, "the record")
        yes(looks("console record") == records + 1, "is fetched with a line in the log")
        yes(self.get("Sun Li", record_of(slip)).status == 403, "and by no auditor")
        line = [line for line in self.town.log() if line["act"] == "console record"][-1]
        yes(line["who"] == "Chen Li" and line["facts"]["order"] == slip.split("?")[0].rsplit("/", 1)[1], f"with order and name: {line}")

    def bought_online(self):
        """What a telephone brought to a meter stands on a page of its own, and on its customer's."""
        customer = self.one_of(18)
        self.settle_what_is_out(customer)
        with Browser(self.town, self.out) as b:
            b.log_in("Sun Li")
            self.shown(b, "/console/online", "online-none")
            yes("No meter has bought online yet." in b.text(), "nothing yet")
            phone = ["--msisdn", customer["msisdn"], "--imsi", customer["imsi"], "--imei", customer["imei"]]
            told = self.town.buy_online(customer, "6.00", "--by", "recharge")
            yes(told["purchase"]["state"] == "settled", f"by frames: {told}")
            told = self.town.buy_online(customer, "7.00", *phone)
            yes(told["purchase"]["state"] == "settled", f"by a session: {told}")
            self.shown(b, "/console/online", "online")
            page = b.text()
            yes(all(words in page for words in ("Recharge by frames", "Sealed session", "6.00", "7.00", "Settled", customer["customer"])), f"both stand there: {page}")
            # Two of one second have no order.
            times = re.findall(r"\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)?", " ".join(row.text for row in b.all("main tbody tr")))
            yes(len(times) >= 2 and times == sorted(times, reverse=True), f"the newest first: {times}")
            b.open(f"/console/customers/{customer['customer']}")
            yes("Online purchases" in b.text() and "Sealed session" in b.text(), "and on his page")
            self.shown(b, f"/console/customers/{customer['customer']}", "customer-online")
            heard = b.complaints()
            yes(not heard, f"the browser complains: {heard}")
        for who in ("Chen Li", "Xu Min", "Sun Li"):
            yes('href="/console/online"' in self.get(who, "/console").text, f"the navigation of {who} leads there")

    def forms_of_the_office(self):
        """Forms that carry no token, another's token, or an id that is no form's do nothing on any of the new pages."""
        number, day = self.one_of(13)["customer"], past(days=1)[:10]
        forms = {f"/console/customers/{number}/meter": {"basis": "read", "meter": SPARE[3], "balance": "1", "reason": "x"},
                 f"/console/customers/{number}/do": {"act": "leave", "payment": "0" * 16},
                 self.changed: {"balance": "1", "reason": "x"}, "/console/drawer/open": {"counted": "1"}, "/console/drawer/close": {"counted": "1", "reason": "x"},
                 "/console/days": {"day": day}, f"{self.bank_day}/ask": {"finding": "1", "entry": "none", "reason": "x"},
                 "/console/suspense": {"rest": "finding:1", "to": "bank", "reason": "x"},
                 "/console/limits": {"scope": "order", "amount": "1", "do": "set", "reason": "x"}}
        strangers = token(self.get("Wang Fang", "/console").text)
        for path, form in forms.items():
            cookie = self.cookie("Xu Min")
            for words, sent, more in [("no token", {**form, "request": id_of(path)}, {}), ("another's token", {**form, "token": strangers, "request": id_of(path)}, {}),
                                      ("another origin", {**form, "token": token(self.get("Xu Min", "/console").text), "request": id_of(path)}, {"origin": "http://evil.example"})]:
                answer = self.town.ask("POST", path, sent, cookie=cookie, **more)
                yes(answer.status == 403, f"{path}, {words}: {answer.status}")
            yes(self.town.ask("POST", path, form).status == 303, f"{path}: nobody without a login")
            yes(self.town.ask("GET", path, cookie=cookie).status != 500, f"{path}: looked at")
        for path in ("/console/drawer/open", "/console/days"):
            for request in ("", "approval-1", "zz" * 16, "a" * 31):
                answer = self.post("Xu Min", path, {"counted": "1", "day": day, "request": request})
                yes(answer.status == 403 and "form-foreign" in answer.text, f"{path}, id {request!r}: {answer.status}")
        for path in ("/console/customers/000000000000/meter", "/console/changes/999999", "/console/drawers/999999", "/console/bank/0", "/console/days/2020-01-01"):
            yes(self.get("Xu Min", path).status == 404, f"{path}: nothing is there")
        for path in ("/console/changes/x", "/console/drawers/-", "/console/bank/%27", "/console/days/today", "/console/customers/x/meter"):
            yes(self.get("Xu Min", path).status == 404, f"{path}: no such name")

    def office_pages(self):
        """The pages of this file, for whoever looks at all of them."""
        return {"change-form": f"/console/customers/{self.one_of(16)['customer']}/meter", "hand-over": f"/console/customers/{self.one_of(16)['customer']}/hand-over", "change": self.changed, "drawer": "/console/drawer", "drawer-paper-copy": self.paper,
                "days": "/console/days", "day": self.closed, "bank": "/console/bank", "bank-day": self.bank_day, "suspense": "/console/suspense", "limits": "/console/limits", "online-all": "/console/online"}
