#!/usr/bin/env bash
# How many instructions a wrong guess takes, by the place of its first wrong byte: valgrind's callgrind counts them inside the one
# function that compares. Any difference between two places is a failure, and so is a guess that was right.
#
# Usage: tests/judge/constant_time.sh FOLDER
# Builds the one example it needs in release mode, with names.
set -euo pipefail
[[ $# -eq 1 ]] || { echo "usage: $0 FOLDER" >&2; exit 2; }
work=$1
mkdir -p "$work"
command -v valgrind >/dev/null || { echo "valgrind is missing" >&2; exit 1; }

export CARGO_PROFILE_RELEASE_STRIP=none CARGO_PROFILE_RELEASE_DEBUG=0
cargo build --quiet --release --locked --package gridcard-vcard --example constant_time
example=${CARGO_TARGET_DIR:-target}/release/examples/constant_time

# counted SECRET PLACE: instructions in the measured function; its answer goes into FOLDER/answer.
counted() {
    local out=$work/callgrind.$1.$2
    # an empty environment and fixed addresses: whatever differs then is the guess
    env -i setarch "$(uname -m)" --addr-no-randomize valgrind --quiet --tool=callgrind --toggle-collect='*measured*' \
        --callgrind-out-file="$out" "$example" "$1" "$2" >"$work/answer" 2>"$work/valgrind"
    sed -n 's/^\(summary\|totals\): \([0-9]*\).*/\2/p' "$out" | head -n 1
}

# steady SECRET BYTES WRONG: as many instructions wherever the first wrong byte is, and the answer that says no.
steady() {
    local secret=$1 bytes=$2 wrong=$3 place instructions first=
    for ((place = 0; place < bytes; place++)); do
        instructions=$(counted "$secret" "$place")
        [[ -n $instructions && $instructions -gt 0 ]] || { echo "$secret, byte $place: nothing was counted" >&2; exit 1; }
        [[ $(cat "$work/answer") == "$wrong" ]] \
            || { echo "$secret, byte $place: answered $(cat "$work/answer"), not $wrong" >&2; exit 1; }
        first=${first:-$instructions}
        [[ $instructions == "$first" ]] \
            || { echo "$secret: $first instructions for byte 0, $instructions for byte $place" >&2; exit 1; }
    done
    echo "$secret: $first instructions wherever the first wrong of its $bytes bytes is"
}

# a comparison that stops at the first wrong byte must be seen to, or nothing was shown
early=$(counted careless 0) late=$(counted careless 7)
[[ -n $early && $early -gt 0 && $late -gt $early ]] \
    || { echo "a careless comparison takes ${early:-no} and ${late:-no} instructions: nothing is measured" >&2; exit 1; }
echo "a careless comparison: $early instructions for byte 0, $late for byte 7"

steady compare-4 4 00
steady compare-8 8 00
steady compare-16 16 00
steady pin 3 63C2
steady chv 8 9804
steady external 16 63C2
