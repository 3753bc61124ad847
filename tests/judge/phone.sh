#!/usr/bin/env bash
# Other people's phone software before our phone: gammu, smstools, ModemManager, python-gsmmodem-new. They say who it is, list, read,
# write, send and delete; a purchase's order comes to the SIM and its receipt leaves it meanwhile; what they delete in passing costs no
# money.
#
# Usage: tests/judge/phone.sh GRIDCARD FOLDER
# Installs what it needs, the Python one in an environment of its own below the target folder.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"
[[ $# -eq 2 ]] || die "usage: tests/judge/phone.sh GRIDCARD FOLDER"
gridcard=$1 work=$2
need python3 python3-venv gammu smstools modemmanager dbus libglib2.0-bin
mkdir -p "$work"
work=$(cd "$work" && pwd)
running=()
finish() {
    [[ ${#running[@]} -eq 0 ]] || kill "${running[@]}" 2>/dev/null || true
}
trap finish EXIT

folder=$target/judge-gsmmodem
environment "$folder" python-gsmmodem-new==0.13.0 pyserial==3.5

run() { "$gridcard" --home "$work/home" "$@"; }

# holds WORDS TEXT PATTERN: the text has a line like that.
holds() {
    grep -qE -- "$3" <<<"$2" || die "$1: nothing like $3 in: $2"
}

gridcard_home=$work/home
"$gridcard" demo --meters 1 --seed 7 --home "$gridcard_home" >"$work/demo.out"
printf 123456 >"$work/pin"
sim=$(echo "$gridcard_home"/sims/*.card)
iccid=$(basename "$sim" .card)
run phone new zhang --sim "$sim" --imei 490154203237518 >"$work/phone.out"
"$gridcard" --home "$gridcard_home" phone run zhang >"$work/run.out" 2>"$work/run.err" &
running+=("$!")
until_done "the phone answers" test -s "$work/run.out"
line=$(cat "$work/run.out")

# gammu: who it is; a message is written, listed, backed up, which deletes it, and put back.
cat >"$work/gammurc" <<RC
[gammu]
device = $line
connection = at115200
use_locking = no
RC
ask() { timeout 100 gammu -c "$work/gammurc" "$@" 2>&1 || die "gammu $*: $?"; }
said=$(ask identify)
holds "gammu identify" "$said" "Manufacturer +: gridcard"
holds "gammu identify" "$said" "IMEI +: 490154203237518"
holds "gammu identify" "$said" "SIM IMSI +: 460000000000001"
ask savesms TEXT -text "a note" >"$work/gammu-save.out"
backup() { timeout 100 gammu -c "$work/gammurc" backupsms "$work/$1" -yes >"$work/$1.out" 2>&1; }
backup gammu.backup || die "gammu backupsms: $(cat "$work/gammu.backup.out")"
holds "gammu's backup" "$(cat "$work/gammu.backup")" "a note"
ask restoresms "$work/gammu.backup" -yes >"$work/gammu-restore.out"
run server order --customer 330200000001 --amount 45 --pin-file "$work/pin" --out "$work/order.sms" >"$work/order.out"
run phone send zhang "$work/order.sms" >"$work/send.out"
has_order() { run sim list "at:$line" --json | grep -q '"kind": *"order"'; }
until_done "the order is on the SIM" has_order
said=$(ask getallsms)
holds "gammu getallsms" "$said" "a note"
holds "gammu getallsms" "$said" "Class +: 2"
# it deletes what it has saved: the note goes, the order stays
if backup gammu-again.backup; then die "gammu deleted everything, and the phone let it"; fi
has_order || die "gammu's backup deleted an order that no meter has taken"

# ModemManager: the same SIM, by +CRSM and +CSIM; it may not delete the order either.
timeout 150 dbus-run-session -- /usr/bin/python3 tests/judge/phone_modemmanager.py "$line" "$iccid" 460000000000001 "$work" \
    2>"$work/modemmanager.err" || die "ModemManager: $(cat "$work/modemmanager.err")"

# The order goes to the meter through the modem, and the receipt leaves by itself.
run meter insert 261100000001 "at:$line" >"$work/insert.out"
holds "the meter" "$(cat "$work/insert.out")" "credited 45.00 yuan"
# other messages leave as well; the receipt goes to the bank's number
receipts="$gridcard_home/phones/out/*-8657495598.sms"
has_receipt() { compgen -G "$receipts"; }
until_done "the receipt leaves" has_receipt
run phone list >"$work/list.out"
settled=$(run server settle "$gridcard_home"/phones/out/*-8657495598.sms --pin-file "$work/pin" 2>&1 || true)
holds "the receipt" "$settled" "settled .*45.00 yuan credited"

# smstools: reads, deletes what it read, sends.
for part in outgoing checked incoming sent failed; do mkdir -p "$work/smsd/$part"; done
cat >"$work/smsd.conf" <<CONF
devices = phone
outgoing = $work/smsd/outgoing
checked = $work/smsd/checked
incoming = $work/smsd/incoming
sent = $work/smsd/sent
failed = $work/smsd/failed
logfile = $work/smsd/log
infofile = $work/smsd/info
pidfile = $work/smsd/pid
stats_interval = 0
delaytime = 1
[phone]
device = $line
incoming = yes
pin = ignore
init = AT+CPMS="SM","SM","SM"
CONF
printf 'To: 8613912345678\n\nsent by smsd\n' >"$work/smsd/outgoing/one"
smsd -c "$work/smsd.conf" -t >"$work/smsd.out" 2>&1 &
running+=("$!")
until_done "smsd sends" test -e "$work/smsd/sent/one"
# by now it has said where messages shall go: the manager before it wanted them elsewhere
run phone send zhang --text "read by smsd" --from +8613912345678 >>"$work/send.out"
read_by_smsd() { grep -rq "read by smsd" "$work/smsd/incoming"; }
until_done "smsd reads" read_by_smsd
kill "${running[-1]}" 2>/dev/null || true
wait "${running[-1]}" 2>/dev/null || true
unset 'running[-1]'

# python-gsmmodem-new: messages come and are told of, leave, and are reported on.
timeout 200 "$folder/bin/python" tests/judge/phone_gsmmodem.py "$line" 490154203237518 460000000000001 \
    "$gridcard" --home "$gridcard_home" phone send zhang --from +8613912345678 --text \
    || die "python-gsmmodem-new"
say "gammu, ModemManager, smstools and python-gsmmodem-new took our phone for a phone; the order was credited, its receipt settled"
