#!/usr/bin/env bash
# The commands of docs/guide/readers.md that want a reader service, as they stand on the page, with a pcscd of our own. What needs none
# is walked by the tests of the command (tests/tests/cli/pages).
# Builds nothing: wants target/debug/gridcard (cargo build -p gridcard-cli).
#
# Usage: tests/judge/pcsc/guide.sh
# Installs what it needs; honours CARGO_TARGET_DIR. What a failed run leaves is kept and named.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../../scripts/lib.sh"
# shellcheck source=tests/judge/pcsc/pcscd.sh
source "$root/tests/judge/pcsc/pcscd.sh"
[[ $# -eq 0 ]] || die "guide.sh takes no arguments"
program=$target/debug/gridcard
[[ -x $program ]] || die "$program is missing: cargo build -p gridcard-cli"
need pcscd vsmartcard-vpcd pcsc-tools opensc python3 python3-pyscard util-linux procps
privately "${BASH_SOURCE[0]}"

work=$(mktemp -d "${TMPDIR:-/tmp}/gridcard-guide.XXXXXX")
finish() {
    local status=$?
    [[ ! -f $work/served ]] || kill -KILL "$(cat "$work/served")" 2>/dev/null || true
    stop_pcscd
    if [[ $status -eq 0 ]]; then
        rm -rf "$work"
    else
        say "FAILED after ${SECONDS} s; what it left is in $work:"
        tail -n 20 "$work/page.out" "$work/pcscd.log" >&2 2>/dev/null || true
    fi
}
trap finish EXIT
port=$(free_ports)
write_config "$work/reader.conf.d" "$port"
start_pcscd "$work/reader.conf.d" "$work/pcscd.log"

# The page up to its last part that wants a service; each command is said before it runs, and is the judge's when it fails.
awk '/^## PINs/ { exit }
    /^```/ { if (open) open = 0; else { info = substr($0, 4); open = info == "sh" || info == "sh pcscd" }; next }
    open && !/^alias/ { print; if (/card serve/) print "until_they_are_in" }' \
    "$root/docs/guide/readers.md" | sed "s|/tmp/|$work/|g" >"$work/page"
grep -q 'card serve' "$work/page" || die "readers.md serves no cards"
cat >"$work/around" <<'AROUND'
set -eEuo pipefail
# Debian's interpreter: the one python3-pyscard is installed for
PATH=/usr/bin:$PATH
trap 'echo "failed: $BASH_COMMAND" >&2' ERR
gridcard() {
    [[ "$1 ${2:-}" != "card serve" ]] || { echo "$BASHPID" >"$work/served"; exec "$program" "$@" --port "$port"; }
    "$program" "$@"
}
# it watches for ever; two seconds show what is there
pcsc_scan() { timeout 2 /usr/bin/pcsc_scan "$@" || [[ $? -eq 124 ]]; }
until_they_are_in() {
    local try
    for ((try = 0; try < 6000; try++)); do
        [[ $(gridcard reader list 2>/dev/null | grep -c '  there') -lt 2 ]] || return 0
        sleep 0.05
    done
    return 1
}
AROUND
cd "$root"
export program port work
bash -c 'source "$work/around"; source "$work/page"' >"$work/page.out" 2>&1 || die "a command of docs/guide/readers.md fails"
# what a reader of the page looks for
for words in 'Virtual PCD 00 00' 'ICCID  89860026330000000010' 'SELECT, 3F00 master file'; do
    grep -qF "$words" "$work/page.out" || die "no command of docs/guide/readers.md shows '$words'"
done
printf 'PASS %s\n' "docs/guide/readers.md: its commands run with a reader service"
