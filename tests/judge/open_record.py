#!/usr/bin/env python3
"""Judges the purchase on a SIM without any code of gridcard.

From nothing but docs/specs/cards.md and docs/specs/purchase.md it derives the test keys of a meter, opens the
order (and the receipt) of an EF_SMS record, checks every field, and says what it found. Where this file and
the Rust code disagree, one of them has misread the specification.

A record file holds one line of hex: the 176 bytes of an EF_SMS record.
Exit codes: 0 all is well, 1 something does not match (in words on stderr), 2 usage.
"""

import argparse
import hashlib
import json
import sys

sys.dont_write_bytecode = True  # leave no traces in the source tree
# the files beside this one
from crypto import SUITES, Wrong, demand, device_key, tac
from record import ORDER, RECEIPT, digits, fields, moment, number, open_packet, open_record

TAR = bytes.fromhex("475243")
SPI = bytes.fromhex("1639")
ORDER_KINDS = {1: "open account", 2: "recharge", 3: "replacement SIM"}


def judge_order(record, suite, region, meter):
    status, party, data = open_record(record, receipt=False)
    kic, kid = (device_key(suite, role, region, meter) for role in ("kic", "kid"))
    packet = open_packet(data, False, suite, kic, kid)
    demand(packet["spi"] == SPI, f"SPI is {packet['spi'].hex()}, it must be {SPI.hex()}")
    demand(packet["tar"] == TAR, f"TAR is {packet['tar'].hex()}, it must be {TAR.hex()}")
    for name in ("kic", "kid"):
        demand(packet[name] == suite.key_byte, f"{name} is {packet[name]:02X}, not {suite.key_byte:02X}")
    found, _ = fields(packet["data"], 0xE1, ORDER, strict=True)
    order = {
        "status": f"{status:02X}",
        "from": party,
        "meter": digits(found[0x80], "meter number"),
        "customer": digits(found[0x81], "customer number"),
        "amount": number(found[0x82]),
        "count": number(found[0x83]),
        "issued": moment(found[0x84], "time of issue"),
        "id": found[0x85].hex().upper(),
        "kind": ORDER_KINDS.get(found[0x86][0]),
        "binding": found[0x87].hex().upper(),
        "valid until": moment(found[0x88], "valid-until time"),
        "serial": found[0x89].hex().upper(),
        "digest": hashlib.sha256(packet["data"]).hexdigest()[:16].upper(),
    }
    demand(order["kind"], f"the order's kind is {found[0x86].hex()}, which is none")
    demand(order["meter"] == meter, f"the order is for meter {order['meter']}, not {meter}")
    demand(order["count"] > 0, "the purchase count is 0; the first is 1")
    demand(packet["cntr"] == order["count"], f"CNTR is {packet['cntr']}, the count {order['count']}")
    demand(order["issued"] <= order["valid until"], "the order had run out when it was issued")
    return order


def judge_receipt(record, suite, region, meter, order):
    status, party, data = open_record(record, receipt=True)
    kic, kid, tac_key = (device_key(suite, role, region, meter) for role in ("kic", "kid", "tac"))
    packet = open_packet(data, True, suite, kic, kid)
    demand(packet["tar"] == TAR, f"TAR is {packet['tar'].hex()}, it must be {TAR.hex()}")
    demand(packet["status"] == 0, f"the response status is {packet['status']:02X}, it must be 00")
    found, signed = fields(packet["data"], 0xE2, RECEIPT, strict=False)
    demand(found[0x8E] == tac(suite, tac_key, signed), "the TAC is wrong")
    receipt = {
        "status": f"{status:02X}",
        "to": party,
        "meter": digits(found[0x80], "meter number"),
        "amount": number(found[0x82]),
        "count": number(found[0x83]),
        "id": found[0x85].hex().upper(),
        "serial": found[0x89].hex().upper(),
        "digest": found[0x8F].hex().upper(),
        "result": f"{found[0x8A][0]:02X}",
        "balance": number(found[0x8B]),
        "register": number(found[0x8C]),
        "time": moment(found[0x8D], "meter time"),
    }
    demand(packet["cntr"] == receipt["count"], f"CNTR is {packet['cntr']}, the count {receipt['count']}")
    demand(receipt["result"] == "00", f"the result is {receipt['result']}, it must be 00")
    for name in ("meter", "amount", "count", "id", "serial", "digest"):
        demand(receipt[name] == order[name], f"{name}: order has {order[name]}, receipt {receipt[name]}")
    demand(receipt["to"] == order["from"], f"the receipt goes to {receipt['to']}, not {order['from']}")
    demand(receipt["balance"] >= order["amount"], "the balance after the credit is less than the amount")
    demand(receipt["time"] <= order["valid until"], "the meter took the order after it had run out")
    return receipt


def load(path):
    try:
        with open(path, encoding="ascii") as file:
            # lines after the first say which SIM it is for or from
            return bytes.fromhex(file.readline().strip())
    except (OSError, ValueError) as error:
        raise Wrong(f"{path} is not readable as a line of hex: {error}") from None


def digits_of(count):
    def check(text):
        if len(text) != count or not (text.isascii() and text.isdecimal()):
            raise argparse.ArgumentTypeError(f"{text!r} is not {count} digits")
        return text

    return check


def arguments():
    parser = argparse.ArgumentParser(description="Judges order and receipt records against docs/specs.")
    parser.add_argument("--suite", choices=SUITES)
    parser.add_argument("--region", type=digits_of(8), default="33020000", help="8 digits (%(default)s)")
    parser.add_argument("--meter", type=digits_of(12), help="12 digits")
    parser.add_argument("--order", metavar="FILE", help="record with the order")
    parser.add_argument("--receipt", metavar="FILE", help="record with the receipt of that order")
    parser.add_argument("--expect-amount", type=int, metavar="FEN")
    parser.add_argument("--expect-count", type=int, metavar="N")
    parser.add_argument("--json", action="store_true", help="print the fields as JSON")
    parser.add_argument("--self-test", action="store_true", help="check this judge against known answers")
    args = parser.parse_args()
    if not args.self_test and not (args.suite and args.meter and args.order):
        parser.error("--suite, --meter and --order are needed (or --self-test)")
    return args


def judge(args):
    suite = SUITES[args.suite]
    result = {"order": judge_order(load(args.order), suite, args.region, args.meter)}
    order = result["order"]
    for name, wanted in (("amount", args.expect_amount), ("count", args.expect_count)):
        demand(wanted in (None, order[name]), f"the {name} is {order[name]}, expected {wanted}")
    if args.receipt:
        result["receipt"] = judge_receipt(load(args.receipt), suite, args.region, args.meter, order)
    if args.json:
        print(json.dumps(result))
        return
    for part, values in result.items():
        for name, value in values.items():
            print(f"{part:<8} {name:<12} {value}")


def main():
    args = arguments()
    try:
        if args.self_test:
            import known_answers

            known_answers.run()
        else:
            judge(args)
    except Wrong as error:
        print(f"open_record: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
