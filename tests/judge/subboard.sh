#!/usr/bin/env bash
# A sub-board written from its page alone, and the page's conformance script, at our meter's plug: a pseudo terminal, Python's standard library.
#
# Usage: tests/judge/subboard.sh GRIDCARD FOLDER
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"
[[ $# -eq 2 ]] || die "usage: tests/judge/subboard.sh GRIDCARD FOLDER"
gridcard=$1 work=$2
need python3
mkdir -p "$work"
begun=()
finish() {
    [[ ${#begun[@]} -eq 0 ]] || kill "${begun[@]}" 2>/dev/null || true
}
trap finish EXIT
[[ $(wc -l <"$root/examples/subboard.py") -le 60 ]] || die "the example has more than 60 lines"

run() { "$gridcard" --home "$work/home" "$@"; }
run demo --meters 1 --seed 7 >"$work/demo.out"
echo 123456 >"$work/pin"
run server order --customer 330200000001 --amount 25 --pin-file "$work/pin" --out "$work/order.sms" >"$work/order.out"
"$gridcard" --home "$work/home" meter board 261100000001 --pty >"$work/board.out" 2>"$work/board.err" &
begun+=("$!")
await "$work/board.out" "${begun[-1]}" "$work/board.err"
plug=$(cat "$work/board.out")

run meter show 261100000001 --json >"$work/before.json"
python3 "$root/examples/subboard.py" "$plug" "$work/order.sms"
cp "$work/order.receipt" "$work/first.receipt"
# plugged in once more with the same file: the same receipt, no money
python3 "$root/examples/subboard.py" "$plug" "$work/order.sms"
cmp "$work/first.receipt" "$work/order.receipt"
run server settle "$work/order.receipt" --pin-file "$work/pin" --json >"$work/settled.json"
run meter show 261100000001 --json >"$work/after.json"
python3 - "$work" <<'PYTHON'
import json, sys
before, after, settled = (json.load(open(f"{sys.argv[1]}/{name}.json")) for name in ("before", "after", "settled"))
assert after["balance_fen"] - before["balance_fen"] == 2500, (before, after)
assert after["count"] - before["count"] == 1, (before, after)
assert [line["result"] for line in settled["receipts"]] == ["settled"], settled
PYTHON
python3 "$root/tests/judge/subboard_script.py" "$plug" "$root/examples/subboard.txt"
# a file of nobody is refused, in words
echo "no order" >"$work/no.sms"
if python3 "$root/examples/subboard.py" "$plug" "$work/no.sms" 2>"$work/no.err"; then die "it was taken"; fi
grep -q "the order is refused, error 7" "$work/no.err"
say "a sub-board of the page, and its script: as it is written"
