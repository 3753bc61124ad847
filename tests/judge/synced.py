#!/usr/bin/env python3
"""What is answered is on the medium: commands and a server run under strace, and of what they did to files only that is believed which they
waited for. From the calls that changed files a disk is made as a machine that stops would find it at the worst: a file has what it had when it
was synced last, a folder the names it had when it was synced last. On that disk the party must be whole, at the moment of the answer and at each
moment before, and what was answered must be there.

Usage: tests/judge/synced.py GRIDCARD FOLDER
"""

import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

if len(sys.argv) != 3:
    sys.exit(__doc__)
GRIDCARD = str(pathlib.Path(sys.argv[1]).resolve())
FOLDER = pathlib.Path(sys.argv[2]).resolve()
CALLS = "openat,lseek,read,write,writev,pwrite64,sendto,fsync,fdatasync,rename,renameat,renameat2,linkat,unlink,unlinkat,ftruncate,mkdir,close"
AT = "2027-02-01 10:00:00"

CALL = re.compile(r"^(\d+)\s+(\w+)\((.*)\)\s+=\s+(-?\d+)(.*)$")
UNFINISHED = re.compile(r"^(\d+)\s+(\w+)\((.*) <unfinished \.\.\.>$")
RESUMED = re.compile(r"^(\d+)\s+<\.\.\. (\w+) resumed>(.*)$")
FD = re.compile(r"^(\d+)<((?:[^>\\]|\\.)*)>")
STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


def text(hexed):
    return bytes.fromhex(hexed.replace("\\x", ""))


class File:
    """A file: what it holds, and what of that is on the medium for certain."""

    def __init__(self, content=b""):
        self.now, self.kept = bytearray(content), bytes(content)


class Disk:
    """Files below a folder as the calls of a trace leave them; what is kept is what was waited for."""

    def __init__(self, root):
        self.root = root
        self.names, self.folders = {}, {root}
        for path in root.rglob("*"):
            if path.is_dir():
                self.folders.add(path)
            elif path.is_file():
                self.names[path] = File(path.read_bytes())
        self.kept = dict(self.names)
        self.places = {}
        self.syncs = 0

    def inside(self, path):
        return path is not None and (path == self.root or self.root in path.parents)

    def opened(self, fd, path, flags):
        if not self.inside(path) or "O_DIRECTORY" in flags or path in self.folders:
            self.places.pop(fd, None)
            return
        if path not in self.names:
            self.names[path] = File()
        file = self.names[path]
        if "O_TRUNC" in flags:
            file.now = bytearray()
        self.places[fd] = [file, 0, "O_APPEND" in flags]

    def write(self, fd, data, at=None):
        place = self.places.get(fd)
        if place is None:
            return
        file, here, appends = place
        start = at if at is not None else len(file.now) if appends else here
        if len(file.now) < start:
            file.now.extend(bytes(start - len(file.now)))
        file.now[start : start + len(data)] = data
        if at is None:
            place[1] = start + len(data)

    def synced(self, fd, path):
        self.syncs += 1
        place = self.places.get(fd)
        if place is not None:
            place[0].kept = bytes(place[0].now)
        elif self.inside(path):
            # The folder: its names.
            for name in [name for name in self.kept if name.parent == path]:
                del self.kept[name]
            self.kept.update({name: file for name, file in self.names.items() if name.parent == path})

    def lay_out(self, where):
        """The disk as it would be found."""
        if where.exists():
            shutil.rmtree(where)
        for folder in sorted(self.folders):
            target = where / folder.relative_to(self.root)
            target.mkdir(parents=True, exist_ok=True)
            target.chmod(0o700)
        for name, file in self.kept.items():
            target = where / name.relative_to(self.root)
            if target.parent.is_dir():
                target.write_bytes(file.kept)
                target.chmod(0o600)


