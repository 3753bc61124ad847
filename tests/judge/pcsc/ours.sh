#!/usr/bin/env bash
# Our reader side through pcscd: a whole life, every card of which stands in a reader and is named `pcsc:...`, then what a
# lost card, a killed pcscd and a reset by another program look like. The cards are ours too, served to vpcd.
# Builds nothing: wants target/debug/gridcard (cargo build -p gridcard-cli).
#
# Usage: tests/judge/pcsc/ours.sh
# Installs what it needs; honours CARGO_TARGET_DIR. What a failed run leaves is kept and named.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../../scripts/lib.sh"
# shellcheck source=tests/judge/pcsc/pcscd.sh
source "$root/tests/judge/pcsc/pcscd.sh"
[[ $# -eq 0 ]] || die "ours.sh takes no arguments"
gridcard=$target/debug/gridcard
python=/usr/bin/python3
[[ -x $gridcard ]] || die "$gridcard is missing: cargo build -p gridcard-cli"
need pcscd vsmartcard-vpcd python3 python3-pyscard util-linux procps
privately "${BASH_SOURCE[0]}"

work=$(mktemp -d "${TMPDIR:-/tmp}/gridcard-ours.XXXXXX")
export GRIDCARD_HOME=$work/home
servers=()
finish() {
    local status=$?
    [[ ${#servers[@]} -eq 0 ]] || kill -KILL "${servers[@]}" 2>/dev/null || true
    stop_pcscd KILL
    if [[ $status -eq 0 ]]; then
        rm -rf "$work"
    else
        say "FAILED after ${SECONDS} s; what it left is in $work:"
        tail -n 20 "$work"/*.err "$work/last.out" "$work/pcscd.log" >&2 2>/dev/null || true
    fi
}
trap finish EXIT

# How often something is looked for, twenty times a second: longer than any machine takes. What is there is seen at once.
patience=6000

pass() {
    printf 'PASS %s\n' "$*"
}

# quietly COMMAND...: its words go to a file that is shown when it fails.
quietly() {
    "$@" >"$work/last.out" 2>&1 || die "ended with $?: $*"
}

# ends STATUS WORDS COMMAND...: the command ends so, and says this.
ends() {
    local wanted=$1 words=$2 status=0
    shift 2
    "$@" >"$work/last.out" 2>&1 || status=$?
    [[ $status -eq $wanted ]] || die "ended with $status, not with $wanted: $*"
    grep -qiE "$words" "$work/last.out" || die "does not say '$words': $*"
}

# serve LINE CARD...: serves cards in the slots of a line (1 or 2); ready when each is in its reader.
serve() {
    local line=$1 port try log
    port=${ports[$line]} log=$work/serve-$line.err
    shift
    : >"$log"
    "$gridcard" card serve "$@" --port "$port" --control "$work/control-$line" >"$work/serve-$line.out" 2>"$log" &
    servers[line]=$!
    for ((try = 0; try < patience; try++)); do
        [[ $(grep -c 'in its reader' "$log" || true) -lt $# ]] || break
        kill -0 "${servers[$line]}" 2>/dev/null || die "card serve ended"
        sleep 0.05
    done
    # pcscd sees a card some time after it came
    for ((try = 0; try < patience; try++)); do
        [[ $("$gridcard" reader list 2>/dev/null | grep -c "${lines[$line]}.* there ") -lt $# ]] || return 0
        sleep 0.05
    done
    die "the cards of line $line are not in their readers: $("$gridcard" reader list)"
}

# serve_hand LINE CARD: the same, where a command waits for the card and may hold it at once.
serve_hand() {
    "$gridcard" card serve "$2" --port "${ports[$1]}" --control "$work/control-$1" >"$work/serve-$1.out" 2>"$work/serve-$1.err" &
    servers[$1]=$!
}

# serve_no_more LINE...: ready when pcscd has seen that the cards are gone.
serve_no_more() {
    local line try
    for line in "$@"; do
        kill "${servers[$line]}"
        wait "${servers[$line]}" || true
        unset "servers[$line]"
    done
    for line in "$@"; do
        for ((try = 0; try < patience; try++)); do
            [[ $("$gridcard" reader list | grep "${lines[$line]}" | grep -vc ' none') -gt 0 ]] || break
            sleep 0.05
        done
    done
}

# Two lines of two slots each. The driver keeps its slots in the library, so that each line needs a library of its own.
lines=([1]="Virtual PCD 00" [2]="Second PCD 00")
ports=([1]="$(free_ports)")
write_config "$work/readers" "${ports[1]}"
library=$(sed -n 's/^LIBPATH *//p' "$work/readers/vpcd")
cp "$library" "$work/second.so"
for _ in 1 2 3 4 5; do
    ports[2]=$(free_ports)
    [[ $((ports[2] - ports[1])) -gt 1 || $((ports[1] - ports[2])) -gt 1 ]] && break
done
cat >"$work/readers/second" <<CONFIG
FRIENDLYNAME "Second PCD"
DEVICENAME   /dev/null:${ports[2]}
LIBPATH      $work/second.so
CHANNELID    ${ports[2]}
CONFIG

main=0000000000000A01 psam_issuing=0000000000000A02 esam_issuing=0000000000000A03 psam=0000000000000A04
esam=0000000000000A05 plain=0000000000000A06
meter=261100000001 customer=330200000001 iccid=89860026330000000010
pin=(--pin-file "$work/pin")
second=(--second-pin-file "$work/pin2")
card_pin=(--card-pin-file "$work/pin")
officers=("${pin[@]}" "${second[@]}" "${card_pin[@]}" --card-second-pin-file "$work/pin2")

blanks() {
    echo 123456 >"$work/pin"
    echo 654321 >"$work/pin2"
    local kind serial
    while read -r kind serial; do
        quietly "$gridcard" card new --kind "$kind" --serial "$serial" "$work/$kind.card"
    done <<BLANKS
main-control $main
psam-issuing $psam_issuing
esam-issuing $esam_issuing
psam $psam
esam $esam
BLANKS
    quietly "$gridcard" card new --blank --eeprom 32 --serial "$plain" "$work/plain.card"
    quietly "$gridcard" sim new --iccid "$iccid" --imsi 460000000000001 --card "$work/sim.card"
}

doctor() {
    ends 3 'MISSING +daemon' "$gridcard" reader doctor
    ends 3 'pcscd' "$gridcard" reader list
    start_pcscd "$work/readers" "$work/pcscd.log"
    ends 3 'MISSING +card .*no card in any reader' "$gridcard" reader doctor
    ends 3 'no card' "$gridcard" card show pcsc:
    serve 1 "$work/plain.card"
    ends 0 "OK +card .*$plain" "$gridcard" reader doctor
    ends 0 "$plain" "$gridcard" card show pcsc:
    ends 2 'image' "$gridcard" card dump pcsc:
    pass "reader doctor: no daemon, no card and a card are told apart"
    quietly "$gridcard" card personalise "pcsc:$plain" "$root/examples/wallet.apdu"
    ends 1 'SELECT, 3F00 master file' "$gridcard" apdu "pcsc:$plain" 00A4000000 00B0950000
    serve_no_more 1
    pass "card personalise: the wallet of the examples on a card in a reader"
}

life() {
    serve 1 "$work/main-control.card" "$work/psam-issuing.card"
    serve 2 "$work/esam-issuing.card" "$work/esam.card"
    quietly "$gridcard" kdc init --test-root "${pin[@]}" "${second[@]}" --card "pcsc:$main"
    grep -q "pcsc:$main" "$GRIDCARD_HOME/province/main-control.card.link" || die "no link to the main control card"
    quietly "$gridcard" kdc issue-card psam-issuing --city 33020000 --number 000000000002 "${officers[@]}" \
        --card "pcsc:$psam_issuing"
    quietly "$gridcard" kdc issue-card esam-issuing --city 33020000 --number 000000000003 "${officers[@]}" \
        --card "pcsc:${lines[2]} 00"
    quietly "$gridcard" city open "pcsc:$psam_issuing" "pcsc:$esam_issuing"
    quietly "$gridcard" esam issue --meter "$meter" "${pin[@]}" --card "pcsc:$esam"
    serve_no_more 1 2
    # other readers than before: the links find the cards by their serial numbers
    serve 1 "$work/psam.card" "$work/esam.card"
    serve 2 "$work/sim.card" "$work/psam-issuing.card"
    quietly "$gridcard" psam issue --number 330200000001 "${pin[@]}" "${card_pin[@]}" --card "pcsc:$psam"
    local city=$GRIDCARD_HOME/city-33020000
    quietly "$gridcard" meter new "$meter" --esam "$city/out/esam-$meter.card" --pairing "$city/out/pairing-$meter.json"
    [[ ! -e $city/out/esam-$meter.card.link ]] || die "the city keeps the link to the meter's ESAM"
    quietly "$gridcard" server open "pcsc:$psam" --server-key "$city/out/psam-330200000001.server"
    pass "main control card, issuing cards, PSAM and ESAM issued in readers"
    printf '%s\n' customer,meter,msisdn,imsi,imei,iccid \
        "$customer,$meter,+8613900000001,460000000000001,860123040000019,$iccid" >"$work/customers.csv"
    quietly "$gridcard" city delivery --out "$work/delivery.json"
    quietly "$gridcard" server settings --server-number 8657495598 --service-centre 8613800574500
    quietly "$gridcard" server meters "$work/delivery.json"
    quietly "$gridcard" server register "$work/customers.csv"
    quietly "$gridcard" server order --customer "$customer" --amount 50 "${pin[@]}" --out "$work/order.sms"
    quietly "$gridcard" sim write "pcsc:${lines[2]} 00" "$work/order.sms"
    ends 0 'credited 50.00' "$gridcard" meter insert "$meter" "pcsc:${lines[2]} 00"
    quietly "$gridcard" sim collect "pcsc:${lines[2]} 00" "$work/receipt.sms"
    ends 0 'settled' "$gridcard" server settle "$work/receipt.sms" "${pin[@]}"
    ends 0 '50.00' "$gridcard" meter show "$meter"
    serve_no_more 1 2
    pass "a purchase: order, SIM, meter, receipt and settlement, every card in a reader"
}

# says FILE WORDS [TIMES]: a command in the background says so within a while.
says() {
    local try
    for ((try = 0; try < patience; try++)); do
        [[ $(grep -c "$2" "$1" || true) -lt ${3:-1} ]] || return 0
        sleep 0.05
    done
    cat "$1" >&2
    die "nobody says '$2'"
}

# A batch by hand: two blanks come one after the other into the same reader.
batch() {
    local serial client status=0
    for serial in B1 B2; do
        quietly "$gridcard" card new --kind esam --serial "00000000000000$serial" "$work/$serial.card"
    done
    printf 'number\n261100000011\n261100000012\n' >"$work/request.csv"
    serve 2 "$work/esam-issuing.card"
    "$gridcard" issue esam --batch "$work/request.csv" --reader "pcsc:${lines[1]} 00" --yes "${pin[@]}" \
        --result "$work/result.csv" >"$work/batch.out" 2>"$work/batch.err" &
    client=$!
    says "$work/batch.err" 'put the next blank'
    serve_hand 1 "$work/B1.card"
    says "$work/batch.err" 'take the card out'
    serve_no_more 1
    says "$work/batch.err" 'put the next blank' 2
    serve_hand 1 "$work/B2.card"
    says "$work/batch.err" 'take the card out' 2
    serve_no_more 1
    wait "$client" || status=$?
    [[ $status -eq 0 ]] || { cat "$work/batch.err" "$work/batch.out" >&2; die "the batch ended with $status"; }
    grep -q 261100000012 "$work/result.csv" || die "the batch's result lacks a line"
    serve_no_more 2
    serve 1 "$work/B1.card" "$work/B2.card"
    ends 0 261100000011 "$gridcard" card show pcsc:00000000000000B1
    ends 0 261100000012 "$gridcard" card show pcsc:00000000000000B2
    serve_no_more 1
    pass "a batch of two, fed by hand into one reader"
}

# A UICC is a SIM as well.
uicc() {
    quietly "$gridcard" sim new --profile uicc --iccid 89860026330000000036 --imsi 460000000000003 --card "$work/uicc.card"
    serve 1 "$work/uicc.card"
    ends 0 89860026330000000036 "$gridcard" card show pcsc:
    ends 1 "is for another SIM" "$gridcard" sim write pcsc: "$work/order.sms"
    quietly "$gridcard" sim write --other-sim pcsc: "$work/order.sms"
    ends 0 'an order for electricity' "$gridcard" sim list pcsc:
    ends 0 'ADF_USIM' "$gridcard" apdu pcsc: 00A4040407A0000000871002
    serve_no_more 1
    pass "a UICC in a reader takes an order as a SIM does"
}

# A session that lasts: more writes than are done before something happens to it.
long_script() {
    local n
    printf 'reset\n'
    for ((n = 0; n < 4000; n++)); do
        printf '> 00D6850008%016X\n' "$n"
    done
}

# exchanged TRACE LINES PROCESS: the trace has so many lines, or the process has ended.
exchanged() {
    until [[ $(grep -c '' "$1" 2>/dev/null || true) -ge $2 ]]; do
        kill -0 "$3" 2>/dev/null || break
        sleep 0.01
    done
}

# Lost in the middle: exit code 3, the command under way, and the same command again works.
lost() {
    local words=$1 status=0 client
    shift
    rm -f "$work/lost.trace"
    "$gridcard" card personalise "pcsc:$plain" "$work/long.apdu" --trace "$work/lost.trace" >"$work/last.out" 2>&1 &
    client=$!
    # it is in the middle of its writes, of which there are thousands
    exchanged "$work/lost.trace" 100 "$client"
    "$@"
    wait "$client" || status=$?
    [[ $status -eq 3 ]] || die "a session lost ($*) ended with $status, not with 3: $(tail -n 3 "$work/last.out")"
    grep -qE "$words" "$work/last.out" || die "a session lost ($*) does not say '$words'"
    grep -qE 'under way .* was UPDATE BINARY \(00D68500\)' "$work/last.out" || die "nothing says what was under way"
    grep -q 'unknown' "$work/last.out" || die "nothing says that it is unknown whether it was done"
    grep -q 'hint: ' "$work/last.out" || die "nothing says what to do"
    pass "lost in mid-command: $(grep '^error: ' "$work/last.out" | sed 's/.*line [0-9]*: //')"
}

mishaps() {
    local watch
    serve 1 "$work/plain.card"
    # a file of its own for the writes
    printf '> 80E0000507280010F0F0FFFF\n' >"$work/file.apdu"
    quietly "$gridcard" card personalise "pcsc:$plain" "$work/file.apdu"
    long_script >"$work/long.apdu"
    lost 'card was removed|no card' "$gridcard" slot remove 0 --control "$work/control-1"
    quietly "$gridcard" slot insert 0 --control "$work/control-1"
    "$gridcard" reader watch >"$work/watch.out" 2>"$work/watch.err" &
    watch=$!
    says "$work/watch.out" '^inserted '
    lost 'service \(pcscd\) stopped' stop_pcscd KILL
    says "$work/watch.err" 'the smart card service went away'
    says "$work/watch.out" '^gone '
    ends 3 'not running' "$gridcard" card show "pcsc:$plain"
    start_pcscd "$work/readers" "$work/pcscd.log"
    local try
    for ((try = 0; try < patience; try++)); do
        ! "$gridcard" card show "pcsc:$plain" >/dev/null 2>&1 || break
        sleep 0.1
    done
    says "$work/watch.err" 'the smart card service is there again'
    kill "$watch"
    wait "$watch" || true
    [[ $(grep -c '^reader ' "$work/watch.out") -ge 2 ]] || die "a watch does not go on when pcscd is there again"
    pass "a watch goes on, after pcscd was killed and started anew"
    head -n 400 "$work/long.apdu" >"$work/short.apdu"
    quietly "$gridcard" card personalise "pcsc:$plain" "$work/short.apdu"
    pass "the same command again, after pcscd was killed and started anew"
}

# stands_at TRACE LINES PROCESS: stops the process when the trace has so many lines. It gets short turns, so that it stands near there
# on a machine of any speed; one that has ended is past it.
stands_at() {
    kill -STOP "$3"
    while [[ $(ps -o stat= -p "$3" || true) == [!Z]* && $(grep -c '' "$1" 2>/dev/null || true) -lt $2 ]]; do
        kill -CONT "$3"
        sleep 0.01
        kill -STOP "$3"
    done
}

# An ESAM that leaves its reader while it is issued: put back, the same command finishes it.
interrupted() {
    local n serial number status client trace whole=0 lost=0
    serve 2 "$work/esam-issuing.card"
    # the first goes through and says how much is exchanged; the others leave after so many tenths of that
    for n in {1..7}; do
        serial=00000000000000C$n number=26110000010$n trace=$work/issuing-$n.trace
        quietly "$gridcard" card new --kind esam --serial "$serial" "$work/$serial.card"
        serve 1 "$work/$serial.card"
        "$gridcard" esam issue --meter "$number" "${pin[@]}" --card "pcsc:$serial" --trace "$trace" >"$work/issuing.out" 2>&1 &
        client=$! status=0
        if [[ $n -gt 1 ]]; then
            stands_at "$trace" $((whole * (n - 1) / 10)) "$client"
            quietly "$gridcard" slot remove 0 --control "$work/control-1"
            kill -CONT "$client" 2>/dev/null || true
        fi
        wait "$client" || status=$?
        if [[ $n -eq 1 ]]; then
            whole=$(grep -c '' "$trace")
            serve_no_more 1
            continue
        fi
        quietly "$gridcard" slot insert 0 --control "$work/control-1"
        # what broke off is finished by the same command; what was finished before the card left says so
        case $status in
        0) ends 1 'is issued already' "$gridcard" esam issue --meter "$number" "${pin[@]}" --card "pcsc:$serial" ;;
        3)
            lost=$((lost + 1))
            ends 0 "$serial" "$gridcard" esam issue --meter "$number" "${pin[@]}" --card "pcsc:$serial"
            ;;
        *) cat "$work/issuing.out" >&2 && die "issuing that was interrupted ended with $status" ;;
        esac
        # TRIES LEFT of its master key: all three
        ends 0 '< 33F99000' "$gridcard" apdu "pcsc:$serial" 803C390002
        ends 0 "$number" "$gridcard" card show "pcsc:$serial"
        [[ -s $GRIDCARD_HOME/city-33020000/out/pairing-$number.json ]] || die "no pairing file of $number"
        serve_no_more 1
    done
    [[ $lost -gt 0 ]] || die "no run of $((n - 1)) was interrupted"
    serve_no_more 2
    pass "$lost of $((n - 1)) ESAMs left their reader while they were issued; the same command again finished each"
}

# Another program in between: while it has the card we have it not, and while we have it nobody has.
others() {
    "$python" - "$work/holds" <<'PYTHON' &
import pathlib, sys, time
from smartcard.System import readers
card = next(r for r in readers() if "Virtual PCD 00 00" in str(r)).createConnection()
card.connect()
held = pathlib.Path(sys.argv[1])
held.touch()
while held.exists():
    time.sleep(0.05)
PYTHON
    local other=$! try
    until [[ -e $work/holds ]]; do
        kill -0 "$other" 2>/dev/null || die "the other program ended"
        sleep 0.05
    done
    ends 3 'another program holds the card' "$gridcard" card show "pcsc:$plain" --wait 0
    # it lets go when this file is gone; whoever waits has the card then
    "$gridcard" card show "pcsc:$plain" --wait 300 >"$work/waited.out" 2>&1 &
    local waiting=$! status=0
    rm "$work/holds"
    wait "$other"
    wait "$waiting" || status=$?
    [[ $status -eq 0 ]] || { cat "$work/waited.out" >&2; die "who waited for the card ended with $status"; }
    pass "a card that another program holds is left alone, and whoever waits for it has it next"
    serve_no_more 1
}

blanks
doctor
life
batch
uicc
interrupted
mishaps
others
