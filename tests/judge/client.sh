#!/usr/bin/env bash
# Foreign Noise libraries before our phones' sessions: each enrols at our payment server and buys, from the specification's page
# alone; and our phone enrols at a server that is made of each, and asks its contracts.
#
# Usage: tests/judge/client.sh GRIDCARD FOLDER
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"
[[ $# -eq 2 ]] || die "usage: $0 GRIDCARD FOLDER"
gridcard=$1 home=$2
judge=$root/tests/judge/client_noise.py vectors=$root/client/tests/kat/noise.json
venv=$target/client-venv
need python3 python3-venv
environment "$venv" noiseprotocol==0.3.1 dissononce==0.34.3
python=$venv/bin/python

mkdir -p "$home"
cd "$home"
echo 123456 >pin
echo 654321 >pin2
echo 'correct horse' >password
run() { "$gridcard" --home parties --json "$@"; }
field() { "$python" -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$1" "$2"; }
pins=(--pin-file pin --second-pin-file pin2)
card=(--card-pin-file pin --card-second-pin-file pin2)
run kdc init --test-root "${pins[@]}" >/dev/null
run kdc issue-card psam-issuing --city 33020000 --number 000000000002 "${pins[@]}" "${card[@]}" >/dev/null
run kdc issue-card esam-issuing --city 33020000 --number 000000000003 "${pins[@]}" "${card[@]}" >/dev/null
run city open parties/province/out/*.card >/dev/null
for meter in 261100000001 261100000002; do run esam issue --meter $meter --pin-file pin >/dev/null; done
run city delivery --out delivery.json >/dev/null
run psam issue --number 330200000001 --pin-file pin --card-pin-file pin >/dev/null
run server open parties/city-33020000/out/psam-330200000001.card >/dev/null
run server settings --server-number 8657495598 --service-centre 8613800574500 >/dev/null
run server meters delivery.json >/dev/null
for n in 1 2; do
    run server apply --customer 33020000000$n --meter 26110000000$n --msisdn +861390000000$n --imsi 46000000000000$n \
        --imei 860123040000019 --iccid 8986002633000000001$n --bank account$n >/dev/null
done

"$gridcard" --home parties simulate bank --listen 127.0.0.1:0 --state bank.journal --account account1=1000 --account account2=1000 \
    >bank-address 2>bank.log &
house=$!
trap 'kill "$house" 2>/dev/null || true' EXIT
await bank-address "$house" bank.log
"$gridcard" --home parties --json server run --bank "$(cat bank-address)" --listen 127.0.0.1:0 --phone-listen 127.0.0.1:0 \
    --pin-file pin >address 2>server.log &
server=$!
trap 'kill "$server" "$house" 2>/dev/null || true' EXIT
await address "$server" server.log
line=$(field address phones)

n=0
for library in noiseprotocol dissononce; do
    n=$((n + 1))
    "$python" -W ignore "$judge" "$library" self-test "$vectors" || die "$library does not give the public vectors"
    # the library as a phone, at our server
    run server code new --customer 33020000000$n >slip-$n.json
    "$python" "$judge" "$library" phone "$line" "$(field slip-$n.json server_key)" "$(field slip-$n.json slip)" \
        "$(field slip-$n.json authorisation_code)" +861390000000$n "judge$n" 'correct horse' 5000 >bought-$n.json \
        || die "$library could not buy: $(cat server.log)"
    order=$(field bought-$n.json order)
    run server orders >orders-$n.json
    grep -q "$order" orders-$n.json || die "the books know nothing of order $order, which $library bought"
    # our phone, at a server of the library
    "$python" "$judge" "$library" server theirs-$n.json &
    theirs=$!
    trap 'kill "$theirs" "$server" "$house" 2>/dev/null || true' EXIT
    await theirs-$n.json "$theirs" /dev/null
    field theirs-$n.json code >code-$n
    "$gridcard" phone enrol --phone phone-$n.json --server "tcp:$(field theirs-$n.json address)" \
        --server-key "$(field theirs-$n.json server_key)" --slip "$(field theirs-$n.json slip)" --code-file code-$n \
        --msisdn +8613900000001 --user chen --password-file password >/dev/null
    "$gridcard" phone contracts --phone phone-$n.json >contracts-$n
    grep -q 261100000001 contracts-$n || die "our phone misunderstood the server of $library"
    wait "$theirs" || die "the server of $library finds fault with our phone"
    say "$library enrolled and bought order $order, and our phone enrolled at a server made of it"
done

kill -TERM "$server"
wait "$server" || die "the server did not end in order: $(cat server.log)"
kill -TERM "$house"
wait "$house" || die "the bank did not end in order: $(cat bank.log)"
trap - EXIT
grep -q panicked server.log && die "the server panicked: $(cat server.log)"
run server report >report.json || die "the books contradict themselves"
run server audit verify >/dev/null || die "the log is broken"
[[ $(field report.json sold_fen) -eq 10000 ]] || die "the books say another sum: $(cat report.json)"
