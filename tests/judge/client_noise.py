#!/usr/bin/env python3
"""Foreign Noise libraries as a customer's phone and as the payment server [docs/specs/client.md].

usage: client_noise.py LIBRARY self-test VECTORS
       client_noise.py LIBRARY phone HOST:PORT SERVER-KEY SLIP CODE MSISDN USER PASSWORD AMOUNT-FEN
       client_noise.py LIBRARY server CODE-OUT

LIBRARY is noiseprotocol or dissononce. `phone` enrols at a running server by its TCP line, buys, and prints the order's record. `server`
is a payment server of which our own phone enrols and asks its contracts: it writes address, key, slip and code into CODE-OUT and ends
after that. All that is not Noise is written here from the specification's page alone.
"""
import base64
import hashlib
import hmac
import json
import os
import socket
import struct
import sys
import time

PROLOGUE = b"gridcard phone 1"
NAMES = {1: "Noise_IKpsk1_25519_AESGCM_SHA256", 2: "Noise_IKpsk2_25519_AESGCM_SHA256"}
OFFER, CONFIRM, FETCH, CONTRACTS, ENROL = 3, 4, 8, 2, 1


class NoiseProtocol:
    """PyPI noiseprotocol."""

    def __init__(self, psk_at, prologue, psk, static, remote=None, ephemeral=None):
        from noise.connection import Keypair, NoiseConnection

        self.conn = NoiseConnection.from_name(NAMES[psk_at].encode())
        self.conn.set_psks(psk)
        self.conn.set_prologue(prologue)
        self.conn.set_keypair_from_private_bytes(Keypair.STATIC, static)
        if ephemeral:
            self.conn.set_keypair_from_private_bytes(Keypair.EPHEMERAL, ephemeral)
        if remote:
            self.conn.set_as_initiator()
            self.conn.set_keypair_from_public_bytes(Keypair.REMOTE_STATIC, remote)
        else:
            self.conn.set_as_responder()
        self.conn.start_handshake()

    def write(self, payload):
        return bytes(self.conn.write_message(payload))

    def read(self, message):
        return bytes(self.conn.read_message(message))

    def seal(self, counter, plain):
        state = self.conn.noise_protocol.cipher_state_encrypt
        state.set_nonce(counter) if hasattr(state, "set_nonce") else setattr(state, "n", counter)
        return bytes(state.encrypt_with_ad(b"", plain))

    def open(self, counter, sealed):
        state = self.conn.noise_protocol.cipher_state_decrypt
        state.set_nonce(counter) if hasattr(state, "set_nonce") else setattr(state, "n", counter)
        return bytes(state.decrypt_with_ad(b"", sealed))


class Dissononce:
    """PyPI dissononce."""

    def __init__(self, psk_at, prologue, psk, static, remote=None, ephemeral=None):
        from dissononce.cipher.aesgcm import AESGCMCipher
        from dissononce.dh.x25519.x25519 import PrivateKey, PublicKey, X25519DH
        from dissononce.extras.dh.dangerous.dh_nogen import NoGenDH
        from dissononce.hash.sha256 import SHA256Hash
        from dissononce.processing.handshakepatterns.interactive.IK import IKHandshakePattern
        from dissononce.processing.impl.cipherstate import CipherState
        from dissononce.processing.impl.handshakestate import HandshakeState
        from dissononce.processing.impl.symmetricstate import SymmetricState
        from dissononce.processing.modifiers.psk import PSKPatternModifier

        dh = X25519DH()
        if ephemeral:
            dh = NoGenDH(dh, PrivateKey(ephemeral))
        self.state = HandshakeState(SymmetricState(CipherState(AESGCMCipher()), SHA256Hash()), dh)
        pattern = PSKPatternModifier(psk_at).modify(IKHandshakePattern())
        own = X25519DH().generate_keypair(PrivateKey(static))
        self.initiator = remote is not None
        self.state.initialize(
            pattern, self.initiator, prologue, s=own, rs=PublicKey(remote) if remote else None, psks=(psk,)
        )
        self.ends = None

    def write(self, payload):
        out = bytearray()
        self.ends = self.state.write_message(payload, out) or self.ends
        return bytes(out)

    def read(self, message):
        out = bytearray()
        self.ends = self.state.read_message(message, out) or self.ends
        return bytes(out)

    def seal(self, counter, plain):
        state = self.ends[0 if self.initiator else 1]
        state.set_nonce(counter)
        return bytes(state.encrypt_with_ad(b"", plain))

    def open(self, counter, sealed):
        state = self.ends[1 if self.initiator else 0]
        state.set_nonce(counter)
        return bytes(state.decrypt_with_ad(b"", sealed))


