"""Drives the kinds of cards we serve, each the way its own field does: kinds.py KIND SLOT [FACTS]."""

import sys

from card import Card, demand, passed, select, sms_file, swapped
from smartcard.ATR import ATR

MASTER_FILE = "00A40000023F00"
PIN = "123456"


def atr_of(card, t0, t1):
    """The ATR, which another's parser must understand."""
    atr = ATR(list(card.atr()))
    demand(atr.isT0Supported() == t0, f"T=0 is {'not ' * t0}supported by {card.atr().hex()}")
    demand(atr.isT1Supported() == t1, f"T=1 is {'not ' * t1}supported by {card.atr().hex()}")
    historical = bytes(atr.getHistoricalBytes())
    demand(len(historical) == atr.getHistoricalBytesCount(), "the historical bytes are not all there")
    return historical


def tries(card, command, left):
    """A wrong secret, then what is left."""
    _, sw = card.raw(command)
    demand(sw == 0x63C0 | left, f"a wrong PIN answered {sw:04X}, not 63C{left:X}")


def information(card, kind):
    """Card information: which kind, in its final state."""
    card.send(MASTER_FILE)
    data = card.send("00B095001E")
    demand(len(data) == 30 and data[8] == kind and data[9] == 2, f"card information is {data.hex()}")
    return data


def esam(card, meter):
    # T=0 alone: 3B 69 00 00 43 and the serial [docs/specs/cards.md 1]
    historical = atr_of(card, True, False)
    demand(card.atr()[:5].hex() == "3b69000043" and len(historical) == 9, "not an ESAM's ATR")
    data = information(card, 5)
    demand(data[12:20].hex().endswith(meter), f"the ESAM is not of meter {meter}")
    # a T=0 card announces what waits
    _, sw = card.raw(MASTER_FILE)
    demand(sw >> 8 == 0x61, f"SELECT of a T=0 card answered {sw:04X}")
    # records of the purse, and what nobody may write or read
    for record in (1, 2, 3):
        value = card.send(f"00B2{record:02X}0C04")
        demand(value == bytes(4), f"record {record} of a new purse is {value.hex()}")
    card.send("00B2040C04", 0x6A83)
    _, sw = card.raw("00DC010C0400000001")
    demand(sw == 0x6982, f"the purse takes a balance: {sw:04X}")
    # EXTERNAL AUTHENTICATE: no challenge, then a wrong answer, then a reset in between
    wrong = "0082000308" + "00" * 8
    _, without = card.raw(wrong)
    card.send("0084000008")
    _, tried = card.raw(wrong)
    demand(tried >> 8 == 0x63 and without != tried, f"authentication answers {without:04X}, then {tried:04X}")
    card.send("0084000008")
    card.reset()
    _, after = card.raw(wrong)
    demand(after == without, f"a challenge survives a reset: {after:04X}")
    challenges = {card.send("0084000008") for _ in range(50)}
    demand(len(challenges) == 50, "challenges repeat")
    return "ATR of T=0, card information, purse records and their rights, challenge and authentication over a reset"


def psam(card, number):
    historical = atr_of(card, True, True)
    demand(historical[-8:] == card.atr()[-9:-1], "the serial does not end the ATR")
    data = information(card, 4)
    demand(data[12:20].hex().endswith(number), f"the PSAM is not {number}")
    demand(card.send("00B0960006").hex() == number, "the terminal number is another")
    name = "F0475249444341524404"
    card.send(f"00A40400{len(name) // 2:02X}{name}")
    counter = card.raw("00B0980004")  # 6281 until the first order is sealed
    demand(counter[1] in (0x9000, 0x6281), f"the count of orders answers {counter[1]:04X}")
    # VERIFY: wrong, wrong, right, and the tries are back
    right = f"0020000003{PIN}"
    tries(card, "0020000003654321", 2)
    tries(card, "0020000003654321", 1)
    card.send(right)
    tries(card, "0020000003654321", 2)
    card.send(right)
    card.reset()
    demand(information(card, 4) == data, "a reset changes card information")
    card.send(f"00A40400{len(name) // 2:02X}{name}")
    demand(card.raw("00B0980004") == counter, "a reset changes the counter")
    return "ATR, card information, SELECT by name, VERIFY wrong and right with its tries, a reset in between"


