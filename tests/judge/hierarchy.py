#!/usr/bin/env python3
"""Judges the key hierarchy and the transport of keys against docs/specs/cards.md 2, 5, 7 and docs/specs/ceremony.md.

    hierarchy.py --suite 3des --test-root --province status.json --journal journal.json... --trace run.trace

Everything is computed anew from the specifications with another crypto library: roots (published, or from components,
or from the shares of a backup), city keys, device keys, own masters, check values as the command prints them, and every
field that EXPORT KEY gave away in a session: MAC, head and key inside.
"""

import argparse
import functools
import hashlib
import hmac
import itertools
import json
import re
import sys

from crypto import DES, SUITES, Wrong, demand, diversify, marked_padded, retail_mac, two_key_des, xor
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

ROLES = ("master", "int-auth", "ext-auth", "kic", "kid", "param", "control", "tac", "transport")
PREVIOUS = 0x0A

# card kinds as EXPORT KEY's P1 names them [cards.md 7]
PSAM_ISSUING, ESAM_ISSUING, PSAM, ESAM, TEST_CARD, TEST_ISSUING, MCU = 2, 3, 4, 5, 7, 0xA, 0xF
CITY_ISSUING = (PSAM_ISSUING, ESAM_ISSUING, TEST_ISSUING)

# role code -> type, use, change of the key record, by target; None where byte 4 is the version [cards.md 5]
MASTER_ROW = (0xF9, 0xF0, 0xFA, 0xAA, 0x33)
ESAM_ROWS = {
    0x02: (0xF0, 0xF0, 0xFA, None, 0x00),
    0x03: (0xF9, 0xF0, 0xFA, 0x33, 0xFF),
    0x04: (0xF5, 0xF3, 0xFA, None, 0x00),
    0x05: (0xF5, 0xF3, 0xFA, None, 0x00),
    0x06: (0xF6, 0xF0, 0xFA, 0xFF, 0x33),
    0x07: (0xF5, 0xF3, 0xFA, None, 0x00),
    0x08: (0xF4, 0xF3, 0xFA, None, 0x00),
}
PSAM_ROWS = {code: (0xF5, 0xF1, 0x0A, None, 0x00) for code in (0x04, 0x05, 0x08)}
ISSUING_ROWS = {code: (0xF5, 0xF1, 0xFA, None, 0x00) for code in range(0x01, 0x0B)}


def row_of(target, code):
    if code == 0:
        return MASTER_ROW
    if target in CITY_ISSUING:
        return ISSUING_ROWS.get(code)
    if target in (PSAM, TEST_CARD):
        return PSAM_ROWS.get(code)
    return ESAM_ROWS.get(code)


def bcd(text, count):
    demand(len(text) == count and text.isdecimal(), f"{text!r} is not {count} digits")
    return bytes.fromhex(text)


def check_value(suite, key):
    """First 3 bytes of one zero block enciphered [cards.md 2]."""
    return suite.ecb(key, bytes(suite.block))[:3].hex().upper()


def ecb_open(suite, key, data):
    algorithm = two_key_des(key) if suite is DES else suite.algorithm(key)
    worker = Cipher(algorithm, modes.ECB()).decryptor()
    return worker.update(data) + worker.finalize()


def session_mac(suite, key, challenge, data):
    """MAC of secure messaging, 4 bytes: IV is the challenge and zeros [cards.md 1, 7]."""
    padded = marked_padded(data, suite.block)
    first = xor(padded[: suite.block], challenge.ljust(suite.block, b"\0"))
    padded = first + padded[suite.block :]
    if suite is DES:
        state = bytes(8)
        for at in range(0, len(padded) - 8, 8):
            state = DES.ecb(key[:8], xor(state, padded[at : at + 8]))
        return DES.ecb(key, xor(state, padded[-8:]))[:4]
    return suite.cbc(key, padded)[-suite.block :][:4]


