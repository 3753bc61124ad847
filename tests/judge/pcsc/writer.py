"""Writes numbers into a plain card as fast as it takes them, and keeps each that was acknowledged.

writer.py write SLOT LOG: until the card or the daemon goes; the last line of LOG is the last acknowledged number.
writer.py check SLOT LOG: the card holds that number, or the next one, whose answer nobody heard.
"""

import sys

from card import Card, demand, passed


def write(card, log):
    card.send("00A40000023F00")
    number = int.from_bytes(card.send("00B0850004"), "big")
    with open(log, "w", buffering=1) as file:
        while True:
            number = (number + 1) & 0x7FFFFFFF
            try:
                data, sw = card.raw(f"00D6850004{number:08X}")
            except Exception as error:  # the end we wait for
                print(f"client: {error}", file=sys.stderr)
                return
            demand(sw == 0x9000, f"UPDATE BINARY answered {sw:04X}")
            file.write(f"{number}\n")


def check(card, log):
    lines = open(log).read().split()
    demand(len(lines) > 20, f"{len(lines)} writes only before the end")
    last = int(lines[-1])
    card.send("00A40000023F00")
    holds = int.from_bytes(card.send("00B0850004"), "big")
    demand(holds in (last, last + 1), f"acknowledged was {last}, the card holds {holds}")
    passed(f"after {len(lines)} writes and the end in the midst of them, the card holds "
           + ("the last acknowledged one" if holds == last else "the one that was under way"))


if __name__ == "__main__":
    act, slot, log = sys.argv[1:]
    globals()[act](Card(int(slot)), log)
