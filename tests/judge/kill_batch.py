#!/usr/bin/env python3
"""A batch of ESAMs, killed with SIGKILL at random moments and resumed, and what a stranger finds afterwards.

Looks into the store with Python's own sqlite3 and unpacks the images by docs/specs/store.md alone: no line without
its card, no number and no serial twice, every image whole and saying the number and serial that the store says.

    kill_batch.py --gridcard target/debug/gridcard --cards 2000 --kills 20 [--seed N] [--work DIR]
"""

import argparse
import csv
import os
import random
import signal
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time
import zlib

REGION = "33020000"
PIN, SECOND_PIN = "123456", "654321"
PAGE = 64
# user area of the EEPROM, image header, bytes of a file's header (docs/specs/image.md)
USER_AREA, IMAGE_HEADER, FILE_HEADER = 31 * PAGE, 64, 11


def expand(packed):
    """An image as docs/specs/store.md says it is packed."""
    (length,), rest = struct.unpack(">I", packed[:4]), packed[4:]
    out = bytearray()
    while len(out) < length:
        mark = rest[0]
        if mark == 1:
            page = min(PAGE, length - len(out))
            out += rest[1 : 1 + page]
            rest = rest[1 + page :]
        elif mark == 2:
            out += bytes([rest[1]]) * min(PAGE * rest[2], length - len(out))
            rest = rest[3:]
        else:
            raise ValueError(f"mark {mark}")
    if rest:
        raise ValueError("bytes are left")
    return bytes(out)


def card_of(image):
    """Serial and number of a virtual card: superblock and card information (file 0015), with both checksums."""
    if image[:8] != b"GRIDCARD" or zlib.crc32(image[:60]) != struct.unpack(">I", image[60:64])[0]:
        raise ValueError("the header is damaged")
    eeprom = image[IMAGE_HEADER:]
    if len(eeprom) != struct.unpack(">I", image[12:16])[0]:
        raise ValueError("the memory is cut")
    if image[8] != 3 or eeprom[:5] != b"GCOS\x02" or zlib.crc32(eeprom[:60]) != struct.unpack(">I", eeprom[60:64])[0]:
        raise ValueError("the chip is damaged")
    serial = eeprom[8:16].hex().upper()
    at = eeprom.find(b"\x28\x00\x15\x00\x1e", USER_AREA)
    information = eeprom[at + FILE_HEADER : at + FILE_HEADER + 30]
    if at < 0 or information[9] != 2:
        raise ValueError("the card is not finished")
    return serial, information[14:20].hex(), information[4:8].hex()


def run(arguments, **options):
    return subprocess.run(arguments, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **options)


class Office:
    def __init__(self, gridcard, work, cards):
        self.gridcard, self.work, self.cards = gridcard, work, cards
        self.home = os.path.join(work, "home")
        self.pin = os.path.join(work, "pin")
        self.request = os.path.join(work, "request.csv")
        self.result = os.path.join(work, "result.csv")
        self.second_pin = os.path.join(work, "second-pin")
        for path, pin in [(self.pin, PIN), (self.second_pin, SECOND_PIN)]:
            with open(path, "w", encoding="ascii") as file:
                file.write(pin)
        with open(self.request, "w", encoding="ascii") as file:
            file.write("number\n")
            file.writelines(f"{n:012d}\n" for n in range(2, cards + 2))

    def command(self, *arguments):
        return [self.gridcard, "--home", self.home, *arguments]

    def found(self):
        """A province, a city, and its ESAM issuing card."""
        officers = ["--pin-file", self.pin, "--second-pin-file", self.second_pin]
        pins = [*officers, "--card-pin-file", self.pin, "--card-second-pin-file", self.second_pin]
        run(self.command("kdc", "init", "--test-root", *officers))
        card = os.path.join(self.work, "esam-issuing.card")
        run(self.command("kdc", "issue-card", "esam-issuing", "--city", REGION, "--number", "000000000003",
                         "--card", card, *pins))
        run(self.command("city", "open", card))

    def batch(self, resume):
        arguments = ["issue", "esam", "--batch", self.request, "--pin-file", self.pin, "--yes",
                     "--result", self.result]
        return self.command(*arguments, *(["--resume"] if resume else []))

    def store(self):
        path = os.path.join(self.home, f"city-{REGION}", "office.sqlite")
        return sqlite3.connect(f"file:{path}?mode=ro", uri=True) if os.path.exists(path) else None

    def kept(self):
        """Numbers that are done by now, with their serials."""
        store = self.store()
        if store is None:
            return None
        try:
            with store:
                rows = store.execute("SELECT request.number, item.serial FROM request JOIN item ON item.id = request.item "
                                     "WHERE request.state = 1").fetchall()
            return dict(rows)
        except sqlite3.OperationalError:
            return None  # killed before the store was made
        finally:
            store.close()


