#!/usr/bin/env bash
# The same purchase by every carrier of a phone's frames: a line, short messages through a message centre, once a good and once a bad one,
# and multimedia messages. The customer enrols and buys; the order reaches his SIM, the meter takes it, the receipt is settled. How many
# messages and octets each took is said.
#
# Usage: tests/judge/carriers.sh GRIDCARD FOLDER
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"
[[ $# -eq 2 ]] || die "usage: $0 GRIDCARD FOLDER"
gridcard=$1
mkdir -p "$2"
cd "$2"
home=$PWD
running=()
finish() {
    [[ ${#running[@]} -eq 0 ]] || kill "${running[@]}" 2>/dev/null || true
}
trap finish EXIT
echo 123456 >pin
echo 654321 >pin2
echo 'correct horse' >password
echo secret >centre-password
run() { "$gridcard" --home parties --json "$@"; }
field() { /usr/bin/python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$1" "$2"; }
ends_of_logs() { tail -n 5 server.log centre.log 2>/dev/null; }
# shellcheck disable=SC2034  # for until_done
last_words=ends_of_logs

pins=(--pin-file pin --second-pin-file pin2)
card=(--card-pin-file pin --card-second-pin-file pin2)
server_number=+8657495598
{
    run kdc init --test-root "${pins[@]}"
    run kdc issue-card psam-issuing --city 33020000 --number 000000000002 "${pins[@]}" "${card[@]}"
    run kdc issue-card esam-issuing --city 33020000 --number 000000000003 "${pins[@]}" "${card[@]}"
    run city open parties/province/out/*.card
    for n in 1 2 3 4; do run esam issue --meter 26110000000$n --pin-file pin; done
    run city delivery --out delivery.json
    run psam issue --number 330200000001 --pin-file pin --card-pin-file pin
    run server open parties/city-33020000/out/psam-330200000001.card
    run server settings --server-number ${server_number#+} --service-centre 8613800574500
    run server meters delivery.json
    for n in 1 2 3 4; do
        run meter new 26110000000$n --esam parties/city-33020000/out/esam-26110000000$n.card \
            --pairing parties/city-33020000/out/pairing-26110000000$n.json
        run sim new --iccid 8986002633000000001$n --imsi 46000000000000$n --msisdn +861390000000$n --card sim-$n.card
        run server apply --customer 33020000000$n --meter 26110000000$n --msisdn +861390000000$n --imsi 46000000000000$n \
            --imei 860123040000019 --iccid 8986002633000000001$n --bank account$n
        run server code new --customer 33020000000$n >slip-$n.json
        field slip-$n.json authorisation_code >code-$n
        run phone new phone$n --sim sim-$n.card --number +861390000000$n
    done
} >made.out 2>made.err || die "the parties could not be made: $(tail -n 3 made.err)"

accounts=()
for n in 1 2 3 4; do accounts+=(--account account$n=1000); done
"$gridcard" --home parties --json simulate bank --listen 127.0.0.1:0 --state bank.journal "${accounts[@]}" >bank-address 2>bank.log &
running+=("$!")
until_done "the bank listens" test -s bank-address

# centre PORT FAULTS: a message centre; its words are in centre.log.
centre() {
    : >centre-address
    "$gridcard" --home parties --json --seed 7 simulate centre --listen "127.0.0.1:$1" --account bank,$server_number,centre-password \
        --faults "$2" >centre-address 2>centre.log &
    centre=$!
    running+=("$centre")
    until_done "the centre listens" test -s centre-address
}
# counted: ends the centre; figures are then the messages from the server, to it, and octets.
counted() {
    kill -TERM "$centre"
    wait "$centre" || die "the centre did not end in order: $(cat centre.log)"
    figures=$(sed -n 's/^ended: \([0-9]*\) messages from servers, \([0-9]*\) to them, \([0-9]*\) octets/\1 \2 \3/p' centre.log)
    [[ -n $figures ]] || die "the centre counts nothing: $(cat centre.log)"
}
centre 0 ""
port=$(field centre-address address)
port=${port##*:}
counted
mkdir -p mms
cat >server.toml <<TOML
log = "info"
[messages]
centre = "127.0.0.1:$port"
name = "bank"
password_file = "centre-password"
number = "$server_number"
[multimedia]
folder = "$home/mms"
TOML
"$gridcard" --home parties --json server run --config server.toml --bank "$(field bank-address address | sed 's#^#http://#')" \
    --listen 127.0.0.1:0 --phone-listen 127.0.0.1:0 --pin-file pin >address 2>server.log &
server=$!
running+=("$server")
until_done "the server listens" test -s address

binds() { grep -c "took the bind" server.log || true; }
# bound FAULTS: a centre, and the server is bound to it.
bound() {
    local before
    before=$(binds)
    centre "$port" "$1"
    is_bound() { [[ $(binds) -gt $before ]]; }
    until_done "the server binds" is_bound
}
# phone N: lets it run; its line is in phone-N.line.
phone() {
    "$gridcard" --home parties phone run phone$1 >phone-$1.line 2>phone-$1.log &
    phone=$!
    running+=("$phone")
    until_done "the phone answers" test -s phone-$1.line
}
has_order() { run sim list "at:$(cat phone-$1.line)" | grep -q '"kind": *"order"'; }
settled_of() { run server report >report.json && [[ $(field report.json settled_fen) -eq $1 ]]; }

# buys N WAY URL FAULTS: enrols, buys, has the meter take it by the phone's modem, waits for the settlement.
bought=0
buys() {
    local n=$1 way=$2 url=$3 faults=$4 enrolled paid came
    bound "$faults"
    "$gridcard" phone enrol --phone own-$n.json --server "$url" --server-key "$(field slip-$n.json server_key)" \
        --slip "$(field slip-$n.json slip)" --code-file code-$n --msisdn +861390000000$n --user user$n --password-file password \
        >enrol-$n.out 2>&1 || die "$way: enrolment: $(cat enrol-$n.out) $(tail -n 5 server.log)"
    counted
    enrolled=$figures
    bound "$faults"
    "$gridcard" --json phone pay --phone own-$n.json --amount 50 --yes --out order-$n.sms >pay-$n.json 2>pay-$n.err \
        || die "$way: purchase: $(cat pay-$n.json pay-$n.err) $(tail -n 5 server.log)"
    # the order comes to the SIM by itself, whatever brought the frames
    until_done "$way: the order is on the SIM" has_order "$n"
    counted
    paid=$figures
    bound "$faults"
    run meter insert 26110000000$n "at:$(cat phone-$n.line)" >insert-$n.out || die "$way: the meter: $(cat insert-$n.out)"
    bought=$((bought + 5000))
    until_done "$way: the receipt is settled" settled_of "$bought"
    counted
    came=$figures
    say "$way: messages from the server, to it, octets: enrolment $enrolled; purchase and order $paid; receipt $came"
}

for n in 1 2 3 4; do phone $n; done
buys 1 "a line" "tcp:$(field address phones)" ""
buys 2 "short messages" "sms:$(cat phone-2.line),$server_number" ""
buys 3 "short messages over a bad centre" "sms:$(cat phone-3.line),$server_number" \
    "throttle@1,lose@3,double=30%,delay=20%,cut@5,lose-back@2,double-back=30%,delay-back=20%,cut-back@4"
buys 4 "multimedia messages" "mms:$home/mms,+8613900000004,$server_number" ""

kill -TERM "$server"
wait "$server" || die "the server did not end in order: $(cat server.log)"
if grep -qE "panicked|secret" server.log centre.log; then die "what the server or the centre says: $(cat server.log centre.log)"; fi
run server report >report.json || die "the books contradict themselves"
[[ $(field report.json sold_fen) -eq 20000 && $(field report.json settled_fen) -eq 20000 ]] || die "the books: $(cat report.json)"
run server verify >verify.out || die "the books do not verify: $(cat verify.out)"
run server audit verify >/dev/null || die "the log is broken"
say "four customers bought, each by another way: 200.00 yuan sold, credited and settled"
