#!/usr/bin/env python3
"""Finds a SIM in any PC/SC reader and shows its ICCID, its IMSI and the state of its messages. Needs pyscard."""

from smartcard.System import readers
from smartcard.util import toHexString

STATES = {0x00: "free", 0x01: "read", 0x03: "unread", 0x05: "sent", 0x07: "to be sent"}


def select(card, *path):
    for fid in path:
        data, sw1, sw2 = card.transmit([0xA0, 0xA4, 0x00, 0x00, 0x02, fid >> 8, fid & 0xFF])
    return card.transmit([0xA0, 0xC0, 0x00, 0x00, sw2])[0] if sw1 == 0x9F else None


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
    print("ICCID ", digits(card.transmit([0xA0, 0xB0, 0, 0, 10])[0]))
    select(card, 0x3F00, 0x7F20, 0x6F07)
    print("IMSI  ", digits(card.transmit([0xA0, 0xB0, 0, 0, 9])[0][1:])[1:])
    sms = select(card, 0x3F00, 0x7F10, 0x6F3C)
    for number in range(1, (sms[2] << 8 | sms[3]) // sms[14] + 1):
        status = card.transmit([0xA0, 0xB2, number, 0x04, sms[14]])[0][0]
        print(f"message {number:2}", STATES.get(status, f"state {status:02X}"))