def kill_and_resume(office, kills, chance, speed):
    """Runs the batch, killing it so many times; gives the kills that hit. What was done before a kill is done after."""
    done, hits, resume = {}, 0, False
    while True:
        left = office.cards - len(done)
        batch = subprocess.Popen(office.batch(resume), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                 start_new_session=True)
        if hits < kills:
            # So that the kills spread over the whole batch, and some hit the beginning.
            wait = chance.uniform(0.0, 2.0 * left / speed / (kills - hits + 1))
            try:
                batch.wait(timeout=wait)
            except subprocess.TimeoutExpired:
                os.kill(batch.pid, signal.SIGKILL)
        _, words = batch.communicate()
        if batch.returncode not in (0, -signal.SIGKILL):
            # killed before the request was read: there is nothing to resume
            if resume and b"no batch was begun" in words:
                resume = False
                continue
            sys.exit(f"the batch failed with {batch.returncode}:\n{words.decode()}")
        now = office.kept()
        if now is not None:
            for number, serial in done.items():
                if now.get(number) != serial:
                    sys.exit(f"{number} was done on {serial} before the kill and is {now.get(number)} now")
            done, resume = now, resume or bool(office.begun())
        if batch.returncode == 0:
            return hits
        hits += 1


def begun(office):
    store = office.store()
    if store is None:
        return 0
    try:
        return store.execute("SELECT count(*) FROM batch").fetchone()[0]
    except sqlite3.OperationalError:
        return 0
    finally:
        store.close()


Office.begun = begun


def judge(office):
    """What must be true of a batch that is done."""
    store = office.store()
    asked = {f"{n:012d}" for n in range(2, office.cards + 2)}
    numbers, serials, images = set(), set(), 0
    rows = store.execute("SELECT item.number, item.serial, item.stage, pack.image, pack.paper FROM request "
                         "JOIN item ON item.id = request.item JOIN pack ON pack.item = item.id")
    for number, serial, stage, image, paper in rows:
        if number in numbers or serial in serials:
            sys.exit(f"twice: {number} on {serial}")
        numbers.add(number)
        serials.add(serial)
        try:
            found = card_of(expand(image))
        except (ValueError, IndexError, struct.error) as error:
            sys.exit(f"the image of {number}: {error}")
        if found != (serial, number, REGION):
            sys.exit(f"the image of {number} on {serial} says {found}")
        if stage != 4 or f'"number": "{number}"' not in paper:
            sys.exit(f"{number}: stage {stage}, paper {paper[:80]}")
        images += 1
    if numbers != asked:
        sys.exit(f"{len(asked - numbers)} number(s) are missing, {len(numbers - asked)} were not asked for")
    counts = dict(store.execute("SELECT state, count(*) FROM request GROUP BY state").fetchall())
    if counts != {1: office.cards}:
        sys.exit(f"the lines do not add up: {counts}")
    strays = store.execute("SELECT count(*) FROM item WHERE kind = 5 AND id NOT IN "
                           "(SELECT item FROM request WHERE item IS NOT NULL)").fetchone()[0]
    if strays:
        sys.exit(f"{strays} card(s) belong to no line")
    issued = store.execute("SELECT count(*), count(DISTINCT item) FROM event WHERE what = 'issued'").fetchone()
    if issued != (office.cards, office.cards):
        sys.exit(f"the history tells of {issued} issues")
    if store.execute("PRAGMA integrity_check").fetchone() != ("ok",):
        sys.exit("the store is damaged")
    with open(office.result, newline="", encoding="utf-8") as file:
        result = list(csv.DictReader(file))
    if {row["number"] for row in result if row["outcome"] == "done"} != asked or len(result) != office.cards:
        sys.exit(f"the result file has {len(result)} lines")
    if any(len(row["check_values"].split()) != 7 for row in result):
        sys.exit("a line of the result file lacks check values")
    return images


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gridcard", default="target/debug/gridcard")
    parser.add_argument("--cards", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--work", default=None)
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}: again with --cards {options.cards} --kills {options.kills} --seed {seed}", file=sys.stderr)
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="gridcard-kill.") as folder:
        office = Office(os.path.abspath(options.gridcard), options.work or folder, options.cards)
        office.found()
        # how fast this machine is, from a small batch in a home of its own
        small = os.path.join(office.work, "small")
        os.makedirs(small)
        probe = Office(office.gridcard, small, max(100, options.cards // 50))
        probe.found()
        before = time.monotonic()
        run(probe.batch(False))
        speed = probe.cards / (time.monotonic() - before)
        hits = kill_and_resume(office, options.kills, chance, speed)
        # A batch that was faster than its killer has proved nothing.
        if hits < options.kills // 2:
            sys.exit(f"only {hits} of {options.kills} kills hit")
        images = judge(office)
    print(f"{images} ESAMs after {hits} kills: reconciled, none twice, none missing, every image whole")


if __name__ == "__main__":
    main()
