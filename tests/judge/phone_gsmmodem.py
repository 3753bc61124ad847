"""python-gsmmodem-new before our phone: who it is, messages that come, are listed, read, sent with a report, deleted.

Usage: phone_gsmmodem.py DEVICE IMEI IMSI COMMAND...
COMMAND sends a message to the phone when it is run, with its words behind it.
"""

import subprocess
import sys
import threading

from gsmmodem.modem import GsmModem, ReceivedSms, Sms

WAIT = 30


def check(what, found, wanted):
    """Ends with words when what was found is not what was wanted."""
    if found != wanted:
        sys.exit(f"{what}: {found!r} instead of {wanted!r}")


def main(device, imei, imsi, *command):
    """The whole dialogue."""
    came, arrived = [], threading.Event()

    def received(sms):
        came.append(sms)
        arrived.set()

    modem = GsmModem(device, 115200, smsReceivedCallbackFunc=received)
    modem.connect()
    try:
        check("maker", modem.manufacturer, "gridcard")
        check("IMEI", modem.imei, imei)
        check("IMSI", modem.imsi, imsi)
        check("network", modem.networkName, "gridcard")
        modem.waitForNetworkCoverage(5)
        subprocess.run([*command, "words that come"], check=True, stdout=subprocess.DEVNULL)
        if not arrived.wait(WAIT):
            sys.exit("no message came")
        check("words", came[0].text, "words that come")
        check("sender", came[0].number, "+8613912345678")
        sent = modem.sendSms("+8613912345678", "words that leave", waitForDeliveryReport=True, deliveryTimeout=WAIT)
        check("report", sent.status, sent.DELIVERED)
        sent = modem.sendSms("+8613912345678", "也是字", waitForDeliveryReport=False)
        stored = modem.listStoredSms(status=Sms.STATUS_ALL)
        check("stored", [type(sms) for sms in stored if isinstance(sms, ReceivedSms)], [])
        modem.smsTextMode = True
        modem.sendSms("+8613912345678", "typed", waitForDeliveryReport=False)
        modem.smsTextMode = False
    finally:
        modem.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
