"""Security frames before our meter, carried by other people's transports: PyPI dlt645 and python-dlt645. No key is here: the cipher
of an identity comes from the meter's own infrared eye, which gives it to anybody.

Usage: meter_security.py eye PORT METER               says the cipher and the ESAM's number
       meter_security.py wires PORT METER CIPHER NUMBER
"""

import sys

RANDOM = bytes(range(0xA0, 0xA8))
OPERATOR = bytes([1, 0, 0, 0])


def carrier(port):
    """Sends bytes, gives the frame that comes back; by whichever of the two readers this Python has."""
    try:
        from dlt645 import MeterClientService
    except ImportError:
        import serial
        from dlt645 import Frame

        line = serial.serial_for_url(f"socket://127.0.0.1:{port}", timeout=30)

        def send(request):
            line.write(request)
            found = bytearray()
            while len(found) < 12 or len(found) < 12 + found[9]:
                byte = line.read(1)
                assert byte, "no answer"
                if found or byte != b"\xfe":
                    found += byte
            # its own sum; it takes 33h away without the modulus, so it cannot read bytes below that
            frame = Frame()
            frame.frame = found
            assert frame.is_valid(), found.hex()
            return bytes(found)

        return "python-dlt645", send
    from loguru import logger

    logger.remove()
    service = MeterClientService.new_tcp_client("127.0.0.1", int(port), 30.0)
    assert service.client.connect()

    def send(request):
        found = service.client.send_request(request)
        assert found, "no answer"
        return bytes(found).lstrip(b"\xfe")

    return "dlt645", send


def main():
    way, port, meter, *given = sys.argv[1:]
    name, send = carrier(port)
    number = bytes.fromhex(meter)

    def ask(function, data):
        """Control byte and DATA of the answer."""
        head = b"\x68" + number[::-1] + b"\x68" + bytes([function, len(data)])
        body = head + bytes((byte + 0x33) & 0xFF for byte in data)
        found = send(body + bytes([sum(body) & 0xFF, 0x16]))
        assert found[:8] == head[:8] and found[9] == len(found) - 12, found.hex()
        return found[8], bytes((byte - 0x33) & 0xFF for byte in found[10:-2])

    def security(identifier, *fields):
        about = bytes.fromhex(identifier)[::-1]
        control, data = ask(0x03, about + OPERATOR + b"".join(field[::-1] for field in fields))
        if control == 0x83:
            assert data[:4] == about, data.hex()
            return data[4:]
        assert control == 0xC3 and len(data) == 2, (hex(control), data.hex())
        return int.from_bytes(data, "little")

    if way == "eye":
        found = security("078003FF", RANDOM)
        assert len(found) == 30 and found[:6][::-1] == number, found
        print(found[14:22][::-1].hex(), found[6:14][::-1].hex())
        return
    cipher, esam = (bytes.fromhex(text) for text in given)
    factor = b"\x00\x00" + number
    assert security("078102FF") == 1 << 3, "nobody is authenticated"
    assert security("070000FF", bytes(8), RANDOM, factor) == 1 << 3, "a wrong cipher"
    assert security("070000FF", cipher, RANDOM, bytes(7) + b"\x09") == 1 << 0, "another meter's factor"
    assert security("078003FF", RANDOM) == 1 << 0, "not on wires"
    # remote control: nobody authenticated, in the ordinary word and in the longer one
    trip = b"\x98\x00\x00%c" + OPERATOR + bytes(20)
    assert ask(0x1C, trip % 0) == (0xDC, b"\x04")
    assert ask(0x1C, trip % 1) == (0xDC, b"\x04\x00")
    found = security("070000FF", cipher, RANDOM, factor)
    assert len(found) == 12 and found[4:][::-1] == esam, found
    status = security("078102FF")
    assert len(status) == 26, status
    money, count = (int.from_bytes(status[at : at + 4], "little") for at in (0, 8))
    # authenticated, and still nothing moves without a MAC
    assert ask(0x1C, trip % 0) == (0xDC, b"\x04")
    assert ask(0x1C, trip % 1) == (0xDC, b"\x02\x00")
    assert security("070102FF", b"\0\0\1\0", (count + 1).to_bytes(4, "big"), bytes(4), status[16:22][::-1], bytes(4)) == 1 << 2
    ended = security("070002FF")
    assert ended == status[16:22] + status[0:4] + status[8:12] + status[22:26], ended
    assert security("078102FF") == 1 << 3, "it is over"
    print(f"{name} carries 03H and 1CH to meter {meter}: {money / 100:.2f} yuan, count {count}; without a MAC nothing moves")


main()
