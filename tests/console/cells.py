"""A terminal of our own: a program on its other end, and what stands in its cells."""

import fcntl
import os
import pty
import re
import select
import struct
import termios
import time
import unicodedata


class Cells:
    """A program on a terminal of a size. What it draws is kept cell by cell, so that it is read as a person sees it."""

    def __init__(self, call, width=80, height=24, env=None, cwd=None):
        self.width, self.height = width, height
        self.rows = [[" "] * width for _ in range(height)]
        self.at, self.left, self.ended = (0, 0), "", None
        self.pid, self.file = pty.fork()
        if self.pid == 0:
            os.chdir(cwd or ".")
            os.execve(call[0], call, {**os.environ, "TERM": "xterm-256color", **(env or {})})
        self.size(width, height)

    def size(self, width, height):
        """Another size: the program is told, and draws anew."""
        self.width, self.height = width, height
        self.rows = [[" "] * width for _ in range(height)]
        fcntl.ioctl(self.file, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def hear(self, seconds=0.2):
        """Takes what the program draws in some time."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if not select.select([self.file], [], [], left)[0]:
                return
            try:
                data = os.read(self.file, 65536)
            except OSError:
                data = b""
            if not data:
                self.ended = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
                return
            self.draw(data.decode("utf-8", "replace"))

    def draw(self, text):
        text = self.left + text
        self.left = ""
        place = 0
        while place < len(text):
            if text[place] == "\x1b":
                found = re.compile(r"\x1b(\[[0-9;?]*[ -/]*[@-~]|[()][0-9A-Za-z]|[=>78cM])").match(text, place)
                if not found:
                    self.left = text[place:]
                    return
                self.control(found.group(1))
                place = found.end()
                continue
            self.put(text[place])
            place += 1

    def control(self, what):
        numbers = [int(n) for n in re.findall(r"\d+", what)]
        if what.endswith("H"):
            row, column = (numbers + [1, 1])[:2] if numbers else (1, 1)
            self.at = (row - 1, column - 1)
        elif what.endswith("J"):
            self.rows = [[" "] * self.width for _ in range(self.height)]

    def put(self, c):
        row, column = self.at
        if c == "\r":
            self.at = (row, 0)
        elif c == "\n":
            self.at = (row + 1, column)
        elif c >= " " and row < self.height and column < self.width:
            wide = unicodedata.east_asian_width(c) in "WF"
            # Whoever writes over half of a wide character leaves a blank of the other half.
            for place in (column, column + 1) if wide else (column,):
                if place < self.width and self.rows[row][place] == "" and place > 0:
                    self.rows[row][place - 1] = " "
                if place + 1 < self.width and self.rows[row][place + 1] == "":
                    self.rows[row][place + 1] = " "
            self.rows[row][column] = c
            if wide and column + 1 < self.width:
                self.rows[row][column + 1] = ""
            self.at = (row, column + (2 if wide else 1))

    def text(self):
        return "\n".join("".join(row).rstrip() for row in self.rows)

    def says(self, *words, seconds=60):
        """Waits until all that stands in the cells."""
        until = time.monotonic() + seconds
        while not all(word in self.text() for word in words):
            if self.ended is not None or time.monotonic() > until:
                raise AssertionError(f"it does not say {words}; it ended with {self.ended}:\n{self.text()}")
            self.hear()
        return self

    def type(self, *keys):
        """Keys, and a moment after each."""
        for key in keys:
            os.write(self.file, key.encode("utf-8"))
            self.hear(0.1)
        return self

    def end(self, seconds=30):
        """The exit code, once it ends."""
        until = time.monotonic() + seconds
        while self.ended is None:
            if time.monotonic() > until:
                raise AssertionError(f"it does not end:\n{self.text()}")
            self.hear()
        return self.ended