LIBRARIES = {"noiseprotocol": NoiseProtocol, "dissononce": Dissononce}


def die(words):
    raise SystemExit(f"{sys.argv[0]}: {words}")


def psk_of(code, server_key):
    """HKDF-SHA-256 of the 16 characters of a code [RFC 5869]."""
    characters = code.upper().replace("-", "").replace(" ", "")
    base64.b32decode(characters)
    prk = hmac.new(hashlib.sha256(server_key).digest(), characters.encode(), hashlib.sha256).digest()
    return hmac.new(prk, b"gridcard enrol 1\x01", hashlib.sha256).digest()


def mark(label, value):
    return hashlib.sha256(label + b"\0" + value.encode()).digest()[:4] if value else bytes(4)


def payload(seconds, msisdn, user):
    stamp = struct.pack(">QI", 0x400000000000000A + int(seconds), int(seconds % 1 * 1e9))
    return stamp + mark(b"msisdn", msisdn) + bytes(8) + mark(b"user", user)


def tlv(tag, value):
    length = len(value)
    head = bytes([length]) if length < 128 else b"\x81" + bytes([length]) if length < 256 else b"\x82" + struct.pack(">H", length)
    return bytes([tag]) + head + value


def objects(data):
    found = {}
    while data:
        tag, length, at = data[0], data[1], 2
        if length == 0x81:
            length, at = data[2], 3
        elif length == 0x82:
            length, at = struct.unpack(">H", data[2:4])[0], 4
        found[tag] = data[at:at + length]
        data = data[at + length:]
    return found


def digits(number):
    return bytes.fromhex(number)


class Line:
    """A TCP line: length2 || frame."""

    def __init__(self, stream):
        self.stream = stream

    def send(self, frame):
        self.stream.sendall(struct.pack(">H", len(frame)) + frame)

    def exactly(self, length):
        data = b""
        while len(data) < length:
            more = self.stream.recv(length - len(data))
            if not more:
                die("the line was ended")
            data += more
        return data

    def receive(self):
        return self.exactly(struct.unpack(">H", self.exactly(2))[0])


class Session:
    """A phone's session."""

    def __init__(self, line, noise, first, second, ident, said):
        self.line, self.noise, self.ident, self.count = line, noise, ident, 0
        line.send(bytes([first]) + ident + noise.write(said))
        answer = line.receive()
        if answer[:5] != bytes([second]) + ident or noise.read(answer[5:]) != b"":
            die("the second message is not as it should be")

    def ask(self, op, body):
        number = struct.pack(">I", self.count + 1)
        sealed = self.noise.seal(self.count, number + bytes([op]) + body)
        frame = b"\x31" + self.ident + struct.pack(">Q", self.count) + sealed
        self.count += 1
        self.line.send(frame)
        answer = self.line.receive()
        # the same again gets the same again
        self.line.send(frame)
        if self.line.receive() != answer:
            die("a repeat got another answer")
        if answer[:5] != b"\x32" + self.ident:
            die("an answer of another session")
        plain = self.noise.open(struct.unpack(">Q", answer[5:13])[0], answer[13:])
        if plain[:4] != number:
            die("an answer to another request")
        if plain[4] != 0:
            die(f"op {op}: status {plain[4]} {objects(plain[5:])}")
        return objects(plain[5:])


def phone(library, address, server_key, slip, code, msisdn, user, password, amount):
    host, port = address.rsplit(":", 1)
    server_key = bytes.fromhex(server_key)
    line = Line(socket.create_connection((host, int(port)), timeout=60))
    static = os.urandom(32)
    now = time.time()
    noise = library(1, PROLOGUE + b"\x01", psk_of(code, server_key), static, remote=server_key)
    enrolment = Session(line, noise, 0x11, 0x12, bytes.fromhex(slip), payload(now, msisdn, user))
    known = enrolment.ask(ENROL, tlv(0x81, msisdn.encode()) + tlv(0x84, user.encode()) + tlv(0x85, password.encode()))
    psk = known[0x90]
    noise = library(2, PROLOGUE + b"\x02", psk, static, remote=server_key)
    session = Session(line, noise, 0x21, 0x22, os.urandom(4), payload(now + 1, msisdn, user))
    purchase = os.urandom(8)
    fen = struct.pack(">I", int(amount))
    offer = session.ask(OFFER, tlv(0x8B, purchase) + tlv(0x81, msisdn.encode()) + tlv(0x89, fen) + tlv(0x8A, b"\x01"))
    if offer[0x89] != fen or offer[0x8D] != b"\x01":
        die("another offer than asked for")
    bought = session.ask(CONFIRM, tlv(0x8B, purchase) + tlv(0x89, fen))
    if bought[0x8D] != b"\x03":
        die(f"the purchase stands at {bought[0x8D].hex()}")
    order = session.ask(FETCH, tlv(0x8B, purchase))
    if order[0x8E] != bought[0x8E] or len(order[0x95]) not in (176, 352):
        die("another order than bought")
    print(json.dumps({"phone": known[0x91].hex(), "customer": known[0x80].hex(), "order": order[0x8E].hex().upper(),
                      "record": order[0x95].hex().upper(), "meter": offer[0x86].hex()}))