class Trace:
    """The calls of a traced program, one after another, on a disk."""

    def __init__(self, path, root, cwd):
        self.disk, self.cwd = Disk(root), cwd
        self.lines = path.read_text().splitlines()

    def path(self, name):
        return pathlib.Path(os.path.normpath(self.cwd / os.fsdecode(name)))

    def whole_lines(self):
        waiting = {}
        for line in self.lines:
            if found := UNFINISHED.match(line):
                waiting[found[1], found[2]] = found[3]
            elif found := RESUMED.match(line):
                begun = waiting.pop((found[1], found[2]), None)
                if begun is not None:
                    yield f"{found[1]} {found[2]}({begun}{found[3]}"
            else:
                yield line

    def steps(self):
        """Gives, after each call that succeeded, its name, the path of its file, and what was written."""
        for line in self.whole_lines():
            found = CALL.match(line)
            if not found or int(found[4]) < 0:
                continue
            name, arguments, result, rest = found[2], found[3], int(found[4]), found[5]
            at = FD.match(arguments)
            fd, path = (int(at[1]), self.path(text_of_path(at[2]))) if at else (None, None)
            strings = [text(part) for part in STRING.findall(arguments)]
            data = b""
            if name == "openat":
                self.disk.opened(result, self.path(strings[0]), arguments)
            elif name == "close":
                self.disk.places.pop(fd, None)
            elif name == "lseek" and fd in self.disk.places:
                self.disk.places[fd][1] = result
            elif name == "read" and fd in self.disk.places:
                self.disk.places[fd][1] += result
            elif name in ("write", "writev", "sendto"):
                data = b"".join(strings)[:result]
                self.disk.write(fd, data)
            elif name == "pwrite64":
                data = strings[0][:result]
                self.disk.write(fd, data, int(arguments.rsplit(",", 1)[1]))
            elif name == "ftruncate" and fd in self.disk.places:
                file, length = self.disk.places[fd][0], int(arguments.rsplit(",", 1)[1])
                file.now = file.now[:length] + bytes(max(0, length - len(file.now)))
            elif name in ("fsync", "fdatasync"):
                self.disk.synced(fd, path)
            elif name.startswith("rename") and self.disk.inside(self.path(strings[0])):
                self.disk.names[self.path(strings[1])] = self.disk.names.pop(self.path(strings[0]))
            elif name == "linkat" and self.disk.inside(self.path(strings[0])):
                self.disk.names[self.path(strings[1])] = self.disk.names[self.path(strings[0])]
            elif name.startswith("unlink"):
                self.disk.names.pop(self.path(strings[0]), None)
            elif name == "mkdir" and self.disk.inside(self.path(strings[0])):
                self.disk.folders.add(self.path(strings[0]))
            yield name, path, data, rest


def text_of_path(printed):
    """A path as strace prints it beside a descriptor: with -xx in hexadecimal too."""
    return text(printed) if printed.startswith("\\x") else printed.encode()


def run(*arguments, home, good=True):
    command = [GRIDCARD, *map(str, arguments), "--home", str(home), "--json"]
    ran = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, timeout=120)
    if good and ran.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with {ran.returncode}: {ran.stdout}{ran.stderr}")
    return json.loads(ran.stdout) if good else ran


def strace(out):
    return ["strace", "-f", "-qq", "-y", "-xx", "-s", "1000000", "-o", str(out), "-e", f"trace={CALLS}"]


def traced(name, root, *arguments):
    """A command under strace; what it answered, and its trace on the disk of before."""
    out, before = FOLDER / f"{name}.trace", FOLDER / f"{name}.before"
    shutil.copytree(root, before)
    command = [*strace(out), GRIDCARD, *map(str, arguments), "--home", str(root), "--json"]
    ran = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, timeout=300)
    if ran.returncode != 0:
        sys.exit(f"{name} ended with {ran.returncode}: {ran.stdout}{ran.stderr}")
    after = FOLDER / f"{name}.after"
    root.rename(after)
    before.rename(root)
    trace = Trace(out, root, FOLDER)
    return json.loads(ran.stdout), trace, after


def whole(bank, moment):
    """The bank on a disk that was found is whole, and goes on."""
    verified = run("server", "verify", "--at", AT, home=bank)
    if not verified["agree"] or verified["wrong"]:
        sys.exit(f"{moment}: {verified}")
    run("server", "audit", "verify", home=bank)
    return run("server", "report", "--at", AT, home=bank)


def is_answer(name, path, data):
    return name in ("write", "writev", "sendto") and data.startswith((b"{", b"HTTP/1.1 2")) and b'"order"' in data


def an_order():
    """A sale by a command: at every sync and at the answer the machine stops."""
    bank = FOLDER / "home" / "bank"
    customer = (FOLDER / "home" / "customers.csv").read_text().splitlines()[1].split(",")[0]
    sold_before = run("server", "report", "--at", AT, home=bank)["sold_fen"]
    answer, trace, after = traced(
        "order", bank, "server", "order", "--customer", customer, "--amount", "12", "--pin-file", "pin", "--at", AT
    )
    found, moments, answered, syncs = FOLDER / "found" / "bank", 0, False, 0
    for name, path, data, _ in trace.steps():
        if is_answer(name, path, data) and not trace.disk.inside(path):
            answered = True
        elif trace.disk.syncs == syncs:
            continue
        syncs, moments = trace.disk.syncs, moments + 1
        trace.disk.lay_out(found)
        report = whole(found, f"order, moment {moments}")
        sold = report["sold_fen"] - sold_before
        if sold not in (0, 1200) or (answered and sold != 1200):
            sys.exit(f"order, moment {moments}, answered {answered}: sold {sold} fen")
        if answered and not (found / "out" / pathlib.Path(answer["record"]).name).exists():
            sys.exit(f"order, moment {moments}: its record is answered, and is not there")
    if not answered:
        sys.exit("order: no answer was seen")
    # What a command leaves when it ends: its line in the log too.
    kept = trace.disk.kept[bank / "audit.jsonl"].kept
    if kept != (after / "audit.jsonl").read_bytes() or answer["order"].encode() not in kept:
        sys.exit("order: the line of the log is not on the medium when the command has ended")
    print(f"an order: {moments} moments, {trace.disk.syncs} syncs; whole at each, there when it is answered", flush=True)


