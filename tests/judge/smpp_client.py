"""A foreign client before our message centre: smpplib binds, submits, delivers, hears receipts, is throttled and refused.

Usage: smpp_client.py PORT THROTTLING_PORT
"""

import sys

import smpplib.client
import smpplib.consts
import smpplib.exceptions
import smpplib.smpp

ORDER = bytes.fromhex("027000") + bytes(range(137))
ONE, OTHER = "8613800250500", "8613900000001"


def fail(words):
    sys.exit(f"smpplib: {words}")


class Line:
    """A line to the centre, and what came over it."""

    def __init__(self, port, name, password="secret"):
        # parameters that it does not know are no reason to stop
        self.client = smpplib.client.Client("127.0.0.1", port, timeout=10, allow_unknown_opt_params=True)
        self.came, self.answers = [], []
        self.client.set_message_received_handler(self._received)
        self.client.set_message_sent_handler(lambda pdu: self.answers.append(pdu))
        self.client.connect()
        self.client.bind_transceiver(system_id=name, password=password)

    def _received(self, pdu):
        self.came.append(pdu)
        return 0

    def submit(self, **fields):
        self.client.send_message(
            source_addr_ton=1, source_addr_npi=1, dest_addr_ton=1, dest_addr_npi=1, **fields
        )

    def until(self, what, ready):
        for _ in range(100):
            if ready():
                return
            self.client.read_once(ignore_error_codes=[0x58])
        fail(f"{what} did not come: {self.came} {self.answers}")

    def close(self):
        # it gives back what it read in the place of an answer
        if self.client.unbind().command != "unbind_resp":
            fail("unbind is not answered")
        self.client.disconnect()


def refused(port, name, password):
    try:
        Line(port, name, password)
    except smpplib.exceptions.PDUError as error:
        if error.args[1] == 0x0D:
            return
        fail(f"another status than 0Dh: {error.args}")
    fail("a wrong password was taken")


def main(port, throttling):
    refused(port, "one", "wrong")
    refused(port, "nobody", "secret")
    one, other = Line(port, "one"), Line(port, "other")

    one.submit(
        source_addr=ONE, destination_addr=OTHER, short_message=ORDER, esm_class=0x40, data_coding=0xF6,
        protocol_id=0x7F, registered_delivery=1,
    )
    one.until("the answer", lambda: one.answers)
    name = one.answers[0].message_id
    other.until("the message", lambda: other.came)
    message = other.came[0]
    if (message.short_message, message.esm_class, message.data_coding, message.protocol_id) != (ORDER, 0x40, 0xF6, 0x7F):
        fail(f"the message came otherwise than it went: {message.short_message.hex()}")
    if (message.source_addr, message.destination_addr) != (ONE.encode(), OTHER.encode()):
        fail(f"numbers: {message.source_addr} {message.destination_addr}")
    one.until("the receipt", lambda: one.came)
    receipt = one.came[0]
    text = receipt.short_message.decode()
    if receipt.esm_class != 4 or f"id:{name.decode()}" not in text or "stat:DELIVRD" not in text:
        fail(f"receipt: {receipt.esm_class} {text}")
    if receipt.receipted_message_id.rstrip(b"\0") != name or receipt.message_state != 2:
        fail(f"parameters of the receipt: {receipt.receipted_message_id} {receipt.message_state}")

    # in the parameter, as some send it
    other.submit(
        source_addr=OTHER, destination_addr=ONE, short_message=b"", message_payload=ORDER, esm_class=0x40,
        data_coding=0x04,
    )
    one.until("the message in the parameter", lambda: len(one.came) > 1)
    if one.came[1].short_message != ORDER:
        fail("the message in the parameter came otherwise than it went")

    # whom nobody knows
    one.submit(source_addr=ONE, destination_addr="8613912345678", short_message=b"x", data_coding=0x04, registered_delivery=1)
    one.until("the other receipt", lambda: len(one.came) > 2)
    if "stat:UNDELIV" not in one.came[2].short_message.decode():
        fail(f"receipt: {one.came[2].short_message}")
    other.until("the other's answer", lambda: other.answers)
    one.until("the other answer", lambda: len(one.answers) > 1)
    # whether anybody is there: the next that comes is the answer
    one.client.send_pdu(smpplib.smpp.make_pdu("enquire_link", client=one.client))
    if one.client.read_pdu().command != "enquire_link_resp":
        fail("enquire_link is not answered")
    one.close()
    other.close()

    line = Line(throttling, "one")
    codes = []
    line.client.set_error_pdu_handler(lambda pdu: codes.append(pdu.status))
    for _ in range(2):
        line.submit(source_addr=ONE, destination_addr=ONE, short_message=ORDER, esm_class=0x40, data_coding=0xF6)
    line.until("the second answer", lambda: line.came)
    if codes != [0x58]:
        fail(f"throttled once, told {codes}")
    line.until("its answer", lambda: line.answers)
    if line.came[0].short_message != ORDER:
        fail("what was sent again came otherwise")
    line.close()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
