"""Carries EF_SMS records on and off a SIM in a reader: messages.py write SLOT FILE | read SLOT STATUS FILE."""

import sys

from card import Card, demand, passed, sms_file


def write(card, path):
    """As a phone stores a message: into the first free record."""
    record = open(path).readline().strip()
    records, length = sms_file(card)
    demand(len(record) == 2 * length, f"{path} holds no record of {length} bytes")
    for number in range(1, records + 1):
        if card.send(f"A0B2{number:02X}04{length:02X}")[0] == 0:
            card.send(f"A0DC{number:02X}04{length:02X}{record}")
            demand(card.send(f"A0B2{number:02X}04{length:02X}").hex().upper() == record.upper(), "written otherwise")
            return passed(f"pyscard writes the order into record {number} of EF_SMS, and reads it back")
    sys.exit("error: no record is free")


def read(card, status, path):
    """As a phone finds a message: by its status."""
    _, length = sms_file(card)
    number = card.send(f"A0A2001001{status}")[0]
    with open(path, "w") as file:
        file.write(card.send(f"A0B2{number:02X}04{length:02X}").hex().upper() + "\n")
    passed(f"pyscard finds a message of status {status} in record {number} and reads it")


if __name__ == "__main__":
    act, slot, *arguments = sys.argv[1:]
    globals()[act](Card(int(slot)), *arguments)
