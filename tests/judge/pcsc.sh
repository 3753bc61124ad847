#!/usr/bin/env bash
# Our virtual cards before other people's software: pcscd with its vpcd driver, pcsc_scan, opensc-tool, scriptor, pyscard, two
# SMS decoders. Builds nothing: wants target/debug/gridcard and the example decode_record (cargo build, cargo test).
#
# Usage: tests/judge/pcsc.sh
# Installs what it needs; honours CARGO_TARGET_DIR. What a failed run leaves is kept and named.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"
# shellcheck source=tests/judge/pcsc/pcscd.sh
source "$root/tests/judge/pcsc/pcscd.sh"
[[ $# -eq 0 ]] || die "pcsc.sh takes no arguments"

judges=$root/tests/judge/pcsc
gridcard=$target/debug/gridcard
decode_record=$target/debug/examples/decode_record
# Debian's interpreter: the one python3-pyscard is installed for
python=/usr/bin/python3
# The decoders from PyPI stay where the build's other products are.
venv=$target/judge-venv
decoders=(pycrate==0.8.1 smspdudecoder==2.2.0 'bitstring<5')

[[ -x $gridcard ]] || die "$gridcard is missing: cargo build -p gridcard-cli"
[[ -x $decode_record ]] || die "$decode_record is missing: cargo build -p gridcard-wire --example decode_record"
need pcscd vsmartcard-vpcd pcsc-tools opensc python3 python3-pyscard python3-venv util-linux procps
environment "$venv" "${decoders[@]}"
privately "${BASH_SOURCE[0]}"

work=$(mktemp -d "${TMPDIR:-/tmp}/gridcard-pcsc.XXXXXX")
export GRIDCARD_HOME=$work/home
server=
# a failed run leaves its files for whoever looks into it
finish() {
    local status=$?
    [[ -z $server ]] || kill -KILL "$server" 2>/dev/null || true
    stop_pcscd
    if [[ $status -eq 0 ]]; then
        rm -rf "$work"
    else
        say "FAILED after ${SECONDS} s; what it left is in $work:"
        tail -n 20 "$work"/serve*.err "$work/pcscd.log" >&2 2>/dev/null || true
    fi
}
trap finish EXIT

# How often something is looked for, twenty times a second: longer than any machine takes. What is there is seen at once.
patience=6000

pass() {
    printf 'PASS %s\n' "$*"
}

# serve NAME CARD...: serves cards until stop_serving; ready when each is in its reader.
serve() {
    local name=$1 card in
    shift
    served=$work/serve-$name
    : >"$served.err"
    "$gridcard" card serve "$@" --port "$port" --control "$work/control" --trace "$served.trace" --json \
        >"$served.json" 2>"$served.err" &
    server=$!
    local try
    for ((try = 0; try < patience; try++)); do
        kill -0 "$server" 2>/dev/null || die "card serve $name ended: $(cat "$served.err")"
        in=$(grep -c 'in its reader' "$served.err" || true)
        [[ $in -lt $# ]] || break
        sleep 0.05
    done
    [[ $in -ge $# ]] || die "card serve $name: $in of $# cards are in their readers: $(cat "$served.err")"
    for card in "$@"; do
        grep -qF "$(basename "$card")" "$served.json" || die "card serve --json does not name $card"
    done
}

# stop_serving SIGNAL STATUS: a clean end with that exit code.
stop_serving() {
    local status=0
    kill "-$1" "$server"
    wait "$server" || status=$?
    server=
    [[ $status -eq $2 ]] || die "card serve ended with $status after SIG$1, not with $2: $(cat "$served.err")"
    grep -q 'all cards are saved' "$served.err" || die "card serve does not say that all is saved"
}

# hears WORDS: card serve says so within a few seconds.
hears() {
    local try
    for ((try = 0; try < patience; try++)); do
        ! grep -q "$1" "$served.err" || return 0
        sleep 0.05
    done
    die "card serve does not say '$1': $(cat "$served.err")"
}

# client SCRIPT ARGUMENTS...: one of the judges in Python.
client() {
    local script=$1
    shift
    "$python" "$judges/$script" "$@" || die "$script $*"
}

# quietly COMMAND...: its words go to a file that is shown when it fails.
quietly() {
    "$@" >"$work/last.out" 2>&1 || { cat "$work/last.out" >&2; die "$*"; }
}

# The cards: a small life up to the first order, as the README tells it.
meter=261100000001
customer=330200000001
iccid=89860026330000000010
plain_serial=00112233445566AA
prepare() {
    local pin=(--pin-file "$work/pin") card_pin=(--card-pin-file "$work/pin") city=$GRIDCARD_HOME/city-33020000
    local officers=("${pin[@]}" --second-pin-file "$work/pin2") supervisor=(--card-second-pin-file "$work/pin2")
    echo 123456 >"$work/pin"
    echo 654321 >"$work/pin2"
    echo 1234 >"$work/chv1"
    quietly "$gridcard" kdc init --test-root "${officers[@]}"
    quietly "$gridcard" kdc issue-card psam-issuing --city 33020000 --number 000000000002 "${officers[@]}" "${card_pin[@]}" \
        "${supervisor[@]}"
    quietly "$gridcard" kdc issue-card esam-issuing --city 33020000 --number 000000000003 "${officers[@]}" "${card_pin[@]}" \
        "${supervisor[@]}"
    quietly "$gridcard" city open "$GRIDCARD_HOME"/province/out/*.card
    # one PSAM for the bank, one for the show; the same with ESAMs
    quietly "$gridcard" psam issue --number 330200000001 "${pin[@]}" "${card_pin[@]}"
    quietly "$gridcard" psam issue --number 330200000002 "${pin[@]}" "${card_pin[@]}"
    quietly "$gridcard" esam issue --meter "$meter" "${pin[@]}"
    quietly "$gridcard" esam issue --meter 261100000002 "${pin[@]}"
    mv "$city/out/psam-330200000002.card" "$work/psam.card"
    mv "$city/out/esam-261100000002.card" "$work/esam.card"
    quietly "$gridcard" meter new "$meter" --esam "$city/out/esam-$meter.card" --pairing "$city/out/pairing-$meter.json"
    quietly "$gridcard" server open "$city/out/psam-330200000001.card"
    quietly "$gridcard" sim new --iccid "$iccid" --imsi 460000000000001 --card "$work/sim.card"
    quietly "$gridcard" sim new --iccid 89860026330000000028 --imsi 460000000000002 --chv1-file "$work/chv1" \
        --card "$work/guarded.card"
    quietly "$gridcard" card new --blank --serial "$plain_serial" "$work/plain.card"
    printf '%s\n' customer,meter,msisdn,imsi,imei,iccid \
        "$customer,$meter,+8613900000001,460000000000001,860123040000019,$iccid" >"$work/customers.csv"
    quietly "$gridcard" city delivery --out "$work/delivery.json"
    quietly "$gridcard" server settings --server-number 8657495598 --service-centre 8613800574500
    quietly "$gridcard" server meters "$work/delivery.json"
    quietly "$gridcard" server register "$work/customers.csv"
    quietly "$gridcard" server order --customer "$customer" --amount 50 "${pin[@]}" --out "$work/order.sms"
}

# Tools of the field against both slots.
tools() {
    local slot name atr out
    for slot in 0 1; do
        name="Virtual PCD 00 0$slot"
        atr=$("$python" -c 'import json, sys; print(json.load(open(sys.argv[1]))["cards"][int(sys.argv[2])]["atr"])' \
            "$served.json" "$slot")
        out=$(opensc-tool --list-readers) || die "opensc-tool --list-readers"
        grep -qE "^$slot +Yes .*$name" <<<"$out" || die "opensc-tool sees no card in slot $slot: $out"
        out=$(opensc-tool --reader "$slot" --atr 2>&1) || die "opensc-tool --atr: $out"
        [[ $(tr -d ': \n' <<<"${out^^}") == *"$atr"* ]] || die "opensc-tool reads another ATR than $atr: $out"
        out=$(opensc-tool --reader "$slot" --send-apdu "$1" 2>&1) || die "opensc-tool --send-apdu: $out"
        grep -q "SW1=0x$2" <<<"$out" || die "opensc-tool sent $1 and heard: $out"
        out=$(echo "$1" | sed 's/../& /g' | scriptor -r "$name" 2>&1) || die "scriptor: $out"
        grep -qiE "^< .*${2} [0-9A-F]{2} :" <<<"$out" || die "scriptor sent $1 and heard: $out"
        # it watches for ever; two seconds show what is there
        out=$(timeout 2 pcsc_scan -n 2>&1 | tr -d ' ') || true
        grep -q "ATR:$atr" <<<"$out" || die "pcsc_scan does not show $atr: $out"
    done
    pass "opensc-tool, scriptor and pcsc_scan: both cards listed, ATRs read, $1 answered $2xx"
}

kinds_of_cards() {
    serve esam-psam "$work/esam.card" "$work/psam.card"
    tools 0084000008 90
    client kinds.py esam 0 261100000002
    client kinds.py psam 1 330200000002
    stop_serving TERM 0
    pass "card serve ends with 0 when it is asked to (SIGTERM)"
    serve sim-fmcos "$work/guarded.card" "$work/plain.card"
    client kinds.py sim 0 89860026330000000028
    client kinds.py fmcos 1 "$plain_serial"
    client slots.py 1 "$gridcard" "$work/control"
    stop_serving INT 130
    pass "card serve ends with 130 at Ctrl-C"
    quietly "$gridcard" trace show "$served.trace"
    ! grep -q 31323334 "$served.trace" || die "the trace tells a CHV1"
}

purchase() {
    local out
    serve sim "$work/sim.card" "$work/psam.card"
    out=$("$python" "$root/examples/read_sim.py") || die "examples/read_sim.py"
    for word in "ICCID  $iccid" "IMSI   460000000000001" "message  1 free" "message 20 free"; do
        grep -qF "$word" <<<"$out" || die "examples/read_sim.py does not show '$word': $out"
    done
    pass "examples/read_sim.py finds the SIM, its ICCID, its IMSI and 20 records"
    client messages.py write 0 "$work/order.sms"
    # while the card is in its reader, the file is nobody else's; taken out, it is
    ! "$gridcard" meter insert "$meter" "$work/sim.card" >/dev/null 2>&1 || die "a card stands in two slots"
    quietly "$gridcard" slot remove sim.card --control "$work/control"
    out=$("$gridcard" meter insert "$meter" "$work/sim.card") || die "the meter refuses what pyscard wrote: $out"
    grep -q 'credited 50.00' <<<"$out" || die "the meter says: $out"
    pass "the meter accepts the order that pyscard wrote: $(grep -m 1 "credited" <<<"$out")"
    quietly "$gridcard" slot insert sim.card --control "$work/control"
    client messages.py read 0 07 "$work/receipt.sms"
    stop_serving TERM 0
    out=$("$gridcard" server settle "$work/receipt.sms" --meter "$meter" --pin-file "$work/pin") || die "the bank refuses the receipt: $out"
    pass "the bank settles the receipt that pyscard read: $(tail -n 1 <<<"${out#*settled  }")"
}

decoders() {
    local suite records=("$work/order.sms" "$work/receipt.sms")
    for suite in 3des aes128 sm4; do
        quietly "$gridcard" demo --meters 2 --seed 7 --suite "$suite" --home "$work/$suite" --keep-records
        records+=("$work/$suite"/records/*.sms)
    done
    "$decode_record" "${records[@]}" >"$work/ours.json" || die "decode_record"
    "$venv/bin/python" "$judges/decode.py" "$work/ours.json" || die "the decoders disagree"
}

# begin_writing: a client that writes without end; a good many writes are done when it returns.
begin_writing() {
    : >"$work/kill.log"
    "$python" "$judges/writer.py" write 1 "$work/kill.log" 2>>"$work/clients.err" &
    writer=$!
    local try
    for ((try = 0; try < patience; try++)); do
        [[ $(wc -l <"$work/kill.log") -lt 100 ]] || return 0
        sleep 0.05
    done
    die "the writing client does not get on: $(cat "$work/clients.err")"
}

# The daemon killed in the midst of writes, then the card's own program.
outages() {
    local writer
    serve outages "$work/sim.card" "$work/plain.card"
    begin_writing
    stop_pcscd KILL
    hears 'slot 1 (plain.card): reader lost'
    hears 'slot 0 (sim.card): reader lost'
    wait "$writer" || die "the writing client"
    hears 'no reader at'
    start_pcscd "$work/conf" "$work/pcscd.log"
    client writer.py check 1 "$work/kill.log"
    pass "pcscd killed while a card was written, and started again: $(grep -c 'reader lost' "$served.err") readers lost and found"
    client messages.py read 0 07 "$work/again.sms"
    cmp -s "$work/receipt.sms" "$work/again.sms" || die "the SIM's message changed"
    begin_writing
    kill -KILL "$server"
    wait "$server" 2>/dev/null || true
    server=
    wait "$writer" || die "the writing client"
    quietly "$gridcard" card dump "$work/plain.card"
    serve after "$work/sim.card" "$work/plain.card"
    client writer.py check 1 "$work/kill.log"
    pass "card serve killed in the midst of writes: the image loads"
}

crowd() {
    client crowd.py 5100 "sim:0:$iccid" "fmcos:1:$plain_serial"
    stop_serving TERM 0
}

port=$(free_ports)
write_config "$work/conf" "$port"
prepare
start_pcscd "$work/conf" "$work/pcscd.log"
kinds_of_cards
purchase
decoders
outages
crowd
pass "all PC/SC judges in ${SECONDS} s"
