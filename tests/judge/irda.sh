#!/usr/bin/env bash
# Wireshark's dissectors before sessions of our IrDA: a phone that reads a meter near by and at the edge of its range. Every frame must
# be what it is meant to be, none malformed, none with a remark, and the meter's frames must be in the serial port's data. A second
# opinion of the discovery is PyPI scapy's, which knows that much of IrDA.
#
# Usage: tests/judge/irda.sh GRIDCARD FOLDER
# Installs what it needs.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"
[[ $# -eq 2 ]] || die "usage: tests/judge/irda.sh GRIDCARD FOLDER"
gridcard=$1 work=$2
need tshark python3 python3-venv
mkdir -p "$work"
meter=261100000001
"$gridcard" demo --meters 1 --seed 7 --home "$work/home" >"$work/demo.out"
# what a user without rights sees is enough for a file
dissect() { tshark -r "$@" 2>"$work/tshark.err"; }

# judge NAME OPTION...: one session, its capture, and what tshark makes of it.
judge() {
    local name=$1 file=$work/$1.pcap frames remarks step
    shift
    "$gridcard" --home "$work/home" meter read "$meter" balance energy clock --line irda --capture "$file" "$@" \
        --json >"$work/$name.json"
    dissect "$file" >"$work/$name.txt" || die "tshark does not read $file: $(cat "$work/tshark.err")"
    dissect "$file" -V >"$work/$name.long"
    remarks=$(dissect "$file" -Y '_ws.malformed || _ws.expert' | wc -l)
    [[ $remarks -eq 0 ]] || die "tshark remarks on $remarks frames of $file"
    for step in 'func=XID, s=0' 'func=XID, "meter"' 's=final, "gridcard phone"' 'func=SNRM' 'func=UA' \
        'GetValueByClass: "IrDA:IrCOMM" "Parameters"' 'GetValueByClass: "IrDA:IrCOMM" "IrDA:TinyTP:LsapSel"' \
        'Result: Success, Integer: 4' 'TTP .* Connect Command, Credit=14' 'TTP .* Connect Confirm, Credit=14' \
        'IrCOMM .* Clen=18' 'IrCOMM .* Clen=0, UserData' 'func=RR' 'func=DISC'; do
        grep -q -e "$step" "$work/$name.txt" || die "tshark finds no '$step' in $file"
    done
    # every frame of the connection is one of a layer that tshark knows
    frames=$(dissect "$file" | wc -l)
    [[ $frames -gt 25 ]] || die "$file has $frames frames"
    step=$(dissect "$file" -T fields -e _ws.col.Protocol | sort | uniq -c | awk '{ printf "%s%s %s", n++ ? ", " : "", $1, $2 }')
    ! grep -qvE '^([0-9]+ (IrLAP|IrLMP|IAP|TTP|IrCOMM)(, )?)+$' <<<"$step" || die "tshark takes frames of $file for others: $step"
    say "$name: $frames frames without a remark: $step"
}
judge near --seed 7
judge edge --seed 7 --distance 30 --noise 4

# bytes of the port as tshark takes them out of IrCOMM: the meter's own frames, whole
/usr/bin/python3 - "$work/near.pcap" "$meter" <<'PYTHON'
import subprocess, sys
capture, meter = sys.argv[1:]
rows = subprocess.run(["tshark", "-r", capture, "-Y", "ircomm", "-T", "fields", "-e", "irlap.a", "-e", "data"],
                      capture_output=True, text=True, check=True).stdout.split("\n")
heard = {"0": b"", "1": b""}
for row in rows:
    direction, _, data = row.partition("\t")
    # the lowest bit of the address: the phone says it; what has a comma is the control channel's
    if data and "," not in data:
        heard[str(int(direction, 16) & 1)] += bytes.fromhex(data)
def frames(line):
    at = 0
    while (at := line.find(b"\x68", at)) >= 0:
        if line[at + 7:at + 8] == b"\x68":
            length = 12 + line[at + 9]
            frame = line[at:at + length]
            assert frame[-1] == 0x16 and sum(frame[:-2]) % 256 == frame[-2], frame.hex()
            yield frame
            at += length
        else:
            at += 1
asked, answered = list(frames(heard["1"])), list(frames(heard["0"]))
assert len(asked) == len(answered) == 4, (len(asked), len(answered))
number = bytes.fromhex(meter)[::-1]
assert all(frame[1:7] == number and frame[8] in (0x91, 0x93) for frame in answered), [f.hex() for f in answered]
print("4 requests and 4 answers of the meter stand whole in IrCOMM's data")
PYTHON

# the phone's discovery as scapy takes it apart
scapy=$target/judge-scapy
environment "$scapy" scapy==2.6.1
"$scapy/bin/python" - "$work/near.pcap" <<'PYTHON'
import logging, sys
logging.getLogger("scapy.runtime").setLevel(logging.ERROR)
from scapy.layers.ir import IrLAPCommand, IrLAPHead, IrLMP
from scapy.utils import rdpcap
packets = rdpcap(sys.argv[1])
assert all(packet.haslayer(IrLAPHead) for packet in packets), "not all of it is IrLAP"
# XID has the broadcast address, the word (3F) and the format 1
looks = [packet for packet in packets if packet[IrLAPHead].Address == 0x7F and packet[IrLAPHead].Type == 1 and packet[IrLAPCommand].Control == 0x3F]
assert [look[IrLAPCommand].Slot_number for look in looks] == [0, 1, 2, 3, 4, 5, 255], "six slots and the last word"
assert {look[IrLAPCommand].Format_identifier for look in looks} == {1}
assert {look[IrLAPCommand].Destination_address for look in looks} == {0xFFFFFFFF}
assert {look[IrLAPCommand].Discovery_flags for look in looks} == {1} and {look[IrLAPCommand].Version for look in looks} == {0}
assert len({look[IrLAPCommand].Source_address for look in looks}) == 1
who = looks[-1][IrLMP]
assert (who.Service_hints, who.Character_set, who.Device_name) == (0x8205, 0, b"gridcard phone"), who
others = {packet[IrLAPHead].Address for packet in packets} - {0x7F}
assert len(others) == 1, f"connections {others}"
print(f"scapy: {len(looks)} looks of {who.Device_name.decode()}, {len(packets)} frames, connection {others.pop():02x}")
PYTHON
