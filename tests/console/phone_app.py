"""The customer's app in the mobile view of a real Chromium: enrolment with a slip, purchases, what a network and strangers do."""

import json
import pathlib
import re
import time

from cells import Cells
from checks import yes
from thumb import SIZES, SMALL, Thumb

PASSWORD = "over the river 7"
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent

# Spoils what the server says: every answer to a frame of the phone's, from then on.
SPOIL = """
globalThis.honest ??= globalThis.fetch;
globalThis.fetch = async (place, ...more) => {
  const answer = await globalThis.honest(place, ...more);
  if (place !== '/v1/phone' || answer.status !== 200) return answer;
  const bytes = new Uint8Array(await answer.arrayBuffer());
  bytes[bytes.length - 1] ^= 1;
  return new Response(bytes, { status: 200 });
};
"""
# Swallows the answers to the sealed frames that come after so many.
SWALLOW = """
globalThis.honest ??= globalThis.fetch;
let left = arguments[0];
globalThis.fetch = async (place, ...more) => {
  const answer = await globalThis.honest(place, ...more);
  if (place === '/v1/phone' && more[0].body[0] === 0x31 && left-- <= 0) throw new TypeError('the network broke off');
  return answer;
};
"""
HONEST = "globalThis.fetch = globalThis.honest;"


