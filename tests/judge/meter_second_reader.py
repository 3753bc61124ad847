"""PyPI python-dlt645 reads our meter over a socket and a pseudo terminal. Usage: meter_second_reader.py PORT DEVICE METER SHOW.json"""

import json
import subprocess
import sys
from pathlib import Path

import serial
from dlt645 import get_active_energy, get_addr

port, device, meter, show = sys.argv[1], sys.argv[2], sys.argv[3], json.load(open(sys.argv[4]))
energy = show["register_hundredths_kwh"] / 100
# the wildcard is for a meter that is alone on its line; here both answer, and the reader takes whom it hears first
lines = {
    "a socket": lambda: serial.serial_for_url(f"socket://127.0.0.1:{port}", timeout=30),
    # pseudo terminals of Linux have no parity
    "a pseudo terminal": lambda: serial.Serial(device, 1200, parity="N", timeout=30),
}
for name, make in lines.items():
    line = make()
    found = get_active_energy(meter, line)
    assert found == energy, (name, found, energy)
    line.close()
    print(f"python-dlt645 reads meter {meter} over {name}: {found} kWh")
line = lines["a socket"]()
assert get_addr(line).endswith(("261100000001", "261100000002")), "an address"
line.close()
# its own command
tool = Path(sys.executable).parent / "dlt645_aen"
done = subprocess.run([tool, "-p", device, "-P", "N", "-t", "30", meter], capture_output=True, text=True, check=True)
assert str(energy) in done.stdout, done
print(f"dlt645_aen says: {done.stdout.strip()}")