def use_key(suite, master, use):
    """U(M, x) [cards.md 2]."""
    return hashlib.sha256(f"gridcard use 1|{suite.name}|{use}|".encode("ascii") + master).digest()[:16]


def bound_mac(suite, master, challenge, data):
    """The first 4 bytes of the MAC bound to a challenge, which is a block of its own [cards.md 2]."""
    return session_mac(suite, use_key(suite, master, "mac"), bytes(8), challenge.ljust(suite.block, b"\0") + data)


# --- roots ------------------------------------------------------------------------------------------------


def test_root(suite, role):
    return hashlib.sha256(f"gridcard test root 1|{suite.name}|{role}".encode("ascii")).digest()[:16]


def formal_root(suite, secret, role):
    """[ceremony.md 2]"""
    return hmac.new(secret, f"gridcard root 1|{suite.name}|{role}".encode("ascii"), hashlib.sha256).digest()[:16]


def gf_mul(a, b):
    product = 0
    while b:
        if b & 1:
            product ^= a
        a <<= 1
        if a & 0x100:
            a ^= 0x11B
        b >>= 1
    return product


def gf_inverse(a):
    return next(b for b in range(1, 256) if gf_mul(a, b) == 1)


def gf_join(points):
    """The polynomial's value at 0 from points (x, y), by Lagrange."""
    value = 0
    for i, (xi, yi) in enumerate(points):
        term = yi
        for j, (xj, _) in enumerate(points):
            if i != j:
                term = gf_mul(term, gf_mul(xj, gf_inverse(xi ^ xj)))
        value ^= term
    return value


def share_check(text):
    """The four check bytes of a share's text [ceremony.md 3]."""
    check = []
    base = 1
    for _ in range(4):
        value, power = 0, 1
        for byte in text:
            value ^= gf_mul(byte, power)
            power = gf_mul(power, base)
        check.append(value)
        base = gf_mul(base, 0x03)
    return bytes(check)


def read_share(text):
    data = bytes.fromhex(re.sub(r"[\s-]", "", text))
    demand(len(data) == 30, f"a share has 30 bytes, this has {len(data)}")
    demand(share_check(data[:26]) == data[26:], "the check bytes of a share are wrong")
    demand(data[0] >> 4 == 1, "a share of another format")
    return {
        "formal": bool(data[0] & 8),
        "suite": data[0] & 7,
        "set": data[1:5].hex(),
        "threshold": data[5] >> 4,
        "total": data[5] & 15,
        "number": data[6],
        "value": data[7:23],
        "whole": data[23:26].hex().upper(),
    }


def join_shares(suite, texts):
    """Every choice of so many shares as are needed gives the same secret."""
    shares = [read_share(text) for text in texts]
    first = shares[0]
    demand(all(share["set"] == first["set"] for share in shares), "shares of several sets")
    demand(len(shares) >= first["threshold"], "too few shares")
    secrets = set()
    for chosen in itertools.combinations(shares, first["threshold"]):
        points = [[(share["number"], share["value"][i]) for share in chosen] for i in range(16)]
        secrets.add(bytes(gf_join(column) for column in points))
    demand(len(secrets) == 1, "the shares do not agree on a secret")
    secret = secrets.pop()
    demand(check_value(suite, secret) == first["whole"], "the secret has another check value than the shares say")
    return secret


def factor(kind, number):
    """What makes a device's key of its parent: an ESAM and its MCU have no kind in it [cards.md 2]."""
    demand(number not in ("000000000000", "000000000001"), f"{number} names no device")
    return bytes([0 if kind in (ESAM, MCU) else kind, 0]) + bcd(number, 12)


