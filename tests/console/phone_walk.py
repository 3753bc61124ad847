#!/usr/bin/env python3
"""The customer's app in the mobile view of a real Chromium, and the same on a terminal.

Usage: phone_walk.py GRIDCARD OUT [STEP ...]. Leaves pictures of its screens in both languages in OUT.
"""

from phone_app import PhoneApp
from walk import Walk, go

STEPS = ("what_the_app_may_load", "the_app_agrees_with_the_client", "a_purchase_by_thumb", "slips_and_strangers", "without_a_network",
         "reloaded_in_mid_purchase", "another_account", "two_tabs", "the_same_on_a_terminal")


class PhoneWalk(PhoneApp, Walk):
    """Customers with their telephones, in the town of the console's walk."""


if __name__ == "__main__":
    go(PhoneWalk, STEPS, "app-*.png")
