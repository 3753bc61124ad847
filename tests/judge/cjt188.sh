#!/usr/bin/env bash
# A reader of CJ/T 188 of its own before our gas meter, over a socket and a pseudo terminal: what it reads, what it is refused, and what it
# sees of a valve that a station moved.
#
# Usage: tests/judge/cjt188.sh GRIDCARD FOLDER
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"
[[ $# -eq 2 ]] || die "usage: tests/judge/cjt188.sh GRIDCARD FOLDER"
gridcard=$1 work=$2
need python3
mkdir -p "$work"
ports=()
finish() {
    [[ ${#ports[@]} -eq 0 ]] || kill "${ports[@]}" 2>/dev/null || true
}
trap finish EXIT
reader=$root/tests/judge/cjt188.py
meter=261100000001
python3 "$reader" --self-test

# a town's meter made anew for gas, of the ESAM it had, with the money in it
"$gridcard" demo --meters 1 --seed 7 --home "$work/home" >"$work/demo.out"
run() { "$gridcard" --home "$work/home" "$@"; }
mv "$work/home/meters/$meter/esam.card" "$work/esam.card"
rm -r "$work/home/meters/$meter"
pairing=$(find "$work/home" -name "pairing-$meter.json")
run meter new "$meter" --esam "$work/esam.card" --pairing "$pairing" --profile gas --price 2.80 --load 800 >&2

# port NAME OPTION...: the meter on a line, which stands in `line` when it returns.
port() {
    local name=$1
    shift
    # no function: what is killed at the end is the command, not a shell around it
    "$gridcard" --home "$work/home" meter port "$meter" "$@" >"$work/$name.out" 2>"$work/$name.err" &
    ports+=("$!")
    await "$work/$name.out" "${ports[-1]}" "$work/$name.err"
    line=$(cat "$work/$name.out")
}
port socket --listen 127.0.0.1:0
socket=$line
port pty --pty
pty=$line

see() {
    run meter show "$meter" --json >"$work/show.json"
    python3 "$reader" "$1" "$meter" "$work/show.json" "${@:2}"
}
at=("$socket" --meter "$meter" --city 33020000)
# what is in the purse shows with the first station that comes
run meter station recharge "${at[@]}" 100 --protocol 188 >&2 || run meter station open "${at[@]}" 100 --customer 330212012279 --protocol 188 >&2
run meter consume "$meter" --m3 12.34 >&2
see "$pty" open --asleep
see "$socket" open
run meter station valve "${at[@]}" close >&2
see "$socket" closed
see "$pty" closed
run meter station valve "${at[@]}" open >&2
run meter station tariff "${at[@]}" --rate 3.1500 --protocol 188 >&2
see "$socket" open
# a valve that does not move: the station hears it, and so does the reader
run meter sensors "$meter" --jammed on >&2
if run meter station valve "${at[@]}" close >&2; then
    die "a station believes a valve that does not move"
fi
see "$socket" stuck
run meter sensors "$meter" --jammed off >&2
run meter station valve "${at[@]}" close >&2
# closed, and not tight
run meter sensors "$meter" --leak 60 >&2
run meter consume "$meter" --hours 1 >&2
see "$pty" closed
run meter sensors "$meter" --leak 0 >&2
run meter station valve "${at[@]}" open >&2
see "$pty" open
run meter sensors "$meter" --battery 2900 >&2
see "$pty" closed
run meter show "$meter" --json >"$work/show.json"
python3 - "$work/show.json" <<'PYTHON'
import json, sys
show = json.load(open(sys.argv[1]))
assert show["clear_commands"] == 18, show["clear_commands"]
told = [event for event in show["events"] if event["event"] == "clear-command"]
assert len(told) == 1, told
print(f"{show['clear_commands']} commands without a proof are counted, the day's first stands in the log")
PYTHON
