#!/usr/bin/env bash
# A small province from its ceremony to an ESAM, before the judge of the hierarchy: every check value, every line of the audit
# logs and every key that left an issuing card. Then a formal one, whose secret the judge restores from its shares.
#
# Usage: tests/judge/province.sh GRIDCARD PYTHON FOLDER SUITE
set -euo pipefail
[[ $# -eq 4 ]] || { echo "usage: $0 GRIDCARD PYTHON FOLDER SUITE" >&2; exit 2; }
gridcard=$1 python=$2 home=$3/province-$4 suite=$4 region=33020000
judge=$(dirname "${BASH_SOURCE[0]}")/hierarchy.py
mkdir -p "$home"
echo 123456 >"$home/pin"
echo 654321 >"$home/pin2"
pins=(--pin-file "$home/pin" --second-pin-file "$home/pin2")
card=(--card-pin-file "$home/pin" --card-second-pin-file "$home/pin2")
run=("$gridcard" --home "$home/parties" --trace "$home/run.trace" --json)

"${run[@]}" kdc init --test-root --suite "$suite" "${pins[@]}" >"$home/init.json"
"${run[@]}" kdc issue-card psam-issuing --city "$region" --number 000000000002 "${pins[@]}" "${card[@]}" >"$home/2.json"
"${run[@]}" kdc issue-card esam-issuing --city "$region" --number 000000000003 "${pins[@]}" "${card[@]}" >"$home/3.json"
"${run[@]}" city open "$home"/parties/province/out/*.card >/dev/null
"${run[@]}" psam issue --number 330200000001 --pin-file "$home/pin" --card-pin-file "$home/pin" >"$home/4.json"
"${run[@]}" esam issue --meter 000020181114 --pin-file "$home/pin" >/dev/null

# A trace hides what an issuing card gave out. The judge asks the cards for the same once more, in sessions that are shown.
# ask CARD TARGETS PIN...: TARGETS are first digits of P1, PIN... the VERIFY commands before.
ask() {
    local card=$1 targets=$2
    shift 2
    { printf '%s\n' "$@"; sed -n "s/^> \(8044[$targets]\)/\1/p" "$home/run.trace"; } \
        | "$gridcard" --json apdu "$card" --reveal -
}
grep -q '^< \[.* bytes hidden\] 9000$' "$home/run.trace" || { echo "the trace hides no answer" >&2; exit 1; }
city=$home/parties/city-$region
ask "$home/parties/province/main-control.card" 23 0020000003123456 0020000103654321 >"$home/main.session"
ask "$city/psam-issuing.card" 4 0020000003123456 >"$home/psam.session"
ask "$city/esam-issuing.card" 5F 0020000003123456 >"$home/esam.session"
"$python" "$judge" --suite "$suite" --province "$home/init.json" --card "$home"/[234].json \
    --audit "$home/parties/province/audit.jsonl" "$city/audit.jsonl" --trace "$home"/{main,psam,esam}.session

# formal: components in, shares out, and each share proved from its file; blanks under a transport root of the maker's
for _ in 1 2; do
    "$gridcard" kdc component --suite "$suite" 2>/dev/null
done >"$home/typed"
"$gridcard" kdc component --suite "$suite" --out "$home/transport" >/dev/null
typed() {
    cat "$home/typed"
    for _ in {1..600}; do
        compgen -G "$home/shares/share-*-3.txt" >/dev/null && break
        sleep 0.1
    done
    head -qn 1 "$home"/shares/share-*.txt
}
typed | "$gridcard" --home "$home/formal" --json kdc init --components 2 --suite "$suite" --shares 2/3 \
    --share-dir "$home/shares" --formal-on-virtual --transport-file "$home/transport" "${pins[@]}" >"$home/formal.json"
"$python" "$judge" --suite "$suite" --components "$home/typed" --transport "$home/transport" --shares "$home"/shares/*.txt \
    --province "$home/formal.json" --audit "$home/formal/province/audit.jsonl"
