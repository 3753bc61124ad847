"""PyPI dlt645 reads our meter over a socket. Usage: meter_reader.py PORT METER SHOW.json"""

import json
import sys

from dlt645 import MeterClientService
from loguru import logger

logger.remove()
port, meter, show = int(sys.argv[1]), sys.argv[2], json.load(open(sys.argv[3]))
energy = show["register_hundredths_kwh"] / 100
# its addresses are written as they stand on the line
wire = "".join(meter[at : at + 2] for at in range(10, -2, -2))


def client():
    service = MeterClientService.new_tcp_client("127.0.0.1", port, 30.0)
    assert service.set_address(wire)
    assert service.client.connect()
    return service


reader = client()
wanted = {0x00000000: energy, 0x00010000: energy, 0x00020000: 0.0}
for identifier, value in wanted.items():
    found = reader.read_00(identifier)
    assert found is not None and abs(float(found.value) - value) < 0.001, (hex(identifier), found, value)
for identifier, value in {0x02010100: 220.0, 0x02800002: 50.0}.items():
    found = reader.read_02(identifier)
    assert found is not None and abs(float(found.value) - value) < 0.001, (hex(identifier), found, value)
# what the meter has not: no value, and the next is read as before
assert reader.read_02(0x02010200) is None
assert reader.read_00(0x00000000) is not None
reader.client.disconnect()
# one connection after another, as a converter has them
again = client()
assert float(again.read_00(0x00010000).value) == energy
print(f"dlt645 reads meter {meter} over a socket: {energy} kWh, 220.0 V, 50.0 Hz; phase B is refused")
