#!/usr/bin/env bash
# The payment server's API before schemathesis, which reads the document at /openapi.json and asks whatever it allows, and much that it
# does not: examples, borders, random requests, and chains of requests that hand on what was answered. No answer may be a 5xx, and
# each must be what the document says of it; what is not a request must be refused, and what has no key too.
#
# Usage: tests/judge/api.sh GRIDCARD FOLDER EXAMPLES SEED
# EXAMPLES: requests for each route and phase.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"
[[ $# -eq 4 ]] || die "usage: $0 GRIDCARD FOLDER EXAMPLES SEED"
gridcard=$1 home=$2 examples=$3 seed=$4
venv=$target/api-venv
need python3 python3-venv curl
environment "$venv" schemathesis==4.32.5

mkdir -p "$home"
cd "$home"
echo 123456 >pin
echo 654321 >pin2
run() { "$gridcard" --home parties --json "$@"; }
pins=(--pin-file pin --second-pin-file pin2)
card=(--card-pin-file pin --card-second-pin-file pin2)
# The customer, the meter and the SIM of the guide, which the document has as examples.
run kdc init --test-root "${pins[@]}" >/dev/null
run kdc issue-card psam-issuing --city 33020000 --number 000000000002 "${pins[@]}" "${card[@]}" >/dev/null
run kdc issue-card esam-issuing --city 33020000 --number 000000000003 "${pins[@]}" "${card[@]}" >/dev/null
run city open parties/province/out/*.card >/dev/null
run esam issue --meter 261100000001 --pin-file pin >/dev/null
run city delivery --out delivery.json >/dev/null
run psam issue --number 330200000001 --pin-file pin --card-pin-file pin >/dev/null
run server open parties/city-33020000/out/psam-330200000001.card >/dev/null
run server settings --server-number 8657495598 --service-centre 8613800574500 >/dev/null
run server meters delivery.json >/dev/null
cat >customers.csv <<END
customer,meter,msisdn,imsi,imei,iccid
330200000001,261100000001,+8613900000001,460000000000001,860123040000019,89860026330000000010
END
run server register customers.csv >/dev/null
key() { run server key add --role "$1" | sed 's/.*"key":"\([^"]*\)".*/\1/'; }
supervisor=$(key supervisor)
clerk=$(key clerk)

"$gridcard" --home parties simulate bank --listen 127.0.0.1:0 --state bank.journal --account chen=1000 >bank-address 2>bank.log &
house=$!
trap 'kill "$house" 2>/dev/null || true' EXIT
await bank-address "$house" bank.log
"$gridcard" --home parties server run --bank "$(cat bank-address)" --listen 127.0.0.1:0 --pin-file pin --rate 1000000 >address 2>server.log &
server=$!
trap 'kill "$server" "$house" 2>/dev/null || true' EXIT
await address "$server" server.log
bank=$(cat address)

# One sale stands before it begins, so that what is asked of orders, deliveries and days finds something.
curl -s --fail --max-time 60 --noproxy '*' -X POST "$bank/v1/orders" -H "Authorization: Bearer $clerk" -H 'Idempotency-Key: first' \
    -H 'Content-Type: application/json' -d '{"customer":"330200000001","amount_fen":5000}' >first.json || die "nothing can be sold"

# A configuration of its own, so that none of the machine's is read. 409 and 422 are what the bank says to requests that have their
# form, so that a request that has it need not be done.
cat >schemathesis.toml <<END
[checks]
positive_data_acceptance.expected-statuses = [200, 400, 403, 404, 409, 422]
negative_data_rejection.expected-statuses = [400, 401, 403, 404, 405, 409, 413, 422, 429]
END
# The second person of every request is the clerk, so that acts of two people are reached as well.
"$venv/bin/schemathesis" --config-file schemathesis.toml run "$bank/openapi.json" \
    --header "Authorization: Bearer $supervisor" --header "Gridcard-Second: $clerk" \
    --max-examples "$examples" --seed "$seed" --workers 1 --no-color --continue-on-failure --warnings off \
    >schemathesis.out 2>&1 || { cat schemathesis.out >&2; die "schemathesis finds fault (seed $seed)"; }
sed -n '/SUMMARY/,$p' schemathesis.out >&2

# It is as it was: it answers, ends in order, and its books agree.
curl -s --fail --max-time 60 --noproxy '*' "$bank/ready" >/dev/null || die "the server is not ready any more"
kill -TERM "$server"
wait "$server" || die "the server did not end in order: $(cat server.log)"
kill -TERM "$house"
wait "$house" || die "the bank did not end in order: $(cat bank.log)"
trap - EXIT
grep -q panicked server.log && die "the server panicked: $(cat server.log)"
run server verify >/dev/null || die "books and PSAM do not agree"
run server report >report.json || die "the books contradict themselves"
run server audit verify >/dev/null || die "the log is broken"
orders=$(sed 's/.*"orders":\([0-9]*\).*/\1/' report.json)
[[ $orders -ge 1 ]] || die "the first sale is not in the books"
say "the API holds, and the books agree: $orders order(s)"
