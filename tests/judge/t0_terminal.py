#!/usr/bin/env python3
"""A T=0 terminal of its own, which drives our cards character by character over a pseudo terminal and a socket.

Written from docs/specs/line.md, docs/specs/sim.md and docs/specs/cards.md alone; the standard library is all it needs.

    t0_terminal.py GRIDCARD WORKDIR

GRIDCARD is the command, WORKDIR an empty folder for the cards it makes. Exit code 0 when every card answered as
the pages say.
"""

import os
import select
import socket
import subprocess
import sys
import termios
import time
import tty
from pathlib import Path

PATIENCE = 10.0
NULL = 0x60


class Mute(Exception):
    """The card did not answer in time."""


class Pipe:
    """One byte a character; `inverse` cards are read as a plain UART reads them and turned here."""

    inverse = False

    def turn(self, byte):
        if not self.inverse:
            return byte
        return int(f"{byte:08b}"[::-1], 2) ^ 0xFF

    def send(self, data):
        self.write(bytes(self.turn(byte) for byte in data))

    def take(self, patience=PATIENCE):
        ready, _, _ = select.select([self.handle], [], [], patience)
        if not ready:
            raise Mute
        got = self.read()
        if not got:
            raise Mute
        return got[0]

    def receive(self, count=1):
        return bytes(self.turn(self.take()) for _ in range(count))

    def silent(self, seconds=0.2):
        try:
            return self.take(seconds) is None
        except Mute:
            return True


class Pty(Pipe):
    def __init__(self, device):
        self.device = device
        self.open()

    def open(self):
        self.handle = os.open(self.device, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self.handle)

    def write(self, data):
        os.write(self.handle, data)

    def read(self):
        return os.read(self.handle, 1)

    def speed(self, speed):
        modes = termios.tcgetattr(self.handle)
        modes[4] = modes[5] = speed
        termios.tcsetattr(self.handle, termios.TCSANOW, modes)

    def warm_reset(self):
        self.speed(termios.B0)
        time.sleep(0.1)
        termios.tcflush(self.handle, termios.TCIFLUSH)
        self.speed(termios.B9600)

    def close(self):
        os.close(self.handle)
        time.sleep(0.1)

    def again(self):
        return None


class Tcp(Pipe):
    def __init__(self, address):
        host, port = address.rsplit(":", 1)
        self.address = (host, int(port))
        self.open()

    def open(self):
        self.handle = socket.create_connection(self.address, PATIENCE)

    def write(self, data):
        self.handle.sendall(data)

    def read(self):
        return self.handle.recv(1)

    def warm_reset(self):
        self.handle.send(b"R", socket.MSG_OOB)

    def close(self):
        self.handle.close()
        time.sleep(0.1)

    def again(self):
        self.handle.send(b"E", socket.MSG_OOB)
        return self.receive()[0]


class Terminal:
    """T=0 over a pipe."""

    def __init__(self, pipe):
        self.pipe = pipe
        self.nulls = self.singles = 0
        self.atr = self.read_atr()

    def read_atr(self):
        self.pipe.inverse = False
        ts = self.pipe.receive()[0]
        if ts == 0x03:
            self.pipe.inverse, ts = True, 0x3F
        assert ts in (0x3B, 0x3F), f"TS is {ts:02X}"
        atr = [ts, self.pipe.receive()[0]]
        follows, historical, check = atr[1] >> 4, atr[1] & 15, False
        while follows:
            for bit in range(3):
                if follows >> bit & 1:
                    atr += self.pipe.receive()
            if not follows & 8:
                break
            atr += self.pipe.receive()
            follows, check = atr[-1] >> 4, check or atr[-1] & 15 != 0
        atr += self.pipe.receive(historical)
        if check:
            atr += self.pipe.receive()
            total = 0
            for byte in atr[1:]:
                total ^= byte
            assert total == 0, "TCK"
        return bytes(atr)

    def pps(self, *request):
        request = [0xFF, *request]
        total = 0
        for byte in request:
            total ^= byte
        self.pipe.send([*request, total])
        answer = self.pipe.receive(2)
        return answer + self.pipe.receive(1 + bin(answer[1] >> 4 & 7).count("1"))

    def tpdu(self, header, data=b""):
        """One exchange: data and status word."""
        header = bytes.fromhex(header)
        assert len(header) == 5
        ins, p3 = header[1], header[4]
        self.pipe.send(header)
        got, given = b"", 0
        while True:
            procedure = self.pipe.receive()[0]
            if procedure == NULL:
                self.nulls += 1
            elif procedure in (ins, ins ^ 0xFF):
                one = procedure != ins
                self.singles += one
                if data:
                    part = data[given : given + 1] if one else data[given:]
                    assert part, "asked for data beyond the end"
                    self.pipe.send(part)
                    given += len(part)
                else:
                    got += self.pipe.receive(1 if one else (p3 or 256) - len(got))
            elif procedure >> 4 in (6, 9):
                self.last = self.pipe.receive()[0]
                return got, procedure << 8 | self.last
            else:
                raise AssertionError(f"{procedure:02X} is no procedure byte of {ins:02X}")

    def apdu(self, header, data=""):
        """Follows 61xx, 9Fxx and 6Cxx to the whole answer."""
        data = bytes.fromhex(data)
        got, sw = self.tpdu(header + f"{len(data):02X}" if data else header, data)
        if sw >> 8 == 0x6C:
            got, sw = self.tpdu(header[:8] + f"{sw & 255:02X}")
        while sw >> 8 in (0x61, 0x9F):
            cla = "A0" if header.startswith("A0") else "00"
            more, sw = self.tpdu(f"{cla}C00000{sw & 255:02X}")
            got += more
        return got.hex().upper(), f"{sw:04X}"

    def ok(self, header, data=""):
        got, sw = self.apdu(header, data)
        assert sw == "9000", f"{header} {data}: {sw}"
        return got

    def refused(self, sw, header, data=""):
        got = self.apdu(header, data)
        assert got == ("", sw), f"{header} {data}: {got}, not {sw}"