def sim(card, iccid):
    demand(atr_of(card, True, False), "no historical bytes")
    data = select(card, "3F00")
    demand(len(data) >= 22 and data[4:7].hex() == "3f0001", f"SELECT of the MF answers {data.hex()}")
    data = select(card, "2FE2")
    demand(len(data) == 15 and data[13] == 0, f"SELECT of EF_ICCID answers {data.hex()}")
    demand(swapped(card.send("A0B000000A")) == iccid, "the ICCID is another")
    card.send("A0A40000027FFF", 0x9404)
    # CHV1: what it guards, wrong, right, lost at a reset
    select(card, "3F00", "7F20", "6F07")
    card.send("A0B0000009", 0x9804)
    card.send("A02000010839393939FFFFFFFF", 0x9804)
    demand(select(card, "3F00")[18] & 0x0F == 2, "a wrong CHV1 spends no try")
    card.send("A02000010831323334FFFFFFFF")
    demand(select(card, "3F00")[18] & 0x0F == 3, "a right CHV1 gives no tries back")
    select(card, "7F20", "6F07")
    demand(len(card.send("A0B0000009")) == 9, "no IMSI")
    card.reset()
    select(card, "3F00", "7F20", "6F07")
    card.send("A0B0000009", 0x9804)
    card.send("A02000010831323334FFFFFFFF")
    # records: write, read, find
    records, length = sms_file(card)
    text = bytes([1]) + bytes.fromhex("00040B915155214365F700006211223344558003E8329B")
    record = (text + bytes([0xFF]) * length)[:length].hex().upper()
    card.send(f"A0DC{records:02X}04{length:02X}{record}")
    demand(card.send(f"A0B2{records:02X}04{length:02X}").hex().upper() == record, "a record comes back otherwise")
    demand(card.send("A0A200100101")[0] == records, "SEEK does not find the record")
    card.send(f"A0DC{records:02X}04{length:02X}" + "00" + "FF" * (length - 1))
    return f"ATR of T=0, ICCID, CHV1 asked for, wrong, right and lost at a reset, {records} records written, read, found"


def fmcos(card, serial):
    historical = atr_of(card, True, True)
    demand(historical[-8:].hex() == serial.lower(), f"the ATR ends with {historical.hex()}")
    # as a stranger personalises a blank: key file, PIN of three tries, a free file, a PIN's file, records
    card.send(MASTER_FILE)
    card.send("80E00000073F008001F0FFFF")
    card.send(f"80D40100083AF0EF1133{PIN}")
    card.send("80E0000507280020F0F0FFFF")
    card.send("80E0000607280020F1F1FFFF")
    card.send("80E00007072A0308F0F0FFFF")
    card.reset()
    card.send("00D6850008" + "0123456789ABCDEF")
    demand(card.send("00B0850208").hex() == "456789abcdefffff", "READ BINARY gives other bytes")
    _, sw = card.raw("00B0860004")
    demand(sw == 0x6982, f"a file behind the PIN answers {sw:04X}")
    tries(card, "0020000003654321", 2)
    card.send(f"0020000003{PIN}")
    card.send("00D6860004CAFEBABE")
    demand(card.send("00B0860004").hex() == "cafebabe", "the file behind the PIN holds other bytes")
    for record in (1, 2, 3):
        card.send(f"00DC{record:02X}3C08" + f"{record:02X}" * 8)
    for record in (1, 2, 3):
        demand(card.send(f"00B2{record:02X}3C08") == bytes([record] * 8), "records mix")
    card.reset()
    _, sw = card.raw("00B0860004")
    demand(sw == 0x6982, f"the PIN survives a reset: {sw:04X}")
    demand(card.send("00B0850008").hex() == "0123456789abcdef", "what was written does not survive a reset")
    return "ATR, files and PIN made from blank, binary and records, VERIFY wrong and right, reset between"


def main():
    kind, slot, fact = sys.argv[1:]
    card = Card(int(slot))
    passed(f"pyscard, {kind}: {globals()[kind](card, fact)}")
    card.close()


if __name__ == "__main__":
    main()
