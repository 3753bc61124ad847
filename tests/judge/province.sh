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
"$python" "$judge" --suite "$suite" --province "$home/init.json" --card "$home"/[234].json \
    --audit "$home/parties/province/audit.jsonl" "$home/parties/city-$region/audit.jsonl" --trace "$home/run.trace"

# formal: components in, shares out, and each share proved from its file
for seed in 1 2; do
    "$gridcard" kdc component --suite "$suite" --seed "$seed" 2>/dev/null
done >"$home/typed"
typed() {
    cat "$home/typed"
    for _ in {1..600}; do
        compgen -G "$home/shares/share-*-3.txt" >/dev/null && break
        sleep 0.1
    done
    head -qn 1 "$home"/shares/share-*.txt
}
typed | "$gridcard" --home "$home/formal" --json kdc init --components 2 --suite "$suite" --shares 2/3 \
    --share-dir "$home/shares" --formal-on-virtual "${pins[@]}" >"$home/formal.json"
"$python" "$judge" --suite "$suite" --components "$home/typed" --shares "$home"/shares/*.txt \
    --province "$home/formal.json" --audit "$home/formal/province/audit.jsonl"