def a_credit():
    """A SIM in a meter: what the meter answers is in its ESAM, its flash and the SIM when the machine stops."""
    parties = FOLDER / "home"
    person = (parties / "customers.csv").read_text().splitlines()[1].split(",")
    customer, meter = person[0], person[1]
    sim = next((parties / "sims").glob(f"*{person[5]}*.card"))
    order = run("server", "order", "--customer", customer, "--amount", "7", "--pin-file", "pin", "--at", AT, home=parties / "bank")
    run("sim", "write", sim, order["record"], home=parties)
    answer, trace, _ = traced("credit", parties, "meter", "insert", meter, sim, "--at", AT)
    found, answered = FOLDER / "found", False
    for name, path, data, _ in trace.steps():
        if name == "write" and data.startswith(b"{") and not trace.disk.inside(path):
            answered = True
            break
    if not answered:
        sys.exit("credit: no answer was seen")
    trace.disk.lay_out(found)
    shown = run("meter", "show", meter, "--at", AT, home=found)
    now = run("meter", "show", meter, "--at", AT, home=FOLDER / "credit.after")
    for key in ("count", "balance_fen", "total_credited_fen"):
        if shown[key] != now[key]:
            sys.exit(f"credit: {key} is {shown[key]} on the medium, and {now[key]} was answered: {answer}")
    print(f"a credit: {trace.disk.syncs} syncs; purse and count are there when it is answered", flush=True)


def a_server():
    """A sale over HTTP: books, PSAM and line of the log are on the medium before the first byte of the answer."""
    bank = FOLDER / "home" / "bank"
    person = (FOLDER / "home" / "customers.csv").read_text().splitlines()[2].split(",")
    key = run("server", "key", "add", "--role", "clerk", "--at", AT, home=bank)["key"]
    before, out = FOLDER / "server.before", FOLDER / "server.trace"
    shutil.copytree(bank, before)
    lines_before = (bank / "audit.jsonl").read_text().count("\n")
    command = [*strace(out), GRIDCARD, "server", "run", "--listen", "127.0.0.1:0", "--pin-file", "pin", "--at", AT,
               "--home", str(bank), "--json"]
    running = subprocess.Popen(command, cwd=FOLDER, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    told = json.loads(running.stdout.readline())
    host, port = told["address"].removeprefix("http://").split(":")
    body = json.dumps({"customer": person[0], "amount_fen": 900})
    with socket.create_connection((host, int(port)), timeout=60) as line:
        line.sendall(
            f"POST /v1/orders HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\nIdempotency-Key: one\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode()
        )
        said = b""
        while part := line.recv(65536):
            said += part
    if not said.startswith(b"HTTP/1.1 200"):
        sys.exit(f"the server says {said[:400]}")
    os.kill(told["pid"], signal.SIGTERM)
    running.wait(timeout=60)
    shutil.rmtree(bank)
    before.rename(bank)
    trace, found = Trace(out, bank, FOLDER), FOLDER / "found" / "bank"
    for name, path, data, _ in trace.steps():
        if not is_answer(name, path, data) or trace.disk.inside(path):
            continue
        trace.disk.lay_out(found)
        report = whole(found, "the server's answer")
        if b"900" not in data or report["orders"] < 1:
            sys.exit(f"the server's answer: {data[:200]}")
        order = json.loads(said.split(b"\r\n\r\n", 1)[1])["order"]
        log = (found / "audit.jsonl").read_text()
        if order not in log or log.count("\n") <= lines_before:
            sys.exit("the server answers before the line of the log is on the medium")
        print(f"a server: {trace.disk.syncs} syncs; books, PSAM and log are there when it answers", flush=True)
        return
    sys.exit("the server's answer was not seen in the trace")


def main():
    if FOLDER.exists():
        shutil.rmtree(FOLDER)
    FOLDER.mkdir(parents=True)
    (FOLDER / "pin").write_text("123456\n")
    begun = time.monotonic()
    demo = [GRIDCARD, "demo", "--meters", "2", "--seed", "7", "--home", "home"]
    subprocess.run(demo, cwd=FOLDER, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=300)
    an_order()
    a_credit()
    a_server()
    print(f"what is answered is on the medium ({time.monotonic() - begun:.0f} s)")


main()
