#!/usr/bin/env python3
"""Finds a SIM in any PC/SC reader and shows its ICCID, its IMSI and what stands in its message records. Needs pyscard."""

from smartcard.System import readers
from smartcard.util import toHexString

STATES = {0x00: "free", 0x01: "read", 0x03: "unread", 0x05: "sent", 0x07: "to be sent"}


def select(card, *path):
    for fid in path:
        _, sw1, length = card.transmit([0xA0, 0xA4, 0x00, 0x00, 0x02, fid >> 8, fid & 0xFF])
    return card.transmit([0xA0, 0xC0, 0x00, 0x00, length])[0] if sw1 == 0x9F else None


def read(card, *command):
    data, sw1, sw2 = card.transmit([0xA0, *command])
    return data if sw1 == 0x90 else exit(f"the SIM answers {sw1:02X}{sw2:02X}" + " (a PIN is on)" * (sw1 == 0x98))


def digits(data):
    return "".join(f"{byte & 15:X}{byte >> 4:X}" for byte in data).rstrip("F")


for reader in readers():
    card = reader.createConnection()
    try:
        card.connect()
    except Exception:  # nothing in this reader
        continue
    if select(card, 0x3F00, 0x2FE2) is None:
        continue  # not a SIM
    print("reader", reader, "ATR", toHexString(card.getATR()))
    print("ICCID ", digits(read(card, 0xB0, 0, 0, 10)))
    select(card, 0x3F00, 0x7F20, 0x6F07)
    print("IMSI  ", digits(read(card, 0xB0, 0, 0, 9)[1:])[1:])
    sms = select(card, 0x3F00, 0x7F10, 0x6F3C)
    for number in range(1, (sms[2] << 8 | sms[3]) // sms[14] + 1):
        status = read(card, 0xB2, number, 0x04, sms[14])[0]
        print(f"message {number:2}", STATES.get(status, f"state {status:02X}"))
