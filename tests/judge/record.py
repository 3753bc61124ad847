"""From an EF_SMS record to the data objects in its secured packet, from docs/specs/purchase.md."""

from datetime import datetime

from crypto import Wrong, checksum, demand

RECORD_LEN = 176
# docs/specs/purchase.md 1: tag and length in bytes
ORDER = {0x80: 6, 0x81: 6, 0x82: 4, 0x83: 4, 0x84: 7, 0x85: 8, 0x86: 1, 0x87: 8, 0x88: 7, 0x89: 8}
RECEIPT = {0x80: 6, 0x82: 4, 0x83: 4, 0x85: 8, 0x89: 8, 0x8A: 1, 0x8B: 4, 0x8C: 4, 0x8D: 7, 0x8E: 4, 0x8F: 8}


class Bytes:
    """Takes bytes from the front; names the field that is cut."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count, name):
        demand(self.at + count <= len(self.data), f"the data ends before its {name}")
        self.at += count
        return self.data[self.at - count : self.at]

    def byte(self, name):
        return self.take(1, name)[0]

    def rest(self):
        return self.take(len(self.data) - self.at, "end")


def address(source, name):
    digits = source.byte(f"{name} length")
    kind = source.byte(f"{name} type")
    swapped = "".join(f"{b & 15:X}{b >> 4:X}" for b in source.take((digits + 1) // 2, name))
    demand(digits % 2 == 0 or swapped[-1] == "F", f"the {name} is not filled with F")
    demand(digits and swapped[:digits].isdecimal(), f"the {name} {swapped[:digits]} is not a number")
    return ("+" if kind & 0x70 == 0x10 else "") + swapped[:digits]


def open_record(record, receipt):
    """(status, address, user data) of a record that holds an order, or a receipt."""
    what = "receipt" if receipt else "order"
    demand(len(record) == RECORD_LEN, f"the record has {len(record)} bytes, it must have {RECORD_LEN}")
    source = Bytes(record)
    status = source.byte("status")
    # a phone may have shown the order (01) or sent the receipt (05 and those with a report) meanwhile
    allowed = (0x07, 0x05, 0x0D, 0x15, 0x1D) if receipt else (0x03, 0x01)
    demand(status in allowed, f"the record's status is {status:02X}, which no {what} has")
    source.take(source.byte("service centre length"), "service centre address")
    first = source.byte("first byte of the TPDU")
    demand(first & 0x03 == (1 if receipt else 0), f"the TPDU (first byte {first:02X}) is no {what}'s type")
    demand(first & 0x40, "the TPDU has no user data header (TP-UDHI)")
    if receipt:
        demand(first & 0x18 == 0, "the SMS-SUBMIT has a validity period")
        source.byte("message reference")
    party = address(source, "address")
    pid, dcs = source.byte("PID"), source.byte("DCS")
    demand(receipt or pid == 0x00, f"PID is {pid:02X}, it must be 00")
    demand(dcs == 0xF6, f"DCS is {dcs:02X}, it must be F6")
    if not receipt:
        source.take(7, "time stamp")
    length = source.byte("user data length")
    demand(length <= 140, f"the user data has {length} bytes; an SMS carries 140")
    data = source.take(length, "user data")
    demand(set(source.rest()) <= {0xFF}, "the record is not filled with FF behind the message")
    return status, party, data


# --- secured packets [purchase.md 2] ----------------------------------------------------------------------


def open_packet(data, receipt, suite, kic, kid):
    """The fields of a packet that is enciphered and has a CC; `data` begins with the user data header."""
    header = b"\x02\x71\x00" if receipt else b"\x02\x70\x00"
    source = Bytes(data)
    demand(source.take(3, "header") == header, f"the user data header is not {header.hex(' ')}")
    length = int.from_bytes(source.take(2, "packet length"), "big")
    demand(length == len(data) - 5, f"the packet length says {length}, there are {len(data) - 5}")
    wanted = 18 if receipt else 21
    header_length = source.byte("header length")
    demand(header_length == wanted, f"the header length says {header_length}, it must be {wanted}")
    packet = {}
    if not receipt:
        packet["spi"] = source.take(2, "SPI")
        packet["kic"], packet["kid"] = source.byte("KIc"), source.byte("KID")
    packet["tar"] = source.take(3, "TAR")
    # what the CC covers of the outside: a response's header counts, a command's does not
    outside = data[: source.at] if receipt else data[3 : source.at]
    secret = source.rest()
    demand(secret and len(secret) % suite.block == 0, "the enciphered part is not whole blocks")
    inside = Bytes(suite.cbc_open(kic, secret))
    counted = inside.take(7 if receipt else 6, "CNTR and PCNTR")
    packet["cc"], padded = inside.take(8, "CC"), inside.rest()
    demand(packet["cc"] == checksum(suite, kid, outside + counted + padded), "the CC is wrong")
    packet["cntr"], packet["pcntr"] = int.from_bytes(counted[:5], "big"), counted[5]
    if receipt:
        packet["status"] = counted[6]
    split = len(padded) - packet["pcntr"]
    demand(packet["pcntr"] < suite.block and split >= 0, f"PCNTR is {packet['pcntr']}, which cannot be")
    demand(not any(padded[split:]), "the padding is not zero")
    packet["data"] = padded[:split]
    return packet


# --- order and receipt [purchase.md 1] --------------------------------------------------------------------


def objects(data):
    """(tag, value, as encoded) of BER-TLV objects with tags of one byte and lengths in their shortest form."""
    source = Bytes(data)
    while source.at < len(data):
        start, tag, length = source.at, source.byte("tag"), source.byte("length")
        demand(tag & 0x1F != 0x1F, "a tag has more than one byte")
        if length == 0x81:
            length = source.byte("length")
            demand(length > 0x7F, f"the length of object {tag:02X} is not in its shortest form")
        else:
            demand(length < 0x80, f"the length of object {tag:02X} is not definite, or longer than any here")
        value = source.take(length, f"end of object {tag:02X}")
        yield tag, value, data[start : source.at]


def fields(data, outer, sizes, strict):
    """The objects by tag, and the encoded ones that a TAC covers joined."""
    top = list(objects(data))
    demand(len(top) == 1 and top[0][0] == outer, f"the content is not one object {outer:02X}")
    found, signed, last = {}, b"", 0
    for tag, value, encoded in objects(top[0][1]):
        demand(tag > last, f"object {tag:02X} stands twice or out of order")
        last = tag
        if tag not in sizes:
            demand(not strict, f"object {tag:02X} is unknown")
            continue
        demand(
            len(value) == sizes[tag], f"object {tag:02X} has {len(value)} bytes, it must have {sizes[tag]}"
        )
        found[tag] = value
        signed += encoded if tag != 0x8E else b""
    missing = " ".join(f"{tag:02X}" for tag in sizes if tag not in found)
    demand(not missing, f"objects are missing: {missing}")
    return found, signed


def number(value):
    return int.from_bytes(value, "big")


def digits(value, name):
    demand(value.hex().isdecimal(), f"the {name} {value.hex().upper()} is not BCD")
    return value.hex()


def moment(value, name):
    try:
        return datetime.strptime(digits(value, name), "%Y%m%d%H%M%S").isoformat(sep=" ")
    except ValueError:
        raise Wrong(f"the {name} {value.hex()} is no date and time") from None
