#!/usr/bin/env python3
"""Judges what cards seal and state under use keys, from docs/specs/cards.md 2, 6, 9, 10, 12, docs/specs/revocation.md and
docs/specs/renewal.md: proofs of orders, the order chain, statements, limits, PINs set anew, staged keys, activations and the end of
cards, lists of revoked cards. Test hierarchy alone, as its keys are published.

    sealed.py --suite sm4 --region 33020000 --statement statement.json --limit limit.json ...
    sealed.py --suite sm4 --region 33020000 --ask city psam.json     commands for a session on an issuing card
    sealed.py --suite sm4 --region 33020000 --make statement.json earlier.json    commands that a PSAM must take, sealed here
    sealed.py --self-test                                            known answers shared with the Rust code
"""

import argparse
import functools
import hashlib
import json
import os
import sys

sys.dont_write_bytecode = True  # leave no traces in the source tree
from crypto import DES, SUITES, Wrong, cmac, demand, marked_padded, retail_mac, xor, zero_padded
from hierarchy import ESAM, ESAM_ISSUING, MASTER_ROW, PSAM, PSAM_ISSUING, Hierarchy, ecb_open, load, row_of, session, test_root, use_key
from record import ORDER, fields, number

KINDS = {"psam-issuing": PSAM_ISSUING, "esam-issuing": ESAM_ISSUING, "psam": PSAM, "esam": ESAM}
REASONS = {"lost": 1, "stolen": 2, "broken": 3, "compromised": 4, "replaced": 5}
# challenges of sessions that the judge writes: any will do, a block of patterns shows where it goes
CHALLENGE = bytes.fromhex("A1B2C3D4E5F60718")
# digits packed, as a PIN stands in a card
PIN, SECOND_PIN, NEW_PIN = bytes.fromhex("123456"), bytes.fromhex("654321"), bytes.fromhex("4071829304050607")
LIST_DIGEST = hashlib.sha256(b"a list of the judge's own").digest()


# --- constructions [cards.md 2, 6] ------------------------------------------------------------------------


def bound(suite, master, challenge, header, data):
    """The MAC bound to a challenge, all 8 bytes of it."""
    message = challenge.ljust(suite.block, b"\0") + header + data
    key = use_key(suite, master, "mac")
    if suite is DES:
        return retail_mac(key, message)
    return suite.cbc(key, marked_padded(message, suite.block))[-suite.block :][:8]


def cmac8(suite, key, data):
    """First 8 bytes of CMAC; over a cipher of 8-byte blocks the subkeys come by the polynomial 1B [NIST SP 800-38B 6.1]."""
    if suite.block == 16:
        return cmac(suite, key, data)[:8]

    def doubled(block):
        value = int.from_bytes(block, "big") << 1
        return ((value & (1 << 64) - 1) ^ (0x1B if value >> 64 else 0)).to_bytes(8, "big")

    k1 = doubled(suite.ecb(key, bytes(8)))
    if data and len(data) % 8 == 0:
        last = xor(data[-8:], k1)
    else:
        data = marked_padded(data, 8)
        last = xor(data[-8:], doubled(k1))
    return suite.cbc(key, data[:-8] + last)[-8:]


def enciphered(suite, key, data):
    """ECB of the length and the data, padded only when they are no whole blocks."""
    text = bytes([len(data)]) + data
    return suite.ecb(key, text if len(text) % suite.block == 0 else marked_padded(text, suite.block))


def opened(suite, key, text):
    plain = ecb_open(suite, key, text)
    data, padding = plain[1 : 1 + plain[0]], plain[1 + plain[0] :]
    demand(len(data) == plain[0], "the length inside leads out of the cipher text")
    demand(padding == (b"\x80".ljust(len(padding), b"\0") if padding else b""), "the padding is wrong")
    return data


