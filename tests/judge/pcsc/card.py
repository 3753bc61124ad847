"""A card as any PC/SC program reaches it: pyscard and nothing of ours."""

import sys
import time

sys.dont_write_bytecode = True  # leave no traces in the source tree

from smartcard.Exceptions import CardConnectionException, NoCardException
from smartcard.System import readers
from smartcard.scard import SCARD_RESET_CARD, SCARD_UNPOWER_CARD


def demand(condition, words):
    if not condition:
        sys.exit(f"error: {words}")


def passed(words):
    print("PASS", words, flush=True)


class Card:
    """The card in one of the two slots of the reader."""

    def __init__(self, slot, patience=10):
        self.slot, self.link = slot, None
        self.connect(patience)

    def connect(self, patience=10):
        """Waits until there is a reader with a card in the slot."""
        # an old connection that is forgotten later would reset the card under the new one
        self.link = None
        end = time.monotonic() + patience
        while True:
            try:
                found = [reader for reader in readers() if str(reader).endswith(f"00 {self.slot:02X}")]
                if found:
                    link = found[0].createConnection()
                    link.connect(disposition=SCARD_UNPOWER_CARD)
                    self.link = link
                    return
            except (CardConnectionException, NoCardException) as error:
                reason = error
            except Exception as error:  # the daemon itself may be away
                reason = error
            else:
                reason = "there is no such reader"
            demand(time.monotonic() < end, f"no card in slot {self.slot} after {patience} s: {reason}")
            time.sleep(0.05)

    def reset(self):
        """A cold reset between two sessions, as a SIM tool does it."""
        self.link.disconnect()
        self.connect()

    def atr(self):
        return bytes(self.link.getATR())

    def raw(self, command):
        """(data, status word) of one command, nothing followed."""
        data, sw1, sw2 = self.link.transmit(list(bytes.fromhex(command)))
        return bytes(data), sw1 << 8 | sw2

    def send(self, command, want=0x9000):
        """The data of a command that must end with a status word; answers that wait are fetched."""
        data, sw = self.raw(command)
        if sw >> 8 in (0x61, 0x9F):
            data, sw = self.raw(f"{command[:2]}C00000{sw & 0xFF:02X}")
        elif sw >> 8 == 0x6C:
            data, sw = self.raw(f"{command[:8]}{sw & 0xFF:02X}")
        demand(sw == want, f"slot {self.slot}: {command} answered {sw:04X}, not {want:04X}")
        return data

    def close(self):
        self.link.disconnect()


def select(card, *path):
    """GSM SELECT along a path; the response data of the last file."""
    for fid in path:
        data = card.send(f"A0A4000002{fid}")
    return data


def sms_file(card):
    """(records, length of each) of EF_SMS, which is current then."""
    data = select(card, "3F00", "7F10", "6F3C")
    size, length = data[2] << 8 | data[3], data[14]
    return size // length, length


def swapped(data):
    return "".join(f"{byte & 15:X}{byte >> 4:X}" for byte in data).rstrip("F")
