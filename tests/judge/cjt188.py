"""A reader of CJ/T 188 meters of its own, written from the protocol's frames alone, before our gas meter.

Usage: cjt188.py --self-test
       cjt188.py LINE METER SHOW.json VALVE
LINE is HOST:PORT or the path of a terminal; SHOW.json what `meter show --json` says; VALVE what the valve is to be: open, closed, or stuck."""

import json
import os
import select
import socket
import sys
import time
import tty

GAS, WATER = 0x30, 0x10
READ, ADDRESS, WRITE = 0x01, 0x03, 0x04
# bits 1 and 0 of the state; 11 is a valve that does not move
STATES = {"open": 0, "closed": 1, "stuck": 3}


def frame(kind, address, control, data):
    """68 T A0..A6 C L DATA CS 16; the address as it is read, most significant byte first."""
    body = bytes([0x68, kind]) + address[::-1] + bytes([control, len(data)]) + data
    return body + bytes([sum(body) % 256, 0x16])


def parse(raw):
    """Kind, address, control, DATA of the one frame in these bytes."""
    raw = raw.lstrip(b"\xfe")
    assert raw[0] == 0x68 and raw[-1] == 0x16, raw.hex()
    assert len(raw) == 13 + raw[10], (len(raw), raw[10])
    assert sum(raw[:-2]) % 256 == raw[-2], "sum"
    return raw[1], raw[2:9][::-1], raw[9], raw[11:-2]


def number(field):
    """Packed digits, least significant byte first."""
    digits = field[::-1].hex()
    assert digits.isdigit(), digits
    return int(digits)


def self_test():
    water = bytes.fromhex("FEFEFEFE6810443322110033780103 1F9000 8016")
    kind, address, control, data = parse(water)
    assert (kind, control, data.hex()) == (WATER, READ, "1f9000")
    assert frame(kind, address, control, data) == water[4:]
    heat = bytes.fromhex("682032413140000000 0103 901F01 2016")
    kind, address, control, data = parse(heat)
    assert (kind, control, data.hex()) == (0x20, READ, "901f01")
    assert frame(kind, address, control, data) == heat
    assert number(bytes.fromhex("56341200")) == 123456
    print("the known requests of a water and a heat meter are read and made")


class Line:
    def __init__(self, place):
        if "/" in place:
            self.file = os.open(place, os.O_RDWR | os.O_NOCTTY)
            tty.setraw(self.file)
        else:
            host, port = place.rsplit(":", 1)
            self.socket = socket.create_connection((host, int(port)), 10)
            self.file = self.socket.fileno()

    def ask(self, request, patience=10.0):
        """What comes back within so many seconds; nothing when that is nothing."""
        os.write(self.file, request)
        found, until = b"", time.monotonic() + patience
        while time.monotonic() < until:
            ready, _, _ = select.select([self.file], [], [], max(0.0, until - time.monotonic()))
            if not ready:
                break
            found += os.read(self.file, 512)
            start = found.find(b"\x68")
            if start >= 0 and len(found) > start + 10 and len(found) >= start + 13 + found[start + 10]:
                return found[start : start + 13 + found[start + 10]]
        assert not found, found.hex()
        return None