class Judge:
    """Everything it knows of a city of the test hierarchy."""

    def __init__(self, suite, region):
        self.suite, self.region = suite, region
        self.keys = Hierarchy(suite, functools.partial(test_root, suite), False)
        self.server_key = None
        self.counts = {}

    def master(self, kind, device):
        """The own master of a card [cards.md 2]."""
        if kind in (PSAM_ISSUING, ESAM_ISSUING):
            return self.keys.issuing_master(kind, device)
        return self.keys.device(kind, "master", self.region, device, 1)

    def count(self, name):
        self.counts[name] = self.counts.get(name, 0) + 1

    def proof(self, psam, order):
        demand(self.server_key, "no server key was given")
        return cmac8(self.suite, self.server_key, bytes.fromhex("80400000") + bytes.fromhex(psam) + order)

    def limit_mac(self, psam, challenge, orders, value):
        body = orders.to_bytes(4, "big") + value.to_bytes(8, "big")
        return body, bound(self.suite, self.master(PSAM, psam), challenge, bytes.fromhex("844C000010"), body)[:4]

    def list_mac(self, kind, device, digest):
        return bound(self.suite, self.master(kind, device), bytes(8), bytes.fromhex("805C000028"), digest)

    # --- files that cross ---

    def statement(self, path):
        """The MAC of the statement, and the chain over the orders of the list [cards.md 6]."""
        said = json.loads(load(path))
        stand, since = said["stand"], said["since"]
        content = (
            stand["orders"].to_bytes(4, "big")
            + stand["value_fen"].to_bytes(8, "big")
            + bytes.fromhex(said["chain_before"])
            + bytes.fromhex(stand["chain"])
        )
        master = self.master(PSAM, said["psam"])
        mac = bound(self.suite, master, bytes.fromhex(said["challenge"]), bytes.fromhex("8058000008"), content)
        demand(mac.hex() == said["mac"].lower(), f"{path}: the statement's MAC is {said['mac']}, computed {mac.hex()}")
        chain, before, value = bytes.fromhex(since["chain"]), None, since["value_fen"]
        for order in map(bytes.fromhex, said["order_list"]):
            found, _ = fields(order, 0xE1, ORDER, strict=True)
            before, chain = chain, hashlib.sha256(chain + order).digest()
            value += number(found[0x82])
            self.count("orders of a chain")
        demand(since["orders"] + len(said["order_list"]) == stand["orders"], f"{path}: the list has another length")
        demand(value == stand["value_fen"], f"{path}: the orders are of {value} fen, stated are {stand['value_fen']}")
        demand(chain.hex() == stand["chain"].lower(), f"{path}: the orders make the chain {chain.hex()}")
        demand(before is None or before.hex() == said["chain_before"].lower(), f"{path}: the chain before is another")
        self.count("statements")

    def limit(self, path):
        said = json.loads(load(path))
        challenge = bytes.fromhex(said["challenge"])
        _, mac = self.limit_mac(said["psam"], challenge, said["orders"], said["value_fen"])
        demand(mac.hex() == said["mac"].lower(), f"{path}: the MAC is {said['mac']}, computed {mac.hex()}")
        self.count("limits")

    def revoked(self, path):
        """Digest and MACs of a list [revocation.md 1, 2]."""
        said = json.loads(load(path))
        day = lambda text: bytes.fromhex(text.replace("-", ""))
        entries = [
            bytes([KINDS[card["kind"]]])
            + bytes.fromhex(card["number"] + card["serial"])
            + day(card["date"])
            + bytes([REASONS[card["reason"]]])
            for card in said["revoked"]
        ]
        demand(entries and entries == sorted(entries), f"{path}: the entries are not sorted")
        code = list(SUITES).index(said["suite"])
        text = b"gridcard revocation 1\0" + bytes([code]) + bytes.fromhex(said["issuer"])
        text += said["number"].to_bytes(4, "big") + day(said["date"]) + len(entries).to_bytes(2, "big")
        digest = hashlib.sha256(text + b"".join(entries)).digest()
        demand(said["macs"], f"{path}: no card can believe this list")
        for card in said["macs"]:
            mac = self.list_mac(KINDS[card["kind"]], card["number"], digest)
            demand(mac.hex() == card["mac"].lower(), f"{path}: the MAC for {card['kind']} {card['number']} is wrong")
            self.count("MACs of lists")

    # --- what went over the line ---

    def line(self, psam, command, answer):
        """A command and its answer; whether there was something to judge."""
        sent = command[5 : 5 + command[4]]
        kind, low = command[2] >> 4, command[2] & 15
        if command[:4] == bytes.fromhex("80400000"):
            order, mark, proof = sent[:-10], sent[-10:-8], sent[-8:]
            demand(mark == b"\x9c\x08", "an order was sealed without a proof")
            demand(proof == self.proof(psam, order), f"the proof of an order is {proof.hex()}")
            self.count("proofs")
        elif command[:2] == bytes.fromhex("8056"):
            challenge, pin, device = sent[:8], sent[8:16].rstrip(b"\xff"), sent[24:30].hex()
            text, mac = answer[:-4], answer[-4:]
            master = self.master(kind, device)
            header = bytes([0x84, 0x24, 0x00, command[3], len(answer)])
            demand(mac == bound(self.suite, master, challenge, header, text)[:4], "the MAC of a SET PIN is wrong")
            demand(opened(self.suite, use_key(self.suite, master, "wrap"), text) == pin, "a SET PIN holds another PIN")
            self.count("PINs")
        elif command[:2] == bytes.fromhex("804c"):
            challenge, device, body = sent[:8], sent[16:22].hex(), sent[26:]
            mac = bound(self.suite, self.master(kind, device), challenge, bytes.fromhex("844A00000A"), body)[:4]
            demand(answer == mac, f"the MAC of an ACTIVATE KEYS for state {body[0]:02X} is {answer.hex()}")
            self.count("ends of cards" if body[0] == 2 else "activations")
        elif command[:2] == bytes.fromhex("805a"):
            device, digest = sent[8:14].hex(), sent[18:]
            demand(answer == self.list_mac(kind, device, digest), "an answer to MAC LIST is wrong")
            self.count("MACs of lists")
        elif command[:2] == bytes.fromhex("8044") and sent[10] in (2, 3):
            self.staged(kind, low, command[3], sent, answer)
        return True

    def staged(self, kind, low, code, sent, field):
        """STAGE KEY for a card of this city's version, under its own master [cards.md 7, 10]."""
        challenge, header, device = sent[:8], sent[8:13], sent[21:27].hex()
        demand((kind, low) == (ESAM, 1), "a key is staged in an ESAM")
        master = self.master(kind, device)
        text, mac = field[:-4], field[-4:]
        demand(mac == bound(self.suite, master, challenge, header, text)[:4], "the MAC of a STAGE KEY is wrong")
        plain = opened(self.suite, use_key(self.suite, master, "wrap"), text)
        row = MASTER_ROW if code == 0 else row_of(kind, code)
        demand(all(want in (None, found) for want, found in zip(row, plain[:5])), f"the head of {code:02X} is wrong")
        role = {0: "master", 4: "kic"}[code]
        demand(plain[5:] == self.keys.device(kind, role, self.region, device, 1), f"another key than {role}")
        self.count("staged keys")

    def traffic(self, path, psam, reveal):
        command = None
        for line in session(load(path)):
            mark, _, rest = line.partition(" ")
            if mark not in (">", "<") or "hidden]" in rest:
                command = None if mark == ">" else command
                continue
            sent = bytes.fromhex(rest.replace(" ", ""))
            if mark == ">":
                command = sent
            elif command is not None:
                demand(not reveal or sent[-2:] == b"\x90\x00", f"{path}: {command.hex()} was answered {sent.hex()}")
                if sent[-2:] == b"\x90\x00":
                    self.line(psam, command, sent[:-2])
                command = None


