"""Measures round trips of short commands to two cards in turn: round_trip.py COUNT OURS TRIVIAL [COMMAND...].

Prints `command median-of-ours median-of-trivial` in microseconds, a line a command. Talks to the PC/SC library directly, so
that both cards pay the same for the client.
"""

import statistics
import sys
import time

sys.dont_write_bytecode = True  # leave no traces in the source tree

from smartcard import scard


def connect(context, slot):
    _, names = scard.SCardListReaders(context, [])
    name = next(name for name in names if name.endswith(f"00 {slot:02X}"))
    code, card, protocol = scard.SCardConnect(
        context, name, scard.SCARD_SHARE_SHARED, scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1)
    if code:
        sys.exit(f"error: {name}: {scard.SCardGetErrorMessage(code)}")
    return card, scard.SCARD_PCI_T0 if protocol == scard.SCARD_PROTOCOL_T0 else scard.SCARD_PCI_T1


def exchange(card, command):
    begun = time.perf_counter_ns()
    code, answer = scard.SCardTransmit(card[0], card[1], command)
    took = time.perf_counter_ns() - begun
    if code or answer[-2:] != [0x90, 0x00]:
        sys.exit(f"error: {bytes(command).hex()}: {scard.SCardGetErrorMessage(code)}, {answer}")
    return took / 1000


def main():
    count, ours, trivial, *commands = sys.argv[1:]
    _, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
    cards = [connect(context, int(slot)) for slot in (ours, trivial)]
    for text in commands:
        command = list(bytes.fromhex(text))
        times = ([], [])
        for turn in range(int(count) + 50):
            for card, taken in zip(cards, times):
                took = exchange(card, command)
                if turn >= 50:  # both are warm by then
                    taken.append(took)
        print(text, *(f"{statistics.median(taken):.1f}" for taken in times))


if __name__ == "__main__":
    main()
