"""ModemManager before our phone, on a bus of its own: the SIM's number, tries left, messages listed, stored, sent, deleted.

Usage: dbus-run-session python phone_modemmanager.py DEVICE ICCID IMSI FOLDER

ModemManager looks at no pseudo terminal; in its test mode it takes a socket, which is joined to the device here.
"""

import os
import re
import select
import socket
import subprocess
import sys
import threading
import time
import tty

WAIT = 40
NAME = "org.freedesktop.ModemManager1"
ROOT = "/org/freedesktop/ModemManager1"
MODEM = f"{ROOT}/Modem/0"


def join(listener, device):
    """Carries bytes between whoever connects and the device, for ever."""
    port = os.open(device, os.O_RDWR | os.O_NOCTTY)
    tty.setraw(port)
    while True:
        line, _ = listener.accept()
        while True:
            ready, _, _ = select.select([port, line], [], [])
            if port in ready:
                line.sendall(os.read(port, 4096))
            if line in ready:
                said = line.recv(4096)
                if not said:
                    break
                os.write(port, said)


def call(path, method, *args, wait=20):
    """One call; its answer as gdbus writes it."""
    command = ["gdbus", "call", "--session", "--timeout", str(wait), "--dest", NAME, "--object-path", path, "--method", method, *args]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def must(path, method, *args, wait=20):
    """One call that works."""
    done = call(path, method, *args, wait=wait)
    if done.returncode:
        sys.exit(f"{method}: {done.stderr}")
    return done.stdout


def prop(path, interface, name):
    """A property."""
    return must(path, "org.freedesktop.DBus.Properties.Get", f"{NAME}.{interface}", name)


def until(what, ready):
    """Waits until something holds."""
    end = time.monotonic() + WAIT
    while time.monotonic() < end:
        if ready():
            return
        time.sleep(0.1)
    sys.exit(f"{what}: not within {WAIT} s")


def check(what, found, wanted):
    """Ends with words when what was found does not hold what was wanted."""
    if wanted not in found:
        sys.exit(f"{what}: {found!r} without {wanted!r}")


def dialogue(iccid, imsi):
    """What is asked of it."""
    until("a manager on the bus", lambda: call(ROOT, "org.freedesktop.DBus.Peer.Ping").returncode == 0)
    must(ROOT, f"{NAME}.Test.SetProfile", "phone", "generic", "['abstract:gridcard-phone']")
    until("a modem", lambda: call(MODEM, "org.freedesktop.DBus.Properties.GetAll", f"{NAME}.Modem").returncode == 0)
    state = lambda: prop(MODEM, "Modem", "State")
    until("it is ready", lambda: "<3>" in state() or "<8>" in state())
    must(MODEM, f"{NAME}.Modem.Enable", "true", wait=WAIT)
    until("it is registered", lambda: "<8>" in state())
    sim = re.search(r"/org/freedesktop/ModemManager1/SIM/\d+", prop(MODEM, "Modem", "Sim")).group()
    check("ICCID", prop(sim, "Sim", "SimIdentifier"), iccid)
    check("IMSI", prop(sim, "Sim", "Imsi"), imsi)
    messages = f"{NAME}.Modem.Messaging"
    check("messages", must(MODEM, f"{messages}.List"), "/SMS/")
    first = re.search(r"/org/freedesktop/ModemManager1/SMS/\d+", must(MODEM, f"{messages}.List")).group()
    check("class of the order", prop(first, "Sms", "Class"), "<2>")
    made = must(MODEM, f"{messages}.Create", "{'text': <'kept'>, 'number': <'+8613912345678'>}")
    made = re.search(r"/org/freedesktop/ModemManager1/SMS/\d+", made).group()
    must(made, f"{NAME}.Sms.Store", "0")
    must(made, f"{NAME}.Sms.Send", wait=WAIT)
    must(MODEM, f"{messages}.Delete", made)
    refused = call(MODEM, f"{messages}.Delete", first)
    if refused.returncode == 0:
        sys.exit("an order that no meter has taken was deleted")


def main(device, iccid, imsi, folder):
    """The manager, and what is asked of it."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind("\0abstract:gridcard-phone")
    listener.listen(1)
    threading.Thread(target=join, args=(listener, device), daemon=True).start()
    options = ["--test-session", "--test-enable", "--test-no-udev", "--no-auto-scan", "--test-no-suspend-resume", "--test-no-qrtr", "--debug"]
    with open(os.path.join(folder, "modemmanager.log"), "w", encoding="utf-8") as log:
        manager = subprocess.Popen(["ModemManager", *options], stdout=log, stderr=log)
        try:
            dialogue(iccid, imsi)
        finally:
            manager.terminate()
            manager.wait(10)


if __name__ == "__main__":
    main(*sys.argv[1:])
