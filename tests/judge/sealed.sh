#!/usr/bin/env bash
# The life of a PSAM and its limits, before the judge of what is sealed under use keys: proofs of orders, the order chain, a
# statement, a limit, lists of revoked cards, PINs set anew, activations and the end of cards. Then the other way round: a card
# must believe what the judge computed.
#
# Usage: tests/judge/sealed.sh GRIDCARD PYTHON FOLDER SUITE
set -euo pipefail
[[ $# -eq 4 ]] || { echo "usage: $0 GRIDCARD PYTHON FOLDER SUITE" >&2; exit 2; }
gridcard=$1 python=$2 home=$3/sealed-$4 suite=$4 region=33020000 psam=330200000001
judge=("$python" "$(dirname "${BASH_SOURCE[0]}")/sealed.py" --suite "$suite" --region "$region")
mkdir -p "$home"
echo 123456 >"$home/pin"
echo 654321 >"$home/pin2"
pin=(--pin-file "$home/pin")
pins=("${pin[@]}" --second-pin-file "$home/pin2")
card=(--card-pin-file "$home/pin" --card-second-pin-file "$home/pin2")
parties=$home/parties
city=$parties/city-$region
run() { "$gridcard" --home "$parties" --trace "$home/run.trace" --json "$@"; }

run kdc init --test-root --suite "$suite" "${pins[@]}" >/dev/null
run kdc issue-card psam-issuing --city "$region" --number 000000000002 "${pins[@]}" "${card[@]}" >"$home/psam-issuing.json"
run kdc issue-card esam-issuing --city "$region" --number 000000000003 "${pins[@]}" "${card[@]}" >"$home/esam-issuing.json"
run city open "$parties"/province/out/*.card >/dev/null
run psam issue --number "$psam" "${pin[@]}" --card-pin-file "$home/pin" >"$home/psam.json"
run esam issue --meter 000020181114 "${pin[@]}" >"$home/esam.json"
run city delivery --out "$home/delivery.json" >/dev/null
run server open "$city/out/psam-$psam.card" >/dev/null
run server settings --server-number 8657495598 --service-centre 8613800574500 >/dev/null
run server meters "$home/delivery.json" >/dev/null
cat >"$home/customers.csv" <<END
customer,meter,msisdn,imsi,imei,iccid
330200000001,000020181114,+8613800138000,460000000000001,490154203237518,89860026330000000010
END
run server register "$home/customers.csv" >/dev/null
run server order --customer 330200000001 --amount 50 "${pin[@]}" --out "$home/order.sms" >/dev/null
run server correct --customer 330200000001 --amount 70 "${pin[@]}" --out "$home/corrected.sms" >/dev/null

# the limit by files; the PSAM sees its city no more
run psam statement-request "$psam" --out "$home/request.json" >/dev/null
run server psam-statement "$home/request.json" --out "$home/statement.json" >/dev/null
run psam limit --statement "$home/statement.json" --orders 500 --value 123456 "${pin[@]}" --out "$home/limit.json" >/dev/null
run server psam-limit "$home/limit.json" >/dev/null

# what issuing cards seal, asked for once more in sessions that are shown
shown() {
    local card=$1
    shift
    "${judge[@]}" --ask "$@" | "$gridcard" --json apdu "$card" --reveal -
}
shown "$parties/province/main-control.card" main "$home"/{psam-issuing,esam-issuing}.json >"$home/main.session"
shown "$city/psam-issuing.card" city "$home/psam.json" >"$home/psam.session"
shown "$city/esam-issuing.card" supervisor "$home/esam.json" >"$home/esam.session"

# the other way round: the PSAM takes a limit and an order that the judge sealed, and believes the judge's list
"$gridcard" --json --home "$parties" psam statement-request "$psam" --out "$home/request-2.json" >/dev/null
"$gridcard" --json --home "$parties" server psam-statement "$home/request-2.json" --out "$home/statement-2.json" >/dev/null
"${judge[@]}" --make "$home/statement-2.json" "$home/statement.json" --server-key "$parties/bank/psams/$psam.server" \
    | "$gridcard" --json apdu "$parties/bank/psams/$psam.card" --reveal - >"$home/made.session"

lost=(--reason lost --why "left in a taxi")
run city revoke esam 000020181114 "${lost[@]}" "${pin[@]}" >/dev/null
run kdc revoke esam-issuing 000000000003 "${lost[@]}" "${pins[@]}" >/dev/null
"${judge[@]}" --statement "$home/statement.json" --limit "$home/limit.json" --server-key "$parties/bank/psams/$psam.server" \
    --list "$city/revocation.json" "$parties/province/revocation.json" --trace "$home/run.trace" \
    --session "$home"/{main,psam,esam,made}.session

# a judge that lets everything pass proves nothing
rejects() {
    local name=$1 from=$2 change=$3
    sed "$change" "$from" >"$home/bent.json"
    cmp -s "$from" "$home/bent.json" && { echo "nothing was bent in $from" >&2; exit 1; }
    if "${judge[@]}" "$name" "$home/bent.json" >/dev/null 2>&1; then
        echo "the judge takes a bent $from" >&2
        exit 1
    fi
}
rejects --limit "$home/limit.json" 's/"orders": 500/"orders": 501/'
rejects --statement "$home/statement.json" 's/"value_fen": 12000/"value_fen": 12001/'
rejects --list "$city/revocation.json" 's/"lost"/"stolen"/'
