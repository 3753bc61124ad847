#!/usr/bin/env python3
"""Meters that call a payment server, many in one process, written from docs/specs/netmeter.md 2 and docs/specs/dlt645.md 1 alone: they log in, say
their number when they are asked for it, and say that they are there.

Usage: netmeters.py HOST:PORT FIRST-NUMBER COUNT
Prints one line once all of them are in, with the seconds it took, then answers each line of stdin by a heartbeat of all, with the seconds of that."""

import asyncio
import sys
import time


def summed(user):
    return user + bytes([sum(user) & 0xFF, 0x16])


class Meter:
    def __init__(self, number):
        self.number = bytes.fromhex(number)[::-1]
        self.sequence = 0

    def link(self, fn, data=b""):
        """Login 1, logout 2, heartbeat 4."""
        self.sequence = (self.sequence + 1) % 16
        user = bytes([0xC9]) + self.number[:4] + bytes([0, 2, 0x70 | self.sequence, 0, 0, fn, 0]) + data
        length = (len(user) << 2 | 2).to_bytes(2, "little")
        return b"\x68" + length * 2 + b"\x68" + summed(user)

    def says_number(self):
        data = bytes(byte + 0x33 & 0xFF for byte in self.number)
        return summed(b"\x68" + self.number + bytes([0x68, 0x93, len(data)]) + data)

    async def frame(self):
        """The next frame: whether it is one of the link, and its bytes."""
        while await self.reader.readexactly(1) != b"\x68":
            pass
        head = await self.reader.readexactly(7)
        if head[0:2] == head[2:4] and head[4] == 0x68 and head[5] in (0xC9, 0x0B):
            rest = await self.reader.readexactly((int.from_bytes(head[:2], "little") >> 2) - 2 + 2)
            user, check = head[5:] + rest[:-2], rest[-2]
            assert sum(user) & 0xFF == check and rest[-1] == 0x16, (head + rest).hex()
            return True, user
        assert head[6] == 0x68, head.hex()
        more = await self.reader.readexactly(2)
        rest = await self.reader.readexactly(more[1] + 2)
        whole = b"\x68" + head + more + rest
        assert sum(whole[:-2]) & 0xFF == rest[-2] and rest[-1] == 0x16, whole.hex()
        return False, whole

    async def until_confirmed(self):
        while True:
            of_link, frame = await self.frame()
            if not of_link:
                assert frame[8] == 0x13, frame.hex()
                self.writer.write(self.says_number())
            elif frame[0] == 0x0B:
                assert frame[6:8] == bytes([0, 0x60 | self.sequence]) and frame[1:5] == self.number[:4], frame.hex()
                return

    async def login(self, host, port):
        self.reader, self.writer = await asyncio.open_connection(host, port, limit=1024)
        self.writer.write(self.link(1, self.number))
        await self.until_confirmed()

    async def beat(self):
        self.writer.write(self.link(4))
        await self.until_confirmed()


async def main(place, first, count):
    host, port = place.rsplit(":", 1)
    meters = [Meter(f"{int(first) + n:012}") for n in range(int(count))]
    begun = time.monotonic()
    await asyncio.gather(*(meter.login(host, int(port)) for meter in meters))
    print(f"{time.monotonic() - begun:.2f}", flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        begun = time.monotonic()
        await asyncio.gather(*(meter.beat() for meter in meters))
        print(f"{time.monotonic() - begun:.2f}", flush=True)


asyncio.run(main(*sys.argv[1:]))