def server(library, out):
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    secret = os.urandom(32)
    public = X25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()
    code = base64.b32encode(os.urandom(10)).decode()
    slip, psk = os.urandom(4), os.urandom(32)
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(120)
    text = json.dumps({"address": "127.0.0.1:%d" % listener.getsockname()[1], "server_key": public.hex(),
                       "slip": slip.hex(), "code": code})
    with open(out + ".new", "w", encoding="ascii") as file:
        file.write(text)
    os.rename(out + ".new", out)
    asked = []
    while asked != [ENROL, CONTRACTS]:
        line = Line(listener.accept()[0])
        first = line.receive()
        kind, ident = first[0], first[1:5]
        psk_at = {0x11: 1, 0x21: 2}[kind]
        key = psk_of(code, public) if psk_at == 1 else psk
        noise = library(psk_at, PROLOGUE + bytes([psk_at]), key, secret)
        said = noise.read(first[5:])
        if len(said) != 28 or said[12:16] != mark(b"msisdn", "+8613900000001") or said[24:] != mark(b"user", "chen"):
            die("the first message says something else")
        if abs(struct.unpack(">Q", said[:8])[0] - 0x400000000000000A - time.time()) > 120:
            die("the first message has another time")
        line.send(bytes([kind + 1]) + ident + noise.write(b""))
        frame = line.receive()
        if frame[:5] != b"\x31" + ident:
            die("the phone goes on with another frame")
        plain = noise.open(struct.unpack(">Q", frame[5:13])[0], frame[13:])
        asked.append(plain[4])
        if plain[4] == ENROL:
            claims = objects(plain[5:])
            if claims[0x81] != b"+8613900000001" or claims[0x84] != b"chen" or claims[0x85] != b"correct horse":
                die("the phone claims something else")
            body = tlv(0x80, digits("330200000001")) + tlv(0x90, psk) + tlv(0x91, os.urandom(8))
        else:
            contract = tlv(0x86, digits("261100000001")) + tlv(0x81, b"+8613900000001") + tlv(0x97, b"Chen")
            body = tlv(0xA0, contract)
        sealed = noise.seal(0, plain[:4] + b"\0" + body)
        line.send(b"\x32" + ident + struct.pack(">Q", 0) + sealed)


def self_test(library, vectors):
    """The library itself against the public vectors, before it judges."""
    with open(vectors, encoding="ascii") as file:
        for vector in json.load(file)["vectors"]:
            of = {name: bytes.fromhex(value) for name, value in vector.items() if name not in ("name", "messages")}
            from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

            remote = X25519PrivateKey.from_private_bytes(of["server_static"]).public_key().public_bytes_raw()
            psk_at = 1 if "psk1" in vector["name"] else 2
            ours = library(psk_at, of["prologue"], of["psk"], of["phone_static"], remote, of["phone_ephemeral"])
            theirs = library(psk_at, of["prologue"], of["psk"], of["server_static"], None, of["server_ephemeral"])
            said = [(bytes.fromhex(plain), bytes.fromhex(sealed)) for plain, sealed in vector["messages"]]
            if ours.write(said[0][0]) != said[0][1] or theirs.read(said[0][1]) != said[0][0]:
                die(f"{vector['name']}: message 1 differs")
            if theirs.write(said[1][0]) != said[1][1] or ours.read(said[1][1]) != said[1][0]:
                die(f"{vector['name']}: message 2 differs")
            for place, (plain, sealed) in enumerate(said[2:]):
                side = ours if place % 2 == 0 else theirs
                if side.seal(place // 2, plain) != sealed:
                    die(f"{vector['name']}: message {place + 3} differs")


def main():
    if len(sys.argv) < 4 or sys.argv[1] not in LIBRARIES:
        die(__doc__)
    library, what, rest = LIBRARIES[sys.argv[1]], sys.argv[2], sys.argv[3:]
    {"self-test": self_test, "phone": phone, "server": server}[what](library, *rest)


if __name__ == "__main__":
    main()
