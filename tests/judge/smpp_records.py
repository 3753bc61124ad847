"""What a record file holds, laid beside what a message centre saw; nothing of the project is used to read it.

Usage: smpp_records.py order FILE SEEN NUMBER    the order in FILE is what the centre was given, for NUMBER
       smpp_records.py receipt FILE              the user data of the receipt in FILE, in hexadecimal digits
"""

import json
import sys


def user_data(path, digits_at):
    """User data of the message in a record file: behind status and service centre."""
    record = bytes.fromhex(open(path).read().split("\n")[0])
    at = 2 + record[1]
    # DELIVER: first octet; SUBMIT: reference besides
    first, at = record[at], at + digits_at
    at += 2 + (record[at] + 1) // 2
    pid, dcs, at = record[at], record[at + 1], at + 2
    if first & 3 == 0:
        at += 7
    length = record[at]
    return pid, dcs, record[at + 1 : at + 1 + length]


def main(what, path, *more):
    if what == "receipt":
        print(user_data(path, 2)[2].hex())
        return
    seen, number = more
    lines = [json.loads(line) for line in open(seen)]
    sent = [line for line in lines if "submitted" in line]
    pid, dcs, data = user_data(path, 1)
    wanted = {"submitted": data.hex(), "to": number, "esm": 0x40, "dcs": dcs, "pid": pid, "receipt": 1}
    if sent != [wanted]:
        sys.exit(f"the centre saw {sent}, and the order is {wanted}")


main(*sys.argv[1:])
