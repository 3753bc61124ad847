"""Known answers for open_record.py: the judge is judged before it judges (`open_record.py --self-test`)."""

import crypto
from crypto import SUITES, Wrong, demand
from record import open_packet


def h(text):
    return bytes.fromhex(text)


def tail(first, count=16):
    """The keys of the pySim tests: a first byte, another, then 02 03 .. 0F."""
    return h(first) + bytes(range(2, count))


DES, AES, SM4 = (SUITES[name] for name in ("3des", "aes128", "sm4"))
TEXT = b"Now is the time for all "
COMMAND = h("00A40004023F00")

# (name and source, what came out, what should)
ANSWERS = [
    (
        "DES block",
        DES.ecb(h("B4315B869D7DFAA2"), h("1FAD61A5F7197714")),
        h("4C78E91AF2DA9CD3"),
    ),
    (
        "AES-128 block (FIPS 197 C.1)",
        AES.ecb(bytes(range(16)), h("00112233445566778899AABBCCDDEEFF")),
        h("69C4E0D86A7B0430D8CDB78070B4C55A"),
    ),
    (
        "SM4 block (GB/T 32907 A.1)",
        SM4.ecb(h("0123456789ABCDEFFEDCBA9876543210"), h("0123456789ABCDEFFEDCBA9876543210")),
        h("681EDF34D206965E86B3E94F536E4246"),
    ),
    (
        "AES-CMAC of nothing (RFC 4493 example 1)",
        crypto.cmac(AES, h("2B7E151628AED2A6ABF7158809CF4F3C"), b""),
        h("BB1D6929E95937287FA37D129B756746"),
    ),
    (
        "AES-CMAC of one block (RFC 4493 example 2)",
        crypto.cmac(AES, h("2B7E151628AED2A6ABF7158809CF4F3C"), h("6BC1BEE22E409F96E93D7E117393172A")),
        h("070A16B46B4D4144F79BDD9DD04A287C"),
    ),
    (
        "retail MAC of whole blocks (ISO 9797-1 algorithm 3, padding 2)",
        crypto.retail_mac(h("0123456789ABCDEFFEDCBA9876543210"), TEXT),
        h("E9086230CA3BE796"),
    ),
    (
        "retail MAC (ISO 9797-1 algorithm 3, padding 2)",
        crypto.retail_mac(h("0123456789ABCDEFFEDCBA9876543210"), b"Now is the time for it"),
        h("5A692CE64F404145"),
    ),
    (
        "AN10922 AES-128 (NXP AN10922 2.2.1)",
        crypto.an10922(h("00112233445566778899AABBCCDDEEFF"), h("04782E21801D803042F54E585020416275")),
        h("A8DD63A3B89D54B37CA802473FDA9175"),
    ),
    (
        "PBOC diversification, factor one (computed with another implementation)",
        crypto.diversify(DES, h("00112233445566778899AABBCCDDEEFF"), h("0000000000000001")),
        h("B2B0D54F8B1C61DA68A97C246D003EBA"),
    ),
    (
        "PBOC diversification, city (computed with another implementation)",
        crypto.diversify(DES, h("0123456789ABCDEFFEDCBA9876543210"), h("0000057100000000")),
        h("31695E540AF57C7C4BF1D1BD1199E374"),
    ),
    (
        "PBOC diversification, meter (computed with another implementation)",
        crypto.diversify(DES, h("31695E540AF57C7C4BF1D1BD1199E374"), h("0000123456789012")),
        h("5FB84C481920D4F81CD0140ED60407FF"),
    ),
]

# (name, receipt, suite, first bytes of KIC and KID, packet, CNTR, PCNTR, CC, data); source: unit tests of
# osmocom pySim for over-the-air packets
PACKETS = [
    (
        "3DES command, SPI 0619",
        False,
        DES,
        "3001",
        "3011",
        "027000 00201506193535B00011 AE733256918D050B87C94FBFE12E4DC402F262C41CF67F2F",
        3,
        "04CEAED74C102A01",
        COMMAND,
    ),
    (
        "AES command, SPI 0619",
        False,
        AES,
        "2001",
        "2011",
        "027000 00281506192222B00011 E87CCEEBB2D93083011CE294F93FC4D8DE80DA1ABAE8C37CA3E72EC4432E5058",
        None,
        "ECBAB1F8F55502C5",
        COMMAND,
    ),
    (
        "3DES response",
        True,
        DES,
        "3001",
        "3011",
        "027100 001C12B00011 8BB989492C632529326A2F4681FEB37C825BC9021C9F6D0B",
        6,
        "987D32F89254D018",
        h("016132"),
    ),
    (
        "AES response",
        True,
        AES,
        "2001",
        "2011",
        "027100 002412B00011 EBC6B497E2CAD7AEDF36ACE0E3A29B38853F0FE9CCDE81913BE5702B73ABCE1F",
        14,
        "34D237DB461C150B",
        h("016132"),
    ),
]


def check_packet(case):
    name, receipt, suite, kic, kid, packet, pcntr, cc, data = case
    kic, kid, packet = tail(kic), tail(kid), h(packet)
    opened = open_packet(packet, receipt, suite, kic, kid)
    demand(opened["cntr"] == 0, f"{name}: CNTR is {opened['cntr']}, it should be 0")
    demand(opened["cc"] == h(cc), f"{name}: CC is {opened['cc'].hex()}, it should be {cc}")
    demand(pcntr in (None, opened["pcntr"]), f"{name}: PCNTR is {opened['pcntr']}, it should be {pcntr}")
    demand(data in (None, opened["data"]), f"{name}: data is {opened['data'].hex()}")
    # a judge that lets everything pass proves nothing: no single changed bit may go through
    for at in range(len(packet) * 8):
        bent = bytearray(packet)
        bent[at // 8] ^= 1 << at % 8
        try:
            open_packet(bytes(bent), receipt, suite, kic, kid)
        except Wrong:
            continue
        raise Wrong(f"{name}: bit {at} was changed and nothing noticed")


def run():
    """Checks every answer; raises `Wrong` at the first that does not match."""
    for name, got, wanted in ANSWERS:
        demand(got == wanted, f"{name}: got {got.hex()}, it should be {wanted.hex()}")
        print(f"ok  {name}")
    for case in PACKETS:
        check_packet(case)
        print(f"ok  packet, {case[0]}, and no changed bit passes")