class PhoneApp:
    """Steps of the walk that a customer takes with his telephone."""

    def slip(self, customer):
        """A slip from the bank's command, as it is printed."""
        told = json.loads(self.town.run("server", "code", "new", "--customer", customer["customer"], "--json", operator="Xu Min"))
        return {"slip": told["slip"], "code": told["authorisation_code"], "server_key": told["server_key"]}

    def contract(self, customer, token):
        """His account at the bank, in his contract, by the command."""
        fields = [f for name in ("customer", "meter", "msisdn", "imsi", "imei", "iccid") for f in (f"--{name}", customer[name])]
        self.town.run("server", "apply", *fields, "--name", customer["name"], "--bank", token, operator="Xu Min")

    def looked_at(self, phone, name, complaints):
        """A picture, and whether all can be read and nothing stands out of the screen."""
        phone.shot(f"app-{name}")
        complaints += [f"{name}: contrast {line}" for line in phone.contrast()]
        complaints += [f"{name}: too small for a thumb: {line}" for line in phone.script(SMALL)]
        for words, size in SIZES.items():
            phone.screen(*size)
            complaints += [f"{name} at {words}: {line}" for line in phone.overflow()]
        phone.screen()

    def enrolled(self, phone, customer, slip, user):
        phone.app(f"#enrol?key={slip['server_key']}&slip={slip['slip']}")
        yes(phone.script("return document.querySelector('#slip').value").lower() == slip["slip"].lower(), "the link fills in the slip's number")
        phone.write("#code", slip["code"].lower()).write("#msisdn", customer["msisdn"].removeprefix("+86"))
        phone.write("#user", user).write("#password", PASSWORD)

    def the_app_agrees_with_the_client(self):
        text = (ROOT / "tests/console/agree.js").read_text(encoding="utf-8").replace("export ", "")
        kat = (ROOT / "client/tests/kat/client.json").read_text(encoding="utf-8")
        with Thumb(self.town, self.out) as phone:
            phone.app()
            names = phone.wait_for(
                text + "const modules = {}; for (const name of ['noise', 'link', 'talk', 'bytes']) modules[name] = await import(`/app/${name}.js`);"
                "return await agree(modules, JSON.parse(arguments[0]));", kat)
            yes({"enrolment: first message", "session: sealed request", "the offer"} <= set(names) and len(names) > 120, f"{len(names)} things agree: {names}")
            yes(not phone.complaints(), f"the browser complains: {phone.complaints()}")

    def a_purchase_by_thumb(self):
        for language, customer in (("en", self.one_of(5)), ("zh", self.one_of(6))):
            self.by_thumb(language, customer)

    def by_thumb(self, language, customer):
        say = {"en": ("Register this phone", "Paid: 30.00", "Settled", "Credited"), "zh": ("登记此手机", "已付款：30.00", "已结算", "已入账")}[language]
        self.contract(customer, "rich")
        slip, complaints = self.slip(customer), []
        with Thumb(self.town, self.out, language, dark=language == "zh") as phone:
            phone.app().says(say[0])
            self.looked_at(phone, f"enrol-{language}", complaints)
            # The text of the slip's picture fills two fields; a wrong form is said at its field.
            phone.write("#picture", f"gridcard:phone?key={slip['server_key']}&slip={slip['slip']}")
            phone.write("#code", "ABCD").tap("button[type=submit]").there("#code[aria-invalid]")
            self.looked_at(phone, f"enrol-wrong-{language}", complaints)
            self.enrolled(phone, customer, slip, f"li {language}")
            phone.tap("button[type=submit]").there("a.button-main[href='#buy']")
            self.looked_at(phone, f"start-{language}", complaints)
            phone.tap("a.button-main[href='#buy']").there("#amount")
            phone.write("#amount", "30")
            self.looked_at(phone, f"buy-{language}", complaints)
            phone.tap("button.button-main").there(".figure")
            yes("30.00" in phone.one(".figure").text and phone.path().startswith("/app/#confirm/"), f"the amount is the figure: {phone.text()}")
            meter = customer["meter"]
            yes(meter in phone.text().replace(" ", "").replace("\n", ""), f"the meter as the server says it: {phone.text()}")
            yes("rich" in phone.text() and language in ("en", "zh"), "the account's last characters")
            self.looked_at(phone, f"confirm-{language}", complaints)
            phone.tap("button.button-main").says(say[1])
            self.looked_at(phone, f"paid-{language}", complaints)
            record = phone.wait_for("const [one] = await (await import('/app/store.js')).purchases(); return await (await import('/app/buy.js')).record(one.id);")
            yes(re.fullmatch(rf"[0-9A-F]{{352}}\niccid {customer['iccid']}\nbinding [0-9A-F]{{16}}\nimsi {customer['imsi']}\n", record), f"the order's record is there, and which SIM it is for: {record}")
            receipt = self.town.credit(customer, record)
            self.hand_in(phone, receipt)
            phone.says(say[3])
            self.looked_at(phone, f"settled-{language}", complaints)
            phone.tap(".tabs a[href='#records']").there(".records li")
            yes(say[2] in phone.one(".records li").text and "30.00" in phone.one(".records li").text, phone.text())
            self.looked_at(phone, f"records-{language}", complaints)
            phone.tap(".tabs a[href='#settings']").there("summary")
            phone.tap("summary")
            yes(phone.all("#install"), "the browser offers to install it")
            self.looked_at(phone, f"settings-{language}", complaints)
            phone.tap(".tabs li:first-child a").there(".figure")
            self.looked_at(phone, f"start-balance-{language}", complaints)
            yes(not phone.complaints(), f"the browser complains: {phone.complaints()}")
            # No key can be read, by nobody's script.
            kept = phone.wait_for("const p = await (await import('/app/store.js')).get('phone'); return [p.own.secret.extractable, p.psk.extractable, p.psk.algorithm.name];")
            yes(kept == [False, False, "HKDF"], f"keys are kept so that they cannot be read: {kept}")
        yes(not complaints, "\n".join(complaints))
        lines = [line for line in self.town.log() if line["act"] == "server order" and line["who"].startswith("key:phone:")]
        yes(lines, "the bank's log has the phone's purchase")

    def hand_in(self, phone, receipt):
        """The receipt's file, chosen as a person chooses it."""
        path = self.town.file("receipt-of-a-phone.sms", receipt)
        phone.one("#receipt").send_keys(str(path))

    def a_phone(self, phone, n):
        """One that is enrolled, for the customer of a number."""
        customer = self.one_of(n)
        self.contract(customer, "rich")
        slip = self.slip(customer)
        self.enrolled(phone, customer, slip, f"user {n}")
        phone.tap("button[type=submit]").there("a.button-main[href='#buy']")
        return customer

    def to_confirm(self, phone, amount):
        phone.app("#buy").there("#amount")
        phone.write("#amount", amount).tap("button.button-main").there(".figure")
        return re.search(r"#confirm/([0-9a-f]{16})", phone.path()).group(1)

    def slips_and_strangers(self):
        """A wrong code, a wrong key, a slip that is used up; a server that answers what it should not."""
        customer = self.one_of(7)
        self.contract(customer, "rich")
        slip = self.slip(customer)
        with Thumb(self.town, self.out) as phone:
            wrong = {**slip, "code": ("A" if slip["code"][0] != "A" else "B") + slip["code"][1:]}
            self.enrolled(phone, customer, wrong, "wrong")
            phone.tap("button[type=submit]").says("does not take this slip")
            phone.shot("app-slip-refused-en")
            key = {**slip, "server_key": "09" + "00" * 31}
            self.enrolled(phone, customer, key, "key")
            phone.tap("button[type=submit]").says("does not take this slip")
            phone.app("#").app("#enrol")
            # Answers that were changed on the way are none: nothing is enrolled by them.
            self.enrolled(phone, customer, slip, "li")
            phone.script(SPOIL)
            phone.tap("button[type=submit]").says("No network")
            phone.script(HONEST)
            phone.tap("button[type=submit]").there("a.button-main[href='#buy']")
            phone.script(SPOIL)
            phone.tap("a.button-main[href='#buy']").says("No network")
            phone.script(HONEST)
            # Another customer's phone number does not agree, and is not told which it was.
            phone.tap(".tabs a[href='#settings']").tap("summary").tap("#forget").there("#code")
            used = self.slip(customer)
            other = {**customer, "msisdn": self.one_of(8)["msisdn"]}
            self.enrolled(phone, other, used, "li")
            phone.tap("button[type=submit]").says("does not let this be done")
            log = self.town.log()
            of_slip = lambda one: [line for line in log if line.get("facts", {}).get("slip", "").lower() == one["slip"].lower() and line["outcome"] == "refused"]
            yes([line["facts"].get("tries_left") for line in of_slip(slip)] == ["4"], f"one wrong code, counted once, stands in the log: {of_slip(slip)}")
            yes("telephone number" in of_slip(used)[0]["why"], f"which number differs stands there as well: {of_slip(used)}")

    def without_a_network(self):
        with Thumb(self.town, self.out) as phone:
            self.a_phone(phone, 8)
            phone.wait_for("await navigator.serviceWorker.ready;")
            yes(phone.wait_for("return (await (await fetch('/app/manifest.json')).json()).start_url") == "/app/", "the manifest is there")
            phone.app()
            phone.there("a.button-main[href='#buy']")
            phone.offline(True)
            phone.driver.refresh()
            phone.there("h1").says("No network", "This is what the phone kept")
            yes(phone.one("button[disabled]").text == "Buying needs a network", "nothing can be bought, and it says why")
            complaints = []
            self.looked_at(phone, "offline-en", complaints)
            phone.tap("#tongue").says("无网络")
            self.looked_at(phone, "offline-zh", complaints)
            phone.tap("#tongue").says("No network")
            phone.app("#buy").says("No network")
            phone.offline(False)
            phone.tap("#again").there("#amount")
            yes(not complaints, "\n".join(complaints))

    def reloaded_in_mid_purchase(self):
        """The answer to the confirmation is lost, twice over; the purchase is one."""
        with Thumb(self.town, self.out) as phone:
            customer = self.a_phone(phone, 9)
            before = self.orders(customer)
            purchase = self.to_confirm(phone, "12.50")
            # The confirmation comes to the server, and no answer to it or to anything after it comes back.
            phone.script(SWALLOW, 0)
            phone.tap("button.button-main").says("The outcome is not known yet")
            yes(purchase in phone.path(), "the page is the purchase's")
            complaints = []
            self.looked_at(phone, "unknown-en", complaints)
            phone.app("#buy").says("The outcome of a purchase is not known")
            yes(not phone.all("#amount"), "nothing else can be bought meanwhile")
            phone.app(f"#purchase/{purchase}").says("The outcome is not known yet")
            phone.driver.refresh()
            phone.says("Paid: 12.50")
            yes(self.orders(customer) == before + 1, "it was bought once")
            # Confirmed again by hand: the same one.
            again = phone.wait_for("const buy = await import('/app/buy.js'); const a = await buy.confirm(arguments[0]); return [a.status, a.said.state];", purchase)
            yes(again == ["done", "made"], f"the same again: {again}")
            yes(self.orders(customer) == before + 1, "still once")
            # What the bank's business refuses is said in words.
            phone.app("#buy").there("#amount")
            self.to_confirm(phone, "5")
            phone.tap("button.button-main").says("still on its way", "Nothing was bought")
            self.looked_at(phone, "refused-en", complaints)
            yes(not complaints, "\n".join(complaints))

    def another_account(self):
        with Thumb(self.town, self.out) as phone:
            customer = self.a_phone(phone, 10)
            before = self.orders(customer)
            phone.app("#buy").there("#amount")
            phone.write("#amount", "20").tap("input[value=other]").there("#account")
            phone.write("#account", "rich2").write("#password", "not the one 1")
            phone.tap("button.button-main").says("does not let this be done")
            phone.write("#password", PASSWORD).tap("button.button-main").there(".figure")
            yes("ich2" in phone.text(), "the other account's last characters")
            # The page is loaded anew: the password is kept nowhere and has to be typed again.
            phone.driver.refresh()
            phone.there("#password")
            phone.shot("app-confirm-again-en")
            phone.write("#password", PASSWORD).tap("button.button-main").says("Paid: 20.00")
            yes(self.orders(customer) == before + 1, "it was bought once")
            kept = phone.wait_for("const all = await (await import('/app/store.js')).purchases(); return JSON.stringify(all);")
            yes(PASSWORD not in kept, "the password is not among what is kept")

    def two_tabs(self):
        """Two tabs of one phone: a session of one ends that of the other, and neither buys what the other does not know the end of."""
        with Thumb(self.town, self.out) as phone:
            customer = self.a_phone(phone, 11)
            before = self.orders(customer)
            first = phone.driver.current_window_handle
            one = self.to_confirm(phone, "11")
            phone.driver.switch_to.new_window("tab")
            second = phone.driver.current_window_handle
            phone.screen()
            two = self.to_confirm(phone, "13")
            yes(one != two, "two purchases are offered")
            # The one that is swallowed is open for both.
            phone.script(SWALLOW, 0)
            phone.tap("button.button-main").says("The outcome is not known yet")
            phone.driver.switch_to.window(first)
            phone.screen()
            phone.tap("button.button-main").says("Another purchase comes first")
            phone.driver.switch_to.window(second)
            phone.screen()
            phone.driver.refresh()
            phone.says("Paid: 13.00")
            yes(self.orders(customer) == before + 1, "one purchase")
            # Both go on asking, by turns.
            for tab in (first, second, first, second):
                phone.driver.switch_to.window(tab)
                phone.screen()
                phone.app("#records").there(".records li")
            # Forgotten in one is forgotten in the other.
            phone.tap(".tabs a[href='#settings']").tap("summary").tap("#forget").there("#code")
            phone.driver.switch_to.window(first)
            phone.screen()
            phone.there("#code")

    def what_the_app_may_load(self):
        for path in ("/app/", "/app/app.js", "/app/sw.js", "/app/words.json"):
            answer = self.town.ask("GET", path)
            policy = answer.header("content-security-policy")
            yes(answer.status == 200 and "default-src 'none'" in policy and "unsafe" not in policy and "trusted-types" in policy, f"{path}: {answer.status} {policy}")
            yes(answer.header("x-content-type-options") == "nosniff", path)
        yes(self.town.ask("GET", "/app").status == 308, "/app leads to /app/")
        yes(self.town.ask("GET", "/app/none.js").status == 404, "no other file")

    def screen_of(self, cells, name):
        """What stands in the cells, kept beside the pictures; nothing of it is wider than the terminal."""
        (self.out / f"terminal-{name}.txt").write_text(cells.text() + "\n", encoding="utf-8")

    def the_same_on_a_terminal(self):
        """Enrolled and bought by keyboard alone, in both languages, on a terminal of the usual size and on a small one."""
        say = {"en": ("Register this phone", "Balance, as the meter last said", "Confirm", "On its way", "Records", "Settled"),
               "zh": ("登记此手机", "表计最近报告的余额", "确认购买", "在途", "购买记录", "已结算")}
        for n, (language, size) in ((12, ("en", (80, 24))), (13, ("zh", (80, 24))), (14, ("en", (40, 12)))):
            words, customer = say[language], self.one_of(n)
            self.contract(customer, "rich")
            slip, file = self.slip(customer), self.town.folder / f"phone-{n}.json"
            before = self.orders(customer)
            call = [self.town.gridcard, "phone", "ui", "--phone", str(file), "--server", f"http://{self.town.address}", "--home", str(self.town.home)]
            locale = {"LC_ALL": {"en": "C.UTF-8", "zh": "zh_CN.UTF-8"}[language]}
            ui, name = Cells(call, *size, env=locale, cwd=self.town.folder), f"{language}-{size[0]}x{size[1]}"
            ui.says(words[0])
            # Where the server is was said on the command line.
            ui.type("\t", slip["slip"], "\t", slip["server_key"], "\t", slip["code"], "\t", customer["msisdn"], "\t", "li", "\t", PASSWORD, "\t")
            yes(slip["code"] not in ui.text() and PASSWORD not in ui.text(), "no secret is shown")
            self.screen_of(ui, f"enrol-{name}")
            ui.type("\r").says(words[1])
            yes(file.stat().st_mode & 0o77 == 0, "the phone's file is for its owner alone")
            self.screen_of(ui, f"start-{name}")
            ui.type("2", "30")
            self.screen_of(ui, f"pay-{name}")
            ui.type("\t", "\t", "\r").says(words[2])
            self.screen_of(ui, f"confirm-{name}")
            # Return alone buys nothing: the way back has the keys.
            ui.type("\r").says(words[1])
            yes(self.orders(customer) == before, "nothing was bought")
            ui.type("2", "30", "\t", "\t", "\r").says(words[2])
            ui.type("\t", "\r").says(words[3])
            self.screen_of(ui, f"bought-{name}")
            yes(self.orders(customer) == before + 1, "it was bought once")
            ui.type("s").says("order-")
            ui.type("3").says(words[4])
            self.screen_of(ui, f"records-{name}")
            ui.type("4")
            self.screen_of(ui, f"meter-{name}")
            ui.type("l").says(say["zh" if language == "en" else "en"][1])
            ui.type("1", "q")
            yes(ui.end() == 0, f"it ended with {ui.ended}")
            order = max(self.town.folder.glob("order-*.sms"), key=lambda path: path.stat().st_mtime)
            receipt = self.town.credit(customer, order.read_text(encoding="utf-8"))
            self.town.run("phone", "receipt", "--phone", file, self.town.file("receipt.sms", receipt))
            # Begun anew it knows the phone, and what became of the purchase.
            ui = Cells(call[:-2] + ["--lang", language, *call[-2:]], *size, cwd=self.town.folder)
            ui.says(words[1])
            ui.type("3").says(words[5])
            ui.type("\x03")
            yes(ui.end() == 0, f"it ended with {ui.ended}")