class Hierarchy:
    """Root, city, device [cards.md 2]."""

    def __init__(self, suite, root, formal):
        self.suite, self.root, self.formal = suite, root, formal

    @functools.cache
    def city(self, role, region, version=1):
        if role == "transport":
            return self.root(role)
        return diversify(self.suite, self.root(role), bytes([0xC0, 0, 0, version]) + bcd(region, 8))

    @functools.cache
    def device(self, kind, role, region, number, version=1):
        return diversify(self.suite, self.city(role, region, version), factor(kind, number))

    def issuing_master(self, kind, number):
        return diversify(self.suite, self.root("master"), factor(kind, number))

    def transport(self, serial):
        return diversify(self.suite, self.root("transport"), serial)

    def of_card(self, kind, role, region, number, version):
        """The key of a role on a finished card, by the name of its kind."""
        if kind == "main-control":
            return self.root(role)
        if kind in ("psam-issuing", "esam-issuing", "psam"):
            return self.city(role, region, version)
        if kind == "esam":
            return self.device(ESAM, role, region, number, version)
        return None


# --- what the command printed ---------------------------------------------------------------------------


def load(path):
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError as error:
        raise Wrong(f"{path}: {error}") from None


def judge_province(path, keys):
    """`kdc status --json` or `kdc init --json`."""
    values = json.loads(load(path))["check_values"]
    demand(set(values) == set(ROLES), f"{path}: check values of {sorted(values)}")
    for role, value in values.items():
        mine = check_value(keys.suite, keys.root(role))
        demand(value == mine, f"{path}: root {role} has check value {value}, computed {mine}")
    return len(values)


def judge_card(path, text, keys):
    """`kdc issue-card --json`, `psam issue --json` (with the kind told by --kind), or a line of an audit log."""
    card = json.loads(text)
    about = card.get("card") if isinstance(card.get("card"), dict) else card
    values = card.get("check_values", {})
    kind = about.get("kind", "psam")
    region, number = about.get("region", about.get("city")), about["number"]
    stated = card.get("key_version")
    faults = []
    # an audit log does not say the version of a city's keys: one of them must fit them all
    for version in [stated] if stated else range(1, 10):
        count, fault = 0, None
        for role, value in values.items():
            key = keys.of_card(kind, role, region, number, version)
            if key is None:
                continue
            mine = check_value(keys.suite, key)
            if value != mine:
                fault = fault or f"{role} has check value {value}, computed {mine}"
            count += 1
        if fault is None:
            return count
        faults.append(fault)
    raise Wrong(f"{path}: {kind} {number}: {faults[0]}")


def judge_audit(path, keys):
    """An audit log: its chain [audit.md 2], and the check values of every card in it."""
    before, count, lines = bytes(32), 0, 0
    for place, line in enumerate(load(path).splitlines(), 1):
        match = re.fullmatch(r'(\{.*),"hash":"([0-9a-f]{64})"\}', line)
        demand(match, f"{path}:{place} is no line of an audit log")
        mine = hashlib.sha256(before + match[1].encode()).digest()
        demand(mine.hex() == match[2], f"{path}:{place}: the chain is broken")
        entry = json.loads(line)
        demand(entry["prev"] == before.hex() and entry["no"] == place, f"{path}:{place} does not follow")
        before, lines = mine, lines + 1
        if entry["act"] == "issue" and entry["outcome"] == "done":
            count += judge_card(f"{path}:{place}", line, keys)
    return lines, count


# --- what went over the line ------------------------------------------------------------------------------


def session(text):
    """The lines of a trace [trace.md 1], or of a session that `gridcard --json apdu --reveal` showed."""
    if not text.startswith("{"):
        return text.splitlines()
    marks = {"command": ">", "answer": "<", "atr": "="}
    lines = json.loads(text)["session"]
    return [f"{marks[line['what']]} {line['text']}" for line in lines if line["what"] in marks]


def exports(path):
    """Pairs of EXPORT KEY and its answer, GET RESPONSE followed."""
    command, data = None, b""
    for line in session(load(path)):
        mark, _, rest = line.partition(" ")
        if "hidden]" in rest or mark not in (">", "<"):
            if mark in (">", "="):
                command, data = None, b""
            continue
        sent = bytes.fromhex(rest.replace(" ", ""))
        if mark == ">":
            if sent[1:2] != b"\xc0":
                command, data = sent, b""
            continue
        data += sent[:-2]
        if sent[-2:-1] != b"\x61" and command is not None:
            if command[:2] == b"\x80\x44" and sent[-2:] == b"\x90\x00":
                yield command, data
            command = None


