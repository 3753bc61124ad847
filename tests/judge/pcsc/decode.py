"""Compares our decoding of SMS records with two decoders of other people, field by field: decode.py OURS.

OURS holds what `decode_record FILE...` printed, an object a line.
"""

import json
import sys
from datetime import datetime, timedelta, timezone
from io import StringIO

sys.dont_write_bytecode = True  # leave no traces in the source tree

from pycrate_mobile.TS23040_SMS import SMS_DELIVER, SMS_SUBMIT
from smspdudecoder.fields import SMSDeliver, SMSSubmit


def same(ours, theirs, what):
    if ours != theirs:
        sys.exit(f"error: {what}: we read {ours!r}, they read {theirs!r}")


def moment(octets):
    """Our time stamp, by hand: semi-octets swapped, the zone in quarters of an hour with its sign in bit 4."""
    year, month, day, hour, minute, second, zone = (int(f"{b & 15}{b >> 4}") if b >> 4 < 10 else -1 for b in octets)
    if zone < 0 or octets[6] & 0x08:
        sys.exit(f"error: the time zone {octets[6]:02X} is not east of Greenwich")
    return datetime(2000 + year, month, day, hour, minute, second, tzinfo=timezone(timedelta(minutes=15 * zone)))


def with_pycrate(ours, tpdu):
    deliver = ours["type"] == "deliver"
    message = (SMS_DELIVER if deliver else SMS_SUBMIT)()
    message.from_bytes(tpdu)
    same(tpdu, message.to_bytes(), "pycrate: the whole message")
    party = message["TP_OA" if deliver else "TP_DA"]
    same(ours["number"], "+" + party["Num"].decode(), "pycrate: the number")
    same(1, party["Type"].get_val(), "pycrate: the type of the number")
    same(ours["dcs"], message["TP_DCS"].to_uint(), "pycrate: the data coding")
    if deliver:
        same(ours["scts"], message["TP_SCTS"].to_bytes().hex().upper(), "pycrate: the time stamp")
    user = message["TP_UD"]
    same(ours["udl"], user["UDL"].get_val(), "pycrate: the length of the user data")
    header = b"".join(bytes([e["id"], len(e["data"]) // 2]) + bytes.fromhex(e["data"]) for e in ours["udh"])
    same(bytes([len(header)]) + header, user["UDH"].to_bytes(), "pycrate: the user data header")
    same(bytes.fromhex(ours["data"]), user["UD"].get_val(), "pycrate: the user data")


def with_smspdudecoder(ours, tpdu):
    deliver = ours["type"] == "deliver"
    # it wants a service centre in front
    message = (SMSDeliver if deliver else SMSSubmit).decode(StringIO("00" + tpdu.hex().upper()))
    party = message["sender" if deliver else "recipient"]
    same(ours["number"], "+" + party["number"], "smspdudecoder: the number")
    same("international", party["toa"]["ton"], "smspdudecoder: the type of the number")
    same("binary", message["dcs"]["encoding"], "smspdudecoder: the data coding")
    if deliver:
        same(moment(bytes.fromhex(ours["scts"])), message["scts"], "smspdudecoder: the time stamp")
    user = message["user_data"]
    elements = [(e["iei"], e["data"].upper()) for e in user["header"]["elements"]]
    same([(e["id"], e["data"]) for e in ours["udh"]], elements, "smspdudecoder: the user data header")
    same(bytes.fromhex(ours["data"]), user["data"], "smspdudecoder: the user data")
    same(ours["udl"], user["header"]["length"] + 1 + len(user["data"]), "smspdudecoder: the length of the user data")


def main():
    seen = {"deliver": 0, "submit": 0}
    for line in open(sys.argv[1]):
        ours = json.loads(line)
        tpdu = bytes.fromhex(ours["tpdu"])
        with_pycrate(ours, tpdu)
        with_smspdudecoder(ours, tpdu)
        seen[ours["type"]] += 1
    if not all(seen.values()):
        sys.exit(f"error: {seen}: an order and a receipt at least must be judged")
    print(f"PASS pycrate and smspdudecoder read {seen['deliver']} orders and {seen['submit']} receipts as we do: number,",
          "time stamp, user data length, header and data")


if __name__ == "__main__":
    main()
