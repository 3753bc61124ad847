#!/usr/bin/env bash
# Other people's readers of meters before our meter, and ours before another's meter: PyPI dlt645 and python-dlt645, over a
# socket and a pseudo terminal.
#
# Usage: tests/judge/meter.sh GRIDCARD FOLDER
# Installs what it needs, the readers each in an environment of its own below the target folder.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"
[[ $# -eq 2 ]] || die "usage: tests/judge/meter.sh GRIDCARD FOLDER"
gridcard=$1 work=$2
need python3 python3-venv
mkdir -p "$work"
ports=()
finish() {
    [[ ${#ports[@]} -eq 0 ]] || kill "${ports[@]}" 2>/dev/null || true
}
trap finish EXIT

# both readers call their module dlt645
first=$target/judge-dlt645 second=$target/judge-python-dlt645
environment "$first" dlt645==3.2.0
environment "$second" python-dlt645==0.1.4 pyserial==3.5
first+=/bin second+=/bin

"$gridcard" demo --meters 2 --seed 7 --home "$work/home" >"$work/demo.out"
run() { "$gridcard" --home "$work/home" "$@"; }
meters=(261100000001 261100000002)

# port NAME OPTION...: two meters on one line, which stands in `line` when it returns.
port() {
    local name=$1 try
    shift
    # no function: what is killed at the end is the command, not a shell around it
    "$gridcard" --home "$work/home" meter port "${meters[@]}" "$@" >"$work/$name.out" 2>"$work/$name.err" &
    ports+=("$!")
    for ((try = 0; try < 6000; try++)); do
        [[ ! -s $work/$name.out ]] || break
        kill -0 "${ports[-1]}" 2>/dev/null || die "meter port $name ended: $(cat "$work/$name.err")"
        sleep 0.05
    done
    line=$(cat "$work/$name.out")
    [[ -n $line ]] || die "meter port $name never said where it is: $(cat "$work/$name.err")"
}
# the port that was opened last ends
finished() {
    kill "${ports[-1]}"
    wait "${ports[-1]}" || true
    unset 'ports[-1]'
}
port socket --listen 127.0.0.1:0
socket=$line
port pty --pty
pty=$line

run meter show "${meters[1]}" --json >"$work/show.json"
"$first/python" "$root/tests/judge/meter_reader.py" "${socket##*:}" "${meters[1]}" "$work/show.json"
"$second/python" "$root/tests/judge/meter_second_reader.py" "${socket##*:}" "$pty" "${meters[1]}" "$work/show.json"

# security, carried by their transports: the eye gives the cipher of an identity, the wires take it
port eye --infrared --listen 127.0.0.1:0
read -r cipher number <<<"$("$first/python" "$root/tests/judge/meter_security.py" eye "${line##*:}" "${meters[0]}")"
finished
for python in "$first/python" "$second/python"; do
    "$python" "$root/tests/judge/meter_security.py" wires "${socket##*:}" "${meters[0]}" "$cipher" "$number"
done

# the same readers through the light of an eye, in its range and past it; seeds are of the light alone
port near --line infrared --seed 7 --listen 127.0.0.1:0
"$first/python" "$root/tests/judge/meter_light.py" "${line##*:}" "${meters[1]}" "$work/show.json" near
finished
port far --line infrared --distance 450 --noise 0 --seed 7 --listen 127.0.0.1:0
"$first/python" "$root/tests/judge/meter_light.py" "${line##*:}" "${meters[1]}" "$work/show.json" far
finished
for kind in infrared irda bluetooth ble; do
    options=()
    [[ $kind != infrared ]] || options=(--angle 20)
    meters=(261100000002)
    port "$kind" --line "$kind" "${options[@]}" --seed 7 --pty
    "$second/python" -c 'import sys, serial, json
from dlt645 import get_active_energy
device, meter, show, kind = sys.argv[1:]
energy = json.load(open(show))["register_hundredths_kwh"] / 100
# a pseudo terminal of Linux has no parity; the light that we put behind it has
line = serial.Serial(device, 1200, parity="N", timeout=5)
assert get_active_energy(meter, line) == energy
print(f"python-dlt645 reads meter {meter} over a served {kind} line: {energy} kWh")' "$line" 261100000002 "$work/show.json" "$kind"
    finished
done

# our reader at another's meter
"$first/python" "$root/tests/judge/meter_other.py" >"$work/other.port" 2>"$work/other.err" &
ports+=("$!")
for ((try = 0; try < 6000; try++)); do
    [[ ! -s $work/other.port ]] || break
    kill -0 "${ports[-1]}" 2>/dev/null || die "the other meter ended: $(cat "$work/other.err")"
    sleep 0.05
done
other=127.0.0.1:$(cat "$work/other.port")
for ((try = 0; try < 600; try++)); do
    ! run meter read "$other" --address 123456789012 energy voltage-a frequency --json >"$work/read.json" 2>"$work/read.err" || break
    sleep 0.1
done
[[ $try -lt 600 ]] || die "our reader has nothing from the other's meter: $(cat "$work/read.err")"
/usr/bin/python3 - "$work/read.json" <<'PYTHON'
import json, sys
found = {item["name"]: item["value"] for item in json.load(open(sys.argv[1]))["items"]}
wanted = {"energy": "1234.56 kWh", "voltage-a": "231.5 V", "frequency": "49.98 Hz"}
assert found == wanted, found
print("our reader reads the other's meter:", ", ".join(f"{name} {value}" for name, value in found.items()))
PYTHON
