"""A meter of PyPI dlt645's own, for our reader. Says its port, and answers until it is ended."""

import socket
import threading

from dlt645 import MeterServerService
from loguru import logger

logger.remove()
with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]
meter = MeterServerService.new_tcp_server("127.0.0.1", port, 60.0)
# as it stands on the line
assert meter.set_address("129078563412")
assert meter.set_00(0x00000000, 1234.56)
assert meter.set_02(0x02010100, 231.5)
assert meter.set_02(0x02800002, 49.98)
print(port, flush=True)
meter.start()
threading.Event().wait()
