"""A town for the console's tests: a home with customers, meters and a bank, its operators, and a server that runs on it."""

import base64
import datetime
import hashlib
import hmac
import http.client
import json
import pathlib
import subprocess
import time
import urllib.parse

PIN = "123456"
SECOND_PIN = "654321"
PASSWORDS = {"Chen Li": "chen-li-sells-1", "Xu Min": "xu-min-decides-2", "Wang Fang": "wang-fang-decides-3", "Sun Li": "sun-li-reads-4"}
ROLES = {"Chen Li": "clerk", "Xu Min": "supervisor", "Wang Fang": "supervisor", "Sun Li": "auditor"}


def code(secret, step):
    """A code of RFC 6238, made here without a line of the project's."""
    key = base64.b32decode(secret)
    digest = hmac.new(key, step.to_bytes(8, "big"), hashlib.sha1).digest()
    at = digest[19] & 15
    return f"{(int.from_bytes(digest[at:at + 4], 'big') & 0x7FFFFFFF) % 1000000:06d}"


class Answer:
    """What a server said."""

    def __init__(self, response):
        self.status = response.status
        self.headers = response.getheaders()
        self.text = response.read().decode("utf-8", "replace")

    def header(self, name):
        found = [value for key, value in self.headers if key.lower() == name.lower()]
        return found[0] if found else None

    def cookie(self):
        """Name and value of the session's cookie that came with it, and what else was said of it."""
        for key, value in self.headers:
            if key.lower() == "set-cookie" and value.split("=")[0].endswith("gridcard"):
                pair, *more = value.split("; ")
                return pair.split("=", 1)[0], pair.split("=", 1)[1], more
        return None


