#!/usr/bin/env bash
# The console of the payment server in a real Chromium: a sale by keyboard alone, two people, both languages, paper, narrow screens,
# contrast, and what nobody may; then the customers' app on a small screen, by thumb. Pictures of the main screens are left in OUT.
#
# Usage: tests/console.sh GRIDCARD OUT
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../scripts/lib.sh"
[[ $# -eq 2 ]] || die "usage: tests/console.sh GRIDCARD OUT"
gridcard=$1 out=$2

need chromium chromium-driver fonts-dejavu-core fonts-wqy-microhei python3 python3-venv
venv=$target/console-venv
environment "$venv" selenium==4.51.0
mkdir -p "$out"
"$venv/bin/python" "$root/tests/console/walk.py" "$gridcard" "$out"
"$venv/bin/python" "$root/tests/console/phone_walk.py" "$gridcard" "$out"