def sim(terminal, mark):
    """EF_ICCID, EF_IMSI and the messages of the demo's SIM; writes one of the user's and reads it back."""
    assert terminal.atr[:2] in (b"\x3b\x0a", b"\x3f\x0a") and terminal.atr.endswith(b"GRIDCARD")
    terminal.refused("6E00", "00A40004", "3F00")
    assert terminal.ok("A0A40000", "3F00")[8:14] == "3F0001"
    answer = terminal.ok("A0A40000", "2FE2")
    assert answer[4:8] == "000A" and answer[12:14] == "04"
    assert terminal.ok("A0B000000A").startswith("98")
    terminal.refused("670A", "A0B0000010")
    terminal.ok("A0A40000", "7F20")
    terminal.ok("A0A40000", "6F07")
    assert terminal.ok("A0B0000009").startswith("08")
    terminal.refused("9404", "A0A40000", "7FE0")
    terminal.ok("A0A40000", "7F10")
    answer = terminal.ok("A0A40000", "6F3C")
    length, records = int(answer[28:30], 16), int(answer[4:8], 16) // 176
    assert length == 176 and records >= 10
    record = f"010891683108504705F0040B918196785634F2000062112280350023{mark:02X}"
    record += "FF" * (176 - len(record) // 2)
    terminal.ok(f"A0DC{records:02X}04", record)
    assert terminal.ok(f"A0B2{records:02X}04B0") == record
    assert terminal.ok("A0A20010", "01089168") == f"{records:02X}"
    terminal.refused("9404", "A0A20010", "0707")
    terminal.refused("6D00", "A0FE000000")
    terminal.refused("6D00", "A0FE0000", "0102")
    terminal.refused("6E00", "FFA40000", "3F00")


def esam(terminal, mark):
    """The demo's ESAM: card information, purse, and what stands closed."""
    assert terminal.atr[:5] == bytes.fromhex("3B69000043") or terminal.atr[0] == 0x3F
    fci = terminal.ok("00A40000", "3F00")
    assert fci.startswith("6F")
    info = terminal.ok("00B095001E")
    assert len(info) == 60 and info[16:18] == "05", info
    assert terminal.ok("00B0950000").startswith(info[:60])
    assert len(terminal.ok("0084000008")) == 16
    assert len(terminal.ok("00B2010C04")) == 8
    # Its own files have no short identifier: 07 is the field's report of its meter, free to write, and 06 no file of an ESAM.
    terminal.ok("00D68700", f"{mark:02X}" * 20)
    assert terminal.ok("00B0870014") == f"{mark:02X}" * 20
    terminal.refused("6A82", "00D68600", f"{mark:02X}" * 20)
    terminal.ok("00A40000", "5007")
    terminal.refused("6982", "00D60000", f"{mark:02X}" * 20)
    # A finished card is closed, whoever asks.
    terminal.refused("6985", "800E000000")
    terminal.refused("6985", "80E05001", "280010F0F0FFFF")
    terminal.refused("6985", "80D40105", "3AF0EFAA33" + "00" * 8)
    terminal.refused("6982", "80C20000", "D1" + "00" * 30)
    assert len(terminal.ok("00880002", "0011223344556677")) == 16
    terminal.refused("6D00", "80FE000000")
    terminal.refused("6E00", "12A4000002")


def fmcos(terminal, mark):
    """A plain card: a file is made, written by the longest command there is, and read."""
    terminal.ok(f"80E000{mark:02X}", "2800F0F0F0FFFF")
    terminal.ok("00A40000", f"00{mark:02X}")
    terminal.ok("00D60000", f"{mark:02X}" * 239)
    assert terminal.ok("00B00000EF") == f"{mark:02X}" * 239
    assert terminal.ok("00A40000", "3F00").startswith("6F")
    terminal.refused("6985", "00C0000005")


def serve(gridcard, card, *options):
    """Starts the line; gives the process and the pipe's name."""
    line = subprocess.Popen(
        [gridcard, "card", "line", str(card), *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    return line, line.stdout.readline().strip()


def drive(gridcard, card, talk, pipe, options=(), mark=1):
    where = ["--pty"] if pipe is Pty else ["--listen", "127.0.0.1:0"]
    line, name = serve(gridcard, card, *where, "--terminals", "2", *options)
    try:
        first = pipe(name)
        terminal = Terminal(first)
        assert terminal.pps(0x10, 0x11)[:2] == b"\xff\x10"
        talk(terminal, mark)
        again = first.again()
        if again is not None:
            assert again == terminal.last, "the last character again is the second of a status word"
        # In the midst of a command: a reset, and everything is as after the first one.
        first.send(bytes.fromhex("A0A40000"))
        first.warm_reset()
        warm = Terminal(first)
        assert warm.atr == terminal.atr
        # A request that makes no sense is passed over, and a card that waits for more says nothing.
        first.send(bytes.fromhex("FF107B00"))
        assert first.silent()
        talk(warm, mark + 1)
        counts = terminal.nulls + warm.nulls, terminal.singles + warm.singles
        first.close()
        # The next terminal finds what the first one wrote.
        second = pipe(name)
        cold = Terminal(second)
        talk(cold, mark + 2)
        second.close()
        assert line.wait(PATIENCE) == 0, line.stderr.read()
        return counts
    finally:
        if line.poll() is None:
            line.kill()
            line.wait()


def main(gridcard, work):
    work = Path(work)
    home = work / "home"
    run = lambda *arguments: subprocess.run([gridcard, *arguments], check=True, stdout=subprocess.DEVNULL)
    run("demo", "--meters", "1", "--seed", "7", "--home", str(home))
    plain = work / "plain.card"
    run("card", "new", str(plain), "--blank", "--t0")
    (sim_card,) = home.glob("sims/*.card")
    (esam_card,) = home.glob("meters/*/esam.card")
    trace = work / "characters.txt"
    for card, talk in ((sim_card, sim), (esam_card, esam), (plain, fmcos)):
        for number, pipe in enumerate((Pty, Tcp)):
            counts = drive(gridcard, card, talk, pipe, mark=0x10 * (number + 1))
            assert counts == (0, 0), "no NULL and no byte by itself unless asked for"
            nulls, singles = drive(
                gridcard,
                card,
                talk,
                pipe,
                ("--nulls", "2", "--singly", "3", "--inverse", "--trace-characters", str(trace)),
                mark=0x30 + 0x10 * number,
            )
            assert nulls > 20 and singles > 10, (nulls, singles)
            print(f"{card.name} over {pipe.__name__.lower()}: as specified")
    pace(gridcard, sim_card)
    secrets(gridcard, sim_card, work / "secret.txt")
    lines = trace.read_text().splitlines()
    assert len(lines) > 5000 and any(" > A0 header" in line for line in lines)


def pace(gridcard, card):
    """At the pace of the line a record of 176 bytes takes 176 times 12 etu and more, which are 220 ms."""
    line, name = serve(gridcard, card, "--listen", "127.0.0.1:0", "--terminals", "1", "--realtime")
    pipe = Tcp(name)
    terminal = Terminal(pipe)
    terminal.ok("A0A40000", "7F10")
    terminal.ok("A0A40000", "6F3C")
    begun = time.monotonic()
    assert len(terminal.ok("A0B20104B0")) == 352
    took = time.monotonic() - begun
    pipe.close()
    assert line.wait(PATIENCE) == 0
    assert took > 0.22, f"{took:.3f} s for 176 bytes"
    print(f"READ RECORD at the pace of the line: {took * 1000:.0f} ms (230.8 and what the machine adds)")


def secrets(gridcard, card, trace):
    """A CHV that is tried stands in no trace of characters."""
    line, name = serve(gridcard, card, "--listen", "127.0.0.1:0", "--terminals", "1", "--trace-characters", str(trace))
    pipe = Tcp(name)
    terminal = Terminal(pipe)
    got = terminal.apdu("A0200002", "30303030FFFFFFFF")
    assert got[1] in ("9000", "9808"), got
    pipe.close()
    assert line.wait(PATIENCE) == 0
    lines = trace.read_text().splitlines()
    assert sum(line.endswith(" > -- data") for line in lines) == 8
    assert not any(" 30 data" in line for line in lines)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
