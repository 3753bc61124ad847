"""Watches a slot while `gridcard slot` works on it: slots.py SLOT GRIDCARD CONTROL."""

import subprocess
import sys

from card import Card, demand, passed
from smartcard.scard import (
    SCARD_SCOPE_USER, SCARD_STATE_EMPTY, SCARD_STATE_PRESENT, SCARD_STATE_UNAWARE, SCardEstablishContext,
    SCardGetStatusChange, SCardListReaders,
)


def main():
    slot, gridcard, control = sys.argv[1:]
    _, context = SCardEstablishContext(SCARD_SCOPE_USER)
    _, names = SCardListReaders(context, [])
    reader = next(name for name in names if name.endswith(f"00 {int(slot):02X}"))

    def gives(verb):
        done = subprocess.run([gridcard, "slot", verb, slot, "--control", control], capture_output=True, text=True)
        demand(done.returncode == 0, f"slot {verb}: {done.stderr}")

    def seen(flag, words):
        state = SCARD_STATE_UNAWARE
        for _ in range(100):
            _, [(_, state, _)] = SCardGetStatusChange(context, 100, [(reader, state)])
            if state & flag:
                return
        sys.exit(f"error: slot {slot}: {words} is not seen: state {state:X}")

    challenge = "0084000008"
    card = Card(int(slot))
    card.send("00A40000023F00")
    card.send("00B0850004")
    current = "00B0000004"
    card.send(current)
    gives("reset")
    _, sw = card.raw(current)
    demand(sw == 0x6A82, f"after a reset a file is still current: {sw:04X}")
    gives("remove")
    try:
        card.send(challenge)
    except Exception:
        pass
    else:
        sys.exit("error: a card that was taken out answers")
    seen(SCARD_STATE_EMPTY, "the removal")
    gives("insert")
    seen(SCARD_STATE_PRESENT, "the insertion")
    card.connect()
    card.send(challenge)
    gives("cycle")
    try:
        card.send(challenge)
    except Exception:
        pass
    else:
        sys.exit("error: a power cycle is not noticed")
    seen(SCARD_STATE_PRESENT, "the card after a power cycle")
    card.connect()
    card.send(challenge)
    passed("slot reset, remove, insert and cycle: PC/SC sees the card lose its state, go, come, go and come")


if __name__ == "__main__":
    main()