def masters(keys, published, target, low, place, formal):
    """The keys a field may be sealed under: the target's master that P1 means, one but for nibble 2, where the host's version is
    not told here; `formal`, the own master for a card in test state, under the transport key the chip was born with."""
    region, number, serial, version = place
    mine = published if target == TEST_ISSUING else keys
    if low in (0, 4) or formal:
        demand((serial[:2] == b"\x0f\0") == (target == MCU), f"kind {target:X} with the serial {serial.hex()}")
        return [keys.transport(serial)]
    if target in CITY_ISSUING:
        return [mine.issuing_master(target, number)]
    if low in (1, 2, 5):
        return [keys.device(target, "master", region, number, v) for v in range(1, 10)]
    return [published.device(target, "master", region, number, version or v) for v in range(1, 10)]


def judge_export(command, field, keys, published):
    """One EXPORT KEY [cards.md 7]: unwrapped with the recomputed master; MAC, head and key."""
    suite = keys.suite
    p1, code = command[2], command[3]
    target, low = p1 >> 4, p1 & 15
    data = command[5 : 5 + command[4]]
    demand(len(data) in (31, 32), f"EXPORT KEY carries {len(data)} bytes")
    challenge, header, serial = data[:8], data[8:13], data[13:21]
    number, region = data[21:27].hex(), data[27:31].hex()
    version = data[31] if len(data) == 32 else None
    demand(header[:2] == b"\x84\xd4", f"the header {header.hex()} is no WRITE KEY")
    demand(header[4] == len(field), f"the header says {header[4]} bytes, the field has {len(field)}")
    text, mac = field[:-4], field[-4:]
    staged = header[2] in (2, 3)
    formal = low == 3
    demand(header[2:4] == b"\x02\x0f" or not formal, f"a formal own master leaves with the header {header.hex()}")
    seal = bound_mac if staged else session_mac
    fitting = [
        master
        for master in masters(keys, published, target, low, (region, number, serial, version), formal)
        if seal(suite, master, challenge, header + text) == mac
    ]
    demand(fitting, f"EXPORT KEY {p1:02X} {code:02X} for {number}: no recomputed master fits the MAC")
    plain = ecb_open(suite, use_key(suite, fitting[0], "wrap") if staged else fitting[0], text)
    demand(plain[0] == 21, f"LD is {plain[0]}, it must be 21")
    head, key = plain[1:6], plain[6:22]
    padding = plain[22:]
    demand(padding == (b"\x80".ljust(len(padding), b"\0") if padding else b""), "the padding is wrong")
    row = row_of(target, code)
    demand(row, f"kind {target:X} takes no key {code:02X}")
    demand(
        all(want is None or want == found for want, found in zip(row, head)),
        f"key {code:02X} of kind {target:X} has the head {head.hex()}",
    )
    mine = published if low in (4, 5, 7) or target == TEST_ISSUING else keys
    carried = head[3] if row[3] is None else version
    versions = [carried] if carried else range(1, 10)
    role = {0: "master", PREVIOUS: "master"}.get(code) or ROLES[code - 1]
    if code == 0 and target in CITY_ISSUING:
        wanted = [mine.issuing_master(target, number)]
    elif target in CITY_ISSUING:
        wanted = [mine.city(role, region, v) for v in versions]
    elif code != 0 and target in (PSAM, TEST_CARD):
        wanted = [mine.city(role, region, v) for v in versions]
    else:
        wanted = [mine.device(target, role, region, number, v) for v in versions]
    demand(key in wanted, f"EXPORT KEY {p1:02X} {code:02X} for {number} carries another key than {role}")


