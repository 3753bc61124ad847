#!/usr/bin/env bash
# Other people's SMPP 3.4 before ours: smpplib as a client of our message centre, npm smpp as the message centre of our server, over which
# an order goes out and its receipt comes back and is settled.
#
# Usage: tests/judge/smpp.sh GRIDCARD FOLDER
# Installs what it needs, the Python one and the one of npm in folders of their own below the target folder.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"
[[ $# -eq 2 ]] || die "usage: tests/judge/smpp.sh GRIDCARD FOLDER"
gridcard=$1 work=$2
need python3 python3-venv
command -v node >/dev/null && command -v npm >/dev/null || need nodejs npm
mkdir -p "$work"
work=$(cd "$work" && pwd)
running=()
finish() {
    [[ ${#running[@]} -eq 0 ]] || kill "${running[@]}" 2>/dev/null || true
}
trap finish EXIT

python=$target/judge-smpplib
environment "$python" smpplib==2.2.4
node=$target/judge-smpp packages="smpp@0.5.1"
if [[ $(cat "$node/packages" 2>/dev/null) != "$packages" ]]; then
    rm -rf "$node"
    mkdir -p "$node"
    npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$node" "$packages" >&2 || die "npm could not install: $packages"
    echo "$packages" >"$node/packages"
fi

run() { "$gridcard" --home "$work/home" "$@"; }

what_was_seen() { cat "$work/seen" 2>/dev/null; }
# shellcheck disable=SC2034  # for until_done
last_words=what_was_seen

printf 'secret\n' >"$work/password"
accounts=(--account "one,+8613800250500,$work/password" --account "other,+8613900000001,$work/password")

# A foreign client before our centre.
"$gridcard" --home "$work/home" --seed 1 simulate centre --no-phones --listen 127.0.0.1:0 "${accounts[@]}" >"$work/centre.out" 2>"$work/centre.err" &
running+=("$!")
"$gridcard" --home "$work/home" --seed 1 simulate centre --no-phones --listen 127.0.0.1:0 "${accounts[@]}" --faults throttle@1 >"$work/throttling.out" \
    2>"$work/throttling.err" &
running+=("$!")
until_done "our centres listen" test -s "$work/centre.out" -a -s "$work/throttling.out"
timeout 120 "$python/bin/python" tests/judge/smpp_client.py "$(sed 's/.*://' "$work/centre.out")" \
    "$(sed 's/.*://' "$work/throttling.out")" || die "smpplib before our centre"

# Our server before a foreign centre.
gridcard_home=$work/home
"$gridcard" demo --meters 1 --seed 7 --home "$gridcard_home" >"$work/demo.out"
printf 123456 >"$work/pin"
sim=$(echo "$gridcard_home"/sims/*.card)
run server order --customer 330200000001 --amount 45 --pin-file "$work/pin" --out "$work/order.sms" >"$work/order.out"
# the meter takes it from the SIM, so that there is a receipt to bring
run sim write "$sim" "$work/order.sms" >"$work/write.out"
run meter insert 261100000001 "$sim" >"$work/insert.out"
run sim collect "$sim" "$work/receipt.sms" >"$work/collect.out"
# the number that the customer's SIM says it has, and the register has it so too
number=$(run phone new zhang --sim "$sim" --json | /usr/bin/python3 -c 'import json, sys; print(json.load(sys.stdin)["number"].lstrip("+"))')
NODE_PATH=$node/node_modules timeout 300 node tests/judge/smpp_centre.js "$work" "$number" "$work/receipt.hex" 2>"$work/node.err" &
running+=("$!")
until_done "the foreign centre listens" test -s "$work/port"
server_number=$(run server settings --json | /usr/bin/python3 -c 'import json, sys; print(json.load(sys.stdin)["server_number"])')
cat >"$work/server.toml" <<TOML
log = "info"
[messages]
centre = "127.0.0.1:$(cat "$work/port")"
name = "bank"
password_file = "$work/password"
number = "$server_number"
TOML
"$gridcard" --home "$work/home" server run --listen 127.0.0.1:0 --pin-file "$work/pin" --config "$work/server.toml" >"$work/server.out" \
    2>"$work/server.err" &
server=$!
running+=("$server")
seen() { grep -q -- "$1" "$work/seen"; }
until_done "the bind" seen '"right":true'
until_done "the order is throttled" seen '"throttled"'
until_done "the order is submitted" seen '"submitted"'
until_done "its fate is told" seen '"told":0'
/usr/bin/python3 tests/judge/smpp_records.py order "$work/order.sms" "$work/seen" "$number" || die "the order that went out"
/usr/bin/python3 tests/judge/smpp_records.py receipt "$work/receipt.sms" >"$work/receipt.tmp"
mv "$work/receipt.tmp" "$work/receipt.hex"
twice() { [[ $(grep -c '"delivered":0' "$work/seen") -eq 2 ]]; }
until_done "the receipt is taken, both times" twice
kill "$server"
wait "$server" || die "the server did not end in order: $(cat "$work/server.err")"
if grep -q secret "$work/server.err"; then die "the password stands in what the server says"; fi
run server report --json >"$work/report.json"
/usr/bin/python3 - "$work/report.json" <<'PY' || die "the receipt was not settled: $(cat "$work/report.json")"
import json, sys
report = json.load(open(sys.argv[1]))
sys.exit(not (report["outstanding_fen"] == 0 and report["sum_fen"] == 0))
PY
say "smpplib took our centre for one, and npm smpp our server: an order went out, and its receipt was settled once"
