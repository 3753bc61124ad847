"""What the walks through the console share: one thing that has to be so, and what a page's forms carry."""

import re

WIDTHS = {"200 % of 1280": (640, 450, 2), "360 px": (360, 740, 1)}


def yes(truth, words):
    """One thing that has to be so."""
    if not truth:
        raise AssertionError(words)


def token(text):
    """What a form of a page carries."""
    return re.search(r'name="token" value="([0-9a-f]{64})"', text).group(1)


def request_of(text):
    return re.search(r'name="request" value="([0-9a-f]{32})"', text).group(1)


def record_of(location):
    """Where the record of an order is, of which the slip is at an address."""
    return location.split("?")[0] + "/sms"