# --- sessions the judge writes ----------------------------------------------------------------------------


def apdu(header, data):
    return bytes.fromhex(header) + bytes([len(data)]) + data


def identity(path, region):
    """Number and serial of a card, as its issuing said them."""
    card = json.loads(load(path))
    if "esams" in card:
        (card,) = card["esams"]
        kind, device = ESAM, card["meter"]
    else:
        kind, device = KINDS[card.get("kind", "psam")], card["number"]
    return kind, bytes.fromhex(card["serial"]), bytes.fromhex(device), bytes.fromhex(region)


def ask(suite, who, paths, region):
    """What an issuing card is asked to seal: `who` of main, city, supervisor says which PINs are verified before."""
    yield apdu("00200000", PIN)
    if who != "city":
        yield apdu("00200001", SECOND_PIN)
    for path in paths:
        kind, serial, device, place = identity(path, region)
        target = serial + device + place
        p1 = f"{kind << 4 | 1:02X}"
        end = bytes.fromhex("020000000000")
        if who != "city":
            yield apdu(f"804C{p1}00", CHALLENGE + target + end)
        if kind == ESAM:
            yield apdu(f"804C{p1}00", CHALLENGE + target + bytes.fromhex("000100000000"))
            for code, head in ((0, "84D40200"), (4, "84D40304")):
                # head and key behind their length, in whole blocks, and the MAC
                lc = len(zero_padded(bytes(1 + 5 + 16), suite.block)) + 4
                yield apdu(f"8044{p1}{code:02X}", CHALLENGE + bytes.fromhex(head) + bytes([lc]) + target)
        else:
            yield apdu(f"8056{p1}00", CHALLENGE + NEW_PIN.ljust(8, b"\xff") + target)
            yield apdu(f"8056{p1}00", CHALLENGE + NEW_PIN[:6].ljust(8, b"\xff") + target)
            yield apdu(f"805A{p1}00", target + LIST_DIGEST)


