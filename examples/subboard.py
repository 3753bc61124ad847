#!/usr/bin/env python3
"""A sub-board of a meter: brings an order's file and writes the receipt's file beside it [docs/specs/subboard.md].

Usage: subboard.py DEVICE ORDER-FILE"""

import os, select, sys, termios, time, tty
from binascii import crc_hqx

REFUSED = {1: "unknown type", 2: "say hello first", 3: "another version", 4: "bad payload", 5: "not announced"}


class Meter:
    def __init__(self, device):
        self.line, self.sequence, self.heard = os.open(device, os.O_RDWR | os.O_NOCTTY), 0, b""
        tty.setraw(self.line)
        modes = termios.tcgetattr(self.line)
        modes[4] = modes[5] = termios.B9600
        termios.tcsetattr(self.line, termios.TCSANOW, modes)

    def frame(self):
        """The next good frame in what was heard: type, sequence, payload."""
        while (at := self.heard.find(b"\xa5")) >= 0:
            self.heard = self.heard[at:]
            end = 5 + int.from_bytes(self.heard[1:3], "big") if len(self.heard) > 4 else 5
            if end <= 1029 and len(self.heard) < end + 2:
                return None
            body = self.heard[1:end]
            if end <= 1029 and crc_hqx(body, 0xFFFF) == int.from_bytes(self.heard[end : end + 2], "big"):
                self.heard = self.heard[end + 2 :]
                return body[2], body[3], body[4:]
            self.heard = self.heard[1:]

    def ask(self, kind, payload):
        """Asks, as often as the page says; gives what follows the result."""
        self.sequence = self.sequence % 255 + 1
        body = len(payload).to_bytes(2, "big") + bytes([kind, self.sequence]) + payload
        for _ in range(4):
            os.write(self.line, b"\xa5" + body + crc_hqx(body, 0xFFFF).to_bytes(2, "big"))
            until = time.monotonic() + 12
            while select.select([self.line], [], [], max(0, until - time.monotonic()))[0]:
                self.heard += os.read(self.line, 512)
                while found := self.frame():
                    if found[:2] == (kind | 0x80, self.sequence):
                        result, rest = found[2][0], found[2][1:]
                        if result == 6:
                            time.sleep(1)
                            return self.ask(kind, payload)
                        why = f"the order is refused, error {rest[0]}" if result == 0x10 else REFUSED.get(result)
                        return rest if result == 0 else sys.exit(f"meter: {why or hex(result)}")
        sys.exit("the meter does not answer")


device, order = sys.argv[1:]
meter = Meter(device)
hello = meter.ask(1, bytes([1, 1, 1, 1]))  # version 1, storage, orders
receipt = meter.ask(3, open(order, "rb").read())
print("meter", hello[1:7].hex(), "gave", f"a receipt of {len(receipt)} bytes" if receipt else "no receipt")
if receipt:
    open(order.rsplit(".", 1)[0] + ".receipt", "wb").write(receipt)