class Town:
    """A home, and the command that works in it."""

    def __init__(self, gridcard, folder):
        self.gridcard = str(pathlib.Path(gridcard).resolve())
        self.folder = pathlib.Path(folder).resolve()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.home = self.folder / "home"
        self.secrets = {}
        self.used = {}
        self.server = None
        self.address = None
        self.bank = None
        self.bank_address = None

    def run(self, *args, operator=None, at=None, ok=True):
        """Runs the command; gives what it said on stdout."""
        call = [self.gridcard, *map(str, args), "--home", str(self.home)]
        if operator:
            call += ["--operator", operator, "--operator-password-file", str(self.file(f"{operator}.password"))]
        if at:
            call += ["--at", at]
        done = subprocess.run(call, capture_output=True, text=True, cwd=self.folder, timeout=300)
        if ok and done.returncode != 0:
            raise AssertionError(f"{' '.join(call)}\n{done.stdout}{done.stderr}")
        return done.stdout

    def file(self, name, text=None):
        path = self.folder / name
        if text is not None:
            path.write_text(text, encoding="utf-8")
        return path

    def build(self):
        """Customers who bought and were credited in the last days, operators, and orders that are waited for."""
        self.file("pin", PIN + "\n")
        self.run("demo", "--seed", 1, "--keep-records", at=past(days=7))
        people = list(PASSWORDS)
        for name, password in PASSWORDS.items():
            self.file(f"{name}.password", password + "\n")
        two = ["--second-operator", "Chen Li", "--second-password-file", self.file("Chen Li.password")]
        for n, name in enumerate(people):
            more = [] if n < 2 else two
            who = None if n == 0 else people[min(n - 1, 1) if n > 1 else 0]
            add = ["operator", "add", name, "--role", ROLES[name], "--party", "bank", "--password-file", self.file(f"{name}.password")]
            self.run(*add, *more, operator=who, at=past(days=5))
        for name in people:
            # An auditor does no act, so two others give him his codes.
            who, more = ("Xu Min", two) if ROLES[name] == "auditor" else (name, [])
            told = json.loads(self.run("operator", "totp", name, "--json", *more, operator=who, at=past(days=5)))
            assert told["uri"].startswith("otpauth://totp/gridcard:") and told["secret"] in told["uri"], told["name"]
            self.secrets[name] = told["secret"]

        self.file("telephone.key", "").chmod(0o600)
        key = json.loads(self.run("server", "key", "add", "--role", "bank", "--by-phone", "--json", *two, operator="Xu Min", at=past(days=5)))
        self.file("telephone.key", key["key"] + "\n")

    def buy_online(self, customer, yuan, *more):
        """Somebody's telephone stands before his meter; gives what it told."""
        call = [self.gridcard, "meter", "port", customer["meter"], "--listen", "127.0.0.1:0", "--home", str(self.home)]
        log = open(self.folder / "port.log", "a", encoding="utf-8")
        port = subprocess.Popen(call, stdout=subprocess.PIPE, stderr=log, text=True, cwd=self.folder)
        try:
            line = port.stdout.readline().strip()
            return json.loads(self.run("meter", "buy", line, "--customer", customer["customer"], "--amount", yuan, "--url", f"http://{self.address}",
                                       "--key-file", self.file("telephone.key"), "--json", *more))
        finally:
            port.terminate()
            port.wait(timeout=60)

    def customers(self):
        """The customers as the demo left them: number, meter, telephone, ICCID, name."""
        rows = [line.split(",") for line in (self.home / "customers.csv").read_text(encoding="utf-8").splitlines()]
        return [dict(zip(rows[0], row)) for row in rows[1:]]

    def order(self, customer, yuan, days):
        """An order of some days ago, as a clerk made it at the command."""
        out = self.folder / f"{customer['customer']}-{days}.sms"
        self.run("server", "order", "--customer", customer["customer"], "--amount", yuan, "--pin-file", self.file("pin"), "--out", out,
                 operator="Chen Li", at=past(days=days))
        return out

    def credit(self, customer, record, at=None):
        """The phone stores a record, the meter credits it, with its clock at a time of its own; gives the receipt's record."""
        sim = self.home / "sims" / f"{customer['iccid']}.card"
        order, receipt = self.file("taken.sms", record), self.folder / f"receipt-{customer['customer']}-{time.monotonic_ns()}.sms"
        self.run("sim", "write", sim, order)
        assert "credited" in self.run("meter", "insert", customer["meter"], sim, at=at)
        self.run("sim", "collect", sim, receipt)
        return receipt.read_text(encoding="utf-8")

    def start(self, at=None):
        """Starts a server on this home; its address is known once it listens."""
        call = [self.gridcard, "server", "run", "--listen", "127.0.0.1:0", "--pin-file", str(self.file("pin")), "--home", str(self.home),
                "--operator", "Xu Min", "--operator-password-file", str(self.file("Xu Min.password"))]
        if at:
            call += ["--at", at]
        if self.bank_address:
            call += ["--bank", f"http://{self.bank_address}", "--bank-patience", "3"]
        log = open(self.folder / "server.log", "a", encoding="utf-8")
        self.server = subprocess.Popen(call, stdout=subprocess.PIPE, stderr=log, text=True, cwd=self.folder)
        line = self.server.stdout.readline().strip()
        assert line.startswith("http://"), f"no address: {line!r} {(self.folder / 'server.log').read_text()}"
        self.address = line.removeprefix("http://")
        return line

    def open_bank(self, faults=""):
        """The customers' bank, in a process of its own, anew with other faults: its journal and its address stay."""
        self.close_bank()
        call = [self.gridcard, "simulate", "bank", "--listen", self.bank_address or "127.0.0.1:0", "--state", str(self.folder / "bank.journal"),
                "--faults", faults, "--home", str(self.home)]
        for account in ("rich=5000", "rich2=500", "poor=1"):
            call += ["--account", account]
        log = open(self.folder / "bank.log", "a", encoding="utf-8")
        self.bank = subprocess.Popen(call, stdout=subprocess.PIPE, stderr=log, text=True, cwd=self.folder)
        line = self.bank.stdout.readline().strip()
        assert line.startswith("http://"), f"no bank: {line!r} {(self.folder / 'bank.log').read_text()}"
        self.bank_address = line.removeprefix("http://")

    def close_bank(self):
        """The bank is away."""
        if self.bank:
            self.bank.kill()
            self.bank.wait(timeout=60)
            self.bank = None

    def bank_says(self, path):
        """What the bank itself has."""
        connection = http.client.HTTPConnection(self.bank_address, timeout=60)
        connection.request("GET", path)
        answer = Answer(connection.getresponse())
        connection.close()
        assert answer.status == 200, f"{path}: {answer.status} {answer.text}"
        return answer.text

    def new_meter(self, number):
        """The city issues an ESAM for another meter, and the meter is made; the bank does not know of it yet."""
        self.run("esam", "issue", "--meter", number, "--pin-file", self.file("pin"))
        out = next(self.home.glob("city-*")) / "out"
        self.run("meter", "new", number, "--esam", out / f"esam-{number}.card", "--pairing", out / f"pairing-{number}.json")

    def purse(self, meter):
        """What stands in a meter's purse, in fen, and its purchase count."""
        shown = json.loads(self.run("meter", "show", meter, "--json"))
        return shown["balance_fen"], shown["count"]

    def retire(self, meter):
        """The city takes the ESAM of a meter out of use, with what is in its purse."""
        card = self.home / "meters" / meter / "esam.card"
        second = self.file("pin2", SECOND_PIN + "\n")
        self.run("esam", "retire", card, "--forfeit", "--pin-file", self.file("pin"), "--second-pin-file", second)

    def deliver(self):
        """The city's list of ESAMs as it is now, taken in by the bank."""
        self.lists = getattr(self, "lists", 0) + 1
        out = self.folder / f"delivery-{self.lists}.json"
        self.run("city", "delivery", "--out", out)
        self.run("server", "meters", out, operator="Xu Min")

    def stop(self):
        """Asks the server to end, as its machine does."""
        if self.server:
            self.server.terminate()
            self.server.wait(timeout=60)
            self.server = None

    def kill(self):
        """As when the machine's power goes."""
        self.server.kill()
        self.server.wait(timeout=60)
        self.server = None

    def password(self, name):
        return PASSWORDS[name]

    def code(self, name):
        """A code that was not used yet. Of three that are good at any time the first may be over soon; for a third two others give
        him new ones, so that nobody waits."""
        now = int(time.time()) // 30
        step = max(self.used.get(name, 0) + 1, now)
        if step > now + 1:
            first, second = [other for other in PASSWORDS if other != name and ROLES[other] != "auditor"][-2:]
            two = ["--second-operator", second, "--second-password-file", self.file(f"{second}.password")]
            self.secrets[name] = json.loads(self.run("operator", "totp", name, "--json", *two, operator=first))["secret"]
            step = int(time.time()) // 30
        self.used[name] = step
        return code(self.secrets[name], step)

    def ask(self, method, path, form=None, cookie=None, origin=True, headers=(), file=None):
        """A request as a browser, or somebody who plays one, sends it."""
        connection = http.client.HTTPConnection(self.address, timeout=120)
        head = {"Accept-Language": "en", **dict(headers)}
        if cookie:
            head["Cookie"] = f"{cookie[0]}={cookie[1]}"
        if origin is True:
            head["Origin"] = f"http://{self.address}"
        elif origin:
            head["Origin"] = origin
        body = None
        if form is not None:
            body = urllib.parse.urlencode(form)
            head["Content-Type"] = "application/x-www-form-urlencoded"
        if file is not None:
            body, head["Content-Type"] = with_file(form, file)
        connection.request(method, path, body=body, headers=head)
        answer = Answer(connection.getresponse())
        connection.close()
        return answer

    def log_in(self, name, password=None, typed=None, cookie=None):
        """Tries to log in; gives the answer."""
        form = {"name": name, "password": password or PASSWORDS[name], "code": typed or self.code(name), "back": "/console"}
        return self.ask("POST", "/console/login", form, cookie=cookie)

    def log(self):
        """The lines of the bank's log."""
        return [json.loads(line) for line in (self.home / "bank" / "audit.jsonl").read_text(encoding="utf-8").splitlines()]


def with_file(form, text, boundary="x1y2z3"):
    """A form that carries a file, as a browser sends it; and what it is."""
    parts = [f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in form.items()]
    parts.append(f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="day.csv"\r\nContent-Type: text/csv\r\n\r\n{text}\r\n')
    return ("".join(parts) + f"--{boundary}--\r\n").encode("utf-8"), f"multipart/form-data; boundary={boundary}"


def past(**ago):
    """A time of the past as the command takes it, in China's time."""
    now = datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=8)))
    return (now - datetime.timedelta(**ago)).strftime("%Y-%m-%d %H:%M:%S")