def make(judge, path, earlier):
    """Commands a PSAM must take: the limit its statement waits for, the last order of an earlier list with its proof, a list."""
    said = json.loads(load(path))
    psam, challenge = said["psam"], bytes.fromhex(said["limit_challenge"])
    yield apdu("00A40000", bytes.fromhex("DF01"))
    body, mac = judge.limit_mac(psam, challenge, 600, 2_000_000)
    yield apdu("844C0000", body + mac)
    yield apdu("00200000", PIN)
    order = bytes.fromhex(json.loads(load(earlier))["order_list"][-1])
    yield apdu("80400000", order + b"\x9c\x08" + judge.proof(psam, order))
    yield apdu("805C0000", LIST_DIGEST + judge.list_mac(PSAM, psam, LIST_DIGEST))


def self_test():
    """The known answers of the Rust code (keys/tests/kat/vectors.json) for use keys, bound MACs, CMAC and ciphers."""
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "keys", "tests", "kat", "vectors.json")
    judged = 0
    for vector in json.loads(load(folder)):
        suite, key, data = SUITES[vector["suite"]], bytes.fromhex(vector["key"]), bytes.fromhex(vector["in"])
        if vector["op"] == "use":
            mine = use_key(suite, key, data.decode("ascii"))
        elif vector["op"] == "use-bound":
            challenge, header = bytes.fromhex(vector["iv"]), bytes.fromhex(vector["header"])
            mine = bound(suite, key, challenge, header, data)
        elif vector["op"] == "use-stage":
            challenge, header = bytes.fromhex(vector["iv"]), bytes.fromhex(vector["header"])
            text = enciphered(suite, use_key(suite, key, "wrap"), data)
            mine = text + bound(suite, key, challenge, header, text)[:4]
        elif vector["op"] in ("cmac", "cmac8") and len(key) == 16:
            mine = cmac8(suite, key, data)
        else:
            continue
        wanted = bytes.fromhex(vector["out"])[: len(mine)]
        demand(mine == wanted, f"{vector['name']}: got {mine.hex()}, it should be {wanted.hex()}")
        judged += 1
    demand(judged >= 36, f"only {judged} known answers")
    print(f"{judged} known answers: as specified")


def main():
    parser = argparse.ArgumentParser(description="Judges what is sealed under use keys against docs/specs.")
    parser.add_argument("--suite", choices=SUITES)
    parser.add_argument("--region", default="33020000")
    parser.add_argument("--server-key", metavar="FILE", help="the file PAIR SERVER's answer is kept in")
    parser.add_argument("--statement", metavar="FILE", nargs="*", default=[])
    parser.add_argument("--limit", metavar="FILE", nargs="*", default=[])
    parser.add_argument("--list", metavar="FILE", nargs="*", default=[], help="lists of revoked cards")
    parser.add_argument("--trace", metavar="FILE", nargs="*", default=[], help="traces: what they show is judged")
    parser.add_argument("--session", metavar="FILE", nargs="*", default=[], help="sessions shown; every answer must be 9000")
    parser.add_argument("--ask", metavar=("WHO", "CARD"), nargs="+", help="print the session for an issuing card")
    parser.add_argument("--make", metavar=("STATEMENT", "EARLIER"), nargs=2, help="print a session a PSAM must take")
    parser.add_argument("--self-test", action="store_true", help="check this judge against known answers")
    args = parser.parse_args()
    try:
        if args.self_test:
            self_test()
            return
        if not args.suite:
            parser.error("--suite is needed (or --self-test)")
        judge = Judge(SUITES[args.suite], args.region)
        psam = None
        if args.server_key:
            held = json.loads(load(args.server_key))
            judge.server_key, psam = bytes.fromhex(held["key"]), held["psam"]
        if args.ask or args.make:
            lines = ask(judge.suite, args.ask[0], args.ask[1:], args.region) if args.ask else make(judge, *args.make)
            for line in lines:
                print(line.hex().upper())
            return
        for paths, work in ((args.statement, judge.statement), (args.limit, judge.limit), (args.list, judge.revoked)):
            for path in paths:
                work(path)
        for path in args.trace:
            judge.traffic(path, psam, False)
        for path in args.session:
            judge.traffic(path, psam, True)
        # a judge with nothing to judge has not agreed
        wanted = {
            "orders of a chain": args.statement, "statements": args.statement, "limits": args.limit,
            "MACs of lists": args.list, "proofs": args.trace, "PINs": args.session, "ends of cards": args.session,
            "activations": args.session, "staged keys": args.session,
        }
        for name, asked in wanted.items():
            demand(not asked or judge.counts.get(name), f"no {name} were found")
        print(", ".join(f"{count} {name}" for name, count in judge.counts.items()) + ": as specified")
    except Wrong as wrong:
        sys.exit(f"rejected: {wrong}")


if __name__ == "__main__":
    main()
