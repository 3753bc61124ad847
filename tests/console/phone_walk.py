#!/usr/bin/env python3
"""The customer's app in the mobile view of a real Chromium, and the same on a terminal.

Usage: phone_walk.py GRIDCARD OUT [STEP ...]. Leaves pictures of its screens in both languages in OUT.
"""

import pathlib
import shutil
import sys
import tempfile
import time
import traceback

from phone_app import PhoneApp
from town import Town
from walk import Walk

STEPS = ("what_the_app_may_load", "the_app_agrees_with_the_client", "a_purchase_by_thumb", "slips_and_strangers", "without_a_network",
         "reloaded_in_mid_purchase", "another_account", "two_tabs", "the_same_on_a_terminal")


class PhoneWalk(PhoneApp, Walk):
    """Customers with their telephones, in the town of the console's walk."""


def main():
    gridcard, out = sys.argv[1], pathlib.Path(sys.argv[2])
    work = pathlib.Path(tempfile.mkdtemp(prefix="gridcard-phone-app."))
    town = Town(gridcard, work)
    failed = []
    try:
        town.build()
        town.open_bank()
        town.start()
        walk = PhoneWalk(town, out)
        for name in sys.argv[3:] or STEPS:
            begun, words = time.monotonic(), name.replace("_", " ")
            try:
                getattr(walk, name)()
                print(f"{words}: {time.monotonic() - begun:.1f} s", file=sys.stderr)
            except Exception as error:  # the others are tried all the same
                failed.append(words)
                print(f"FAILED {words}: {type(error).__name__}: {error}", file=sys.stderr)
                traceback.print_exc()
    finally:
        town.stop()
        town.close_bank()
    if failed:
        sys.exit(f"failed: {', '.join(failed)}; the town is in {work}")
    shutil.rmtree(work)
    print(f"all as it should be; {len(list(out.glob('app-*.png')))} pictures in {out}", file=sys.stderr)


if __name__ == "__main__":
    main()