def judge(place, meter, show, valve):
    line, call = Line(place), b"\xfe" * 24
    # a meter on a pipe sleeps: with the short preamble of the protocol there is silence
    anybody = bytes([0xAA] * 7)
    read = frame(GAS, anybody, READ, bytes([0x1F, 0x90, 1]))
    if "--asleep" in sys.argv:
        assert line.ask(b"\xfe" * 4 + read, 2.0) is None, "it answers in its sleep"
        print("asleep it says nothing")
    kind, own, control, data = parse(line.ask(call + frame(GAS, anybody, ADDRESS, bytes([0x0A, 0x81, 2]))))
    assert (kind, control, data) == (GAS, 0x83, bytes([0x0A, 0x81, 2])), (kind, control, data.hex())
    # ours: A6 is 00, and twelve digits stand below it
    assert own.hex() == "00" + meter, own.hex()
    for about in (bytes([0x1F, 0x90]), bytes([0x90, 0x1F])):
        kind, address, control, data = parse(line.ask(frame(GAS, own, READ, about + b"\x03")))
        assert (kind, address, control, len(data)) == (GAS, own, 0x81, 0x16)
        assert data[:3] == about + b"\x03", "identifier as it was asked, and the number"
        current, unit, settled, settled_unit = data[3:7], data[7], data[8:12], data[12]
        assert number(current) == show["register_hundredths_m3"], (number(current), show)
        assert unit == settled_unit == 0x2C and number(settled) <= number(current)
        second, minute, hour, day, month, low, century = (number(data[i : i + 1]) for i in range(13, 20))
        assert (century, 1 <= month <= 12, 1 <= day <= 31) == (20, True, True), low
        assert hour < 24 and minute < 60 and second < 60
        state = data[20:22]
        assert state[0] & 3 == STATES[valve], state.hex()
        assert bool(state[0] & 4) == (show["battery_mv"] <= 3000)
        # ours, of the maker's byte: what locks it
        for bit, lock in ((0, "magnet"), (1, "silence"), (4, "leak")):
            assert bool(state[1] & 1 << bit) == (show["locked"] == lock), (state.hex(), show["locked"])
    volume = number(current) / 100
    # price, and what was bought
    data = parse(line.ask(frame(GAS, own, READ, bytes([0x02, 0x81, 4]))))[3]
    assert number(data[3:6]) * 100 == show["price_hundredths_fen"], data.hex()
    data = parse(line.ask(frame(GAS, own, READ, bytes([0x05, 0x81, 5]))))[3]
    count, last, total, rest = data[3], number(data[4:8]), number(data[8:12]), number(data[12:16])
    assert (count, total) == (show["count"] % 256, show["total_credited_fen"]), data.hex()
    assert rest == show["balance_fen"] and last <= total, (rest, show)
    # a command to the valve as the protocol has it, without a proof: refused, and nothing moves
    for act in (0x55, 0x99):
        kind, address, control, data = parse(line.ask(frame(GAS, own, WRITE, bytes([0x17, 0xA0, 6, act]))))
        assert (control, len(data), data[0]) == (0xC4, 3, 6), (control, data.hex())
    # 20 bytes of nobody are no proof
    control = parse(line.ask(frame(GAS, own, WRITE, bytes([0x17, 0xA0, 7]) + bytes(range(20)))))[2]
    assert control == 0xC4, control
    # prices, keys and the address are not anybody's to write
    for function, about in ((WRITE, 0xA010), (WRITE, 0xA014), (0x15, 0xA018), (0x16, 0xA016)):
        request = frame(GAS, own, function, about.to_bytes(2, "little") + bytes([8, 1, 2, 3]))
        assert parse(line.ask(request))[2] == 0xC0 | function, hex(about)
    data = parse(line.ask(frame(GAS, own, READ, bytes([0x1F, 0x90, 9]))))[3]
    assert data[20] & 3 == STATES[valve], "the valve moved"
    # another meter's frame, and one with a wrong sum
    other = bytes([0, 9, 9, 9, 9, 9, 9])
    assert line.ask(frame(GAS, other, READ, bytes([0x1F, 0x90, 1])), 1.5) is None
    spoiled = bytearray(read)
    spoiled[-2] ^= 1
    assert line.ask(bytes(spoiled), 1.5) is None
    print(f"meter {meter}: {volume:.2f} m3, {rest / 100:.2f} yuan left, valve {valve}; no command without a proof is taken")


if sys.argv[1] == "--self-test":
    self_test()
else:
    judge(sys.argv[1], sys.argv[2], json.load(open(sys.argv[3])), sys.argv[4])
