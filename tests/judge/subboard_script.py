#!/usr/bin/env python3
"""Plays the conformance script of docs/specs/subboard.md against a meter's plug.

Usage: subboard_script.py DEVICE SCRIPT"""

import os
import select
import sys
import time
import tty

device, script = sys.argv[1:]
line = os.open(device, os.O_RDWR | os.O_NOCTTY)
tty.setraw(line)


def heard(length, seconds):
    """So many bytes, or what came in this time."""
    got, until = b"", time.monotonic() + seconds
    while len(got) < length and select.select([line], [], [], max(0, until - time.monotonic()))[0]:
        got += os.read(line, length - len(got))
    return got


done = 0
for row in open(script):
    kind, text = row[:1], row[1:].replace(" ", "").strip()
    if kind == ">":
        os.write(line, bytes.fromhex(text))
    elif kind == "~":
        assert (got := heard(1, 2)) == b"", f"not silent: {got.hex()}"
    elif kind == "<":
        got = heard(len(text) // 2, 12).hex().upper()
        same = len(got) == len(text) and all(b in (a, ".") for a, b in zip(got, text))
        assert same, f"{got}, not {text}"
    else:
        continue
    done += 1
assert heard(1, 2) == b"", "more than the script has"
print(f"{done} lines of the script")
