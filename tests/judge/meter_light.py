"""PyPI dlt645 reads our meter through the light of its eye, which the serving program puts in. In range all is read; past it what is
read is right, or nothing. Usage: meter_light.py PORT METER SHOW.json near|far"""

import json
import sys
import time

from dlt645 import MeterClientService
from loguru import logger

logger.remove()
port, meter, show, where = int(sys.argv[1]), sys.argv[2], json.load(open(sys.argv[3])), sys.argv[4]
energy = show["register_hundredths_kwh"] / 100
service = MeterClientService.new_tcp_client("127.0.0.1", port, 1.5)
assert service.set_address("".join(meter[at : at + 2] for at in range(10, -2, -2)))
assert service.client.connect()
# 20 bytes there and 20 back, 11 bits each, 1200 bit/s; the meter takes 20 ms at the least
least = 40 * 11 / 1200 + 0.02
right = nothing = 0
for _ in range(4 if where == "near" else 14):
    begun = time.monotonic()
    found = service.read_00(0x00010000)
    took = time.monotonic() - begun
    if found is None:
        nothing += 1
        continue
    assert abs(float(found.value) - energy) < 0.001, (found, energy)
    assert took >= least, f"light is slower: {took} s"
    right += 1
service.client.disconnect()
assert right > 0 and (nothing == 0) == (where == "near"), (where, right, nothing)
print(f"dlt645 reads meter {meter} through a served eye, {where}: {right} times {energy} kWh, {nothing} times nothing, and nothing wrong")
