"""Many commands to several cards at the same time, one process each: crowd.py COMMANDS KIND:SLOT:IDENTITY...

Every answer that a card gives is one that only this card can give.
"""

import multiprocessing
import sys

from card import Card, demand, passed, select, swapped


def sim(card, iccid, count):
    select(card, "3F00", "2FE2")
    sent = 2
    while sent < count:
        demand(swapped(card.send("A0B000000A")) == iccid, f"slot {card.slot}: the ICCID of another card")
        sent += 1
    return sent


def fmcos(card, identity, count):
    """A plain card: writes its identity under a growing number, reads both back."""
    card.send("00A40000023F00")
    sent, number = 1, 0
    while sent < count:
        if sent % 50 == 1:
            number += 1
            card.send(f"00D685000C{identity}{number:08X}")
            sent += 1
        data = card.send("00B085000C").hex().upper()
        demand(data == f"{identity}{number:08X}", f"slot {card.slot}: {data} of another card or command")
        demand(len(card.send("0084000008")) == 8, f"slot {card.slot}: no challenge")
        sent += 2
    return sent


def client(kind, slot, identity, count, results):
    card = Card(int(slot))
    atr = card.atr()
    sent = globals()[kind](card, identity, count)
    demand(card.atr() == atr, f"slot {slot}: the ATR of another card")
    results.put(sent)


def main():
    count, *cards = sys.argv[1:]
    results = multiprocessing.Queue()
    clients = [multiprocessing.Process(target=client, args=(*card.split(":"), int(count), results)) for card in cards]
    for each in clients:
        each.start()
    for each in clients:
        each.join()
        demand(each.exitcode == 0, "a client failed")
    sent = sum(results.get() for _ in clients)
    passed(f"{len(cards)} cards, {len(cards)} clients at the same time: {sent} commands, no answer of another card")


if __name__ == "__main__":
    main()