def judge(args):
    suite = SUITES[args.suite]
    published = Hierarchy(suite, functools.partial(test_root, suite), False)
    secret = None
    if args.components:
        parts = [line for line in load(args.components).splitlines() if len(line.strip()) >= 32]
        secret = functools.reduce(xor, (bytes.fromhex(part.replace(" ", "")) for part in parts))
    if args.shares:
        texts = [load(path).splitlines()[0] for path in args.shares]
        restored = join_shares(suite, texts)
        demand(secret in (None, restored), "the shares restore another secret than the components join to")
        secret = restored
    transport = test_root(suite, "transport")
    if args.transport:
        # the maker's file: the root's digits, then their check value
        transport = bytes.fromhex(load(args.transport).splitlines()[0].replace(" ", ""))
    keys = published
    if secret is not None and not args.rehearsal:

        def root(role):
            return transport if role == "transport" else formal_root(suite, secret, role)

        keys = Hierarchy(suite, root, True)
    roots = sum(judge_province(path, keys) for path in args.province)
    cards = sum(judge_card(path, load(path), keys) for path in args.card)
    lines = 0
    for path in args.audit:
        more, values = judge_audit(path, keys)
        lines, cards = lines + more, cards + values
    fields = 0
    for path in args.trace:
        for command, field in exports(path):
            judge_export(command, field, keys, published)
            fields += 1
    counts = {"roots": roots, "check values of cards": cards, "audit lines": lines, "exported keys": fields}
    for asked, name in (
        (args.province, "roots"),
        (args.card, "check values of cards"),
        (args.audit, "audit lines"),
        (args.trace, "exported keys"),
    ):
        # a judge with nothing to judge has not agreed
        demand(not asked or counts[name] > 0, f"no {name} were found")
    print(", ".join(f"{count} {name}" for name, count in counts.items() if count) + ": as specified")


def self_test():
    """Known answers: GF(2^8) as FIPS 197 4.2 has it, the retail MAC against the session MAC, a share set."""
    demand(gf_mul(0x57, 0x83) == 0xC1, "GF(2^8) is wrong")
    key = bytes(range(1, 17))
    for data in (b"", b"12345678", b"some words of any length"):
        demand(session_mac(DES, key, bytes(8), data) == retail_mac(key, data)[:4], "session MAC is wrong")
    for suite in SUITES.values():
        block = bytes(range(suite.block))
        demand(ecb_open(suite, key, suite.ecb(key, block)) == block, f"{suite.name}: ECB does not open")
    print("known answers: as specified")


def main():
    parser = argparse.ArgumentParser(description="Judges the key hierarchy against docs/specs.")
    parser.add_argument("--suite", choices=SUITES)
    parser.add_argument("--components", metavar="FILE", help="what the custodians typed; without: the test root")
    parser.add_argument("--shares", metavar="FILE", nargs="+", help="shares of the secret, in place of components or beside")
    parser.add_argument("--transport", metavar="FILE", help="the transport root agreed with the card maker; without: the published one")
    parser.add_argument("--rehearsal", action="store_true", help="the secret was a rehearsal's: the roots are the test roots")
    parser.add_argument("--province", metavar="FILE", nargs="*", default=[], help="what kdc status --json printed")
    parser.add_argument("--card", metavar="FILE", nargs="*", default=[], help="what issue-card --json printed")
    parser.add_argument("--audit", metavar="FILE", nargs="*", default=[], help="audit logs")
    parser.add_argument("--trace", metavar="FILE", nargs="*", default=[], help="traces, or sessions shown with apdu --json --reveal")
    parser.add_argument("--self-test", action="store_true", help="check this judge against known answers")
    args = parser.parse_args()
    try:
        if args.self_test:
            self_test()
        elif not args.suite:
            parser.error("--suite is needed (or --self-test)")
        else:
            judge(args)
    except Wrong as wrong:
        sys.exit(f"rejected: {wrong}")


if __name__ == "__main__":
    main()
