"""Ciphers, MACs and the test keys of a meter, from docs/specs/cards.md 2 and docs/specs/purchase.md 2."""

import hashlib

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

try:  # since version 43 of the library; Debian's is older
    from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
except ImportError:
    TripleDES = algorithms.TripleDES


class Wrong(Exception):
    """Something in the data does not match the specification; the text says what."""


def demand(condition, words):
    if not condition:
        raise Wrong(words)


class Suite:
    """A cipher suite: its block cipher and the byte KIc and KID carry for it [purchase.md 2]."""

    def __init__(self, name, block, key_byte, algorithm):
        self.name, self.block, self.key_byte, self.algorithm = name, block, key_byte, algorithm

    def _cipher(self, key, mode):
        return Cipher(self.algorithm(key), mode)

    def ecb(self, key, data):
        worker = self._cipher(key, modes.ECB()).encryptor()
        return worker.update(data) + worker.finalize()

    def cbc(self, key, data):
        worker = self._cipher(key, modes.CBC(bytes(self.block))).encryptor()
        return worker.update(data) + worker.finalize()

    def cbc_open(self, key, data):
        worker = self._cipher(key, modes.CBC(bytes(self.block))).decryptor()
        return worker.update(data) + worker.finalize()


def two_key_des(key):
    """Two-key triple DES: K1 K2 K1. A key of 8 bytes is single DES, which is triple DES with equal parts."""
    return TripleDES(key * 3 if len(key) == 8 else key + key[:8])


SUITES = {
    suite.name: suite
    for suite in (
        Suite("3des", 8, 0x15, two_key_des),
        Suite("aes128", 16, 0x12, algorithms.AES),
        Suite("sm4", 16, 0x13, algorithms.SM4),
    )
}
DES = SUITES["3des"]


def xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b))


def zero_padded(data, block):
    return data + bytes(-len(data) % block)


def marked_padded(data, block):
    """ISO 9797-1 padding method 2: 80, then zeros; always at least one byte."""
    return zero_padded(data + b"\x80", block)


def doubled(block):
    """Multiplication by x in GF(2^128), as CMAC makes its subkeys."""
    value = int.from_bytes(block, "big") << 1
    if value >> 128:
        value = (value & ((1 << 128) - 1)) ^ 0x87
    return value.to_bytes(16, "big")


def subkeys(suite, key):
    k1 = doubled(suite.ecb(key, bytes(16)))
    return k1, doubled(k1)


def cmac(suite, key, data):
    """CMAC over a cipher with 16-byte blocks, all 16 bytes of it."""
    k1, k2 = subkeys(suite, key)
    if data and len(data) % 16 == 0:
        last = xor(data[-16:], k1)
    else:
        data = marked_padded(data, 16)
        last = xor(data[-16:], k2)
    return suite.cbc(key, data[:-16] + last)[-16:]


def retail_mac(key, data):
    """ISO 9797-1 algorithm 3 with padding 2: CBC with single DES, then the last block through both halves."""
    padded = marked_padded(data, 8)
    before = DES.cbc(key[:8], padded)[-16:-8] if len(padded) > 8 else bytes(8)
    return DES.ecb(key, xor(padded[-8:], before))


def checksum(suite, key, data):
    """The CC of a secured packet, 8 bytes [purchase.md 2]."""
    if suite is DES:
        return DES.cbc(key, zero_padded(data, 8))[-8:]
    return cmac(suite, key, data)[:8]


def tac(suite, key, data):
    """First 4 bytes of the suite's long MAC [cards.md 2]."""
    return (retail_mac(key, data) if suite is DES else cmac(suite, key, data))[:4]


# --- keys [cards.md 2] ------------------------------------------------------------------------------------


def an10922(key, data):
    """CMAC-core over 01 || data filled to 32 bytes; the subkey tells whether padding was needed."""
    k1, k2 = subkeys(SUITES["aes128"], key)
    message, last = b"\x01" + data, k1
    if len(message) < 32:
        message, last = (message + b"\x80").ljust(32, b"\0"), k2
    demand(len(message) == 32, "AN10922 takes 1 to 31 bytes of diversification input")
    return SUITES["aes128"].cbc(key, message[:16] + xor(message[16:], last))[-16:]


def diversify(suite, parent, factor):
    if suite.name == "aes128":
        return an10922(parent, factor)
    return suite.ecb(parent, factor + xor(factor, b"\xff" * 8))


def device_key(suite, role, region, meter):
    root = hashlib.sha256(f"gridcard test root 1|{suite.name}|{role}".encode("ascii")).digest()[:16]
    city = diversify(suite, root, bytes([0xC0, 0, 0, 1]) + bytes.fromhex(region))
    return diversify(suite, city, bytes(2) + bytes.fromhex(meter))
