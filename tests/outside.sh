#!/usr/bin/env bash
# The examples of all READMEs, built and run from a crate outside this workspace, as a stranger would use ours: nothing an
# example needs may be missing from what a crate gives away.
#
# Usage: tests/outside.sh FOLDER   (a new folder; the build stands in it)
set -euo pipefail
# shellcheck source=../scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../scripts/lib.sh"
[[ $# -eq 1 ]] || die "usage: tests/outside.sh FOLDER"
folder=$1
mkdir -p "$folder/src"

crates=()
for readme in "$root"/*/README.md; do
    crate=$(basename "$(dirname "$readme")")
    [[ $crate != tests && -e $root/$crate/Cargo.toml ]] && grep -q '^```' "$readme" && crates+=("$crate")
done
[[ ${#crates[@]} -ge 18 ]] || die "only ${#crates[@]} crates have an example in their README: ${crates[*]}"

{
    printf '[package]\nname = "outside"\nversion = "0.0.0"\nedition = "2024"\n\n[workspace]\n\n[dependencies]\n'
    for crate in "${crates[@]}"; do
        name=$(sed -n 's/^name = "\(.*\)"/\1/p' "$root/$crate/Cargo.toml" | head -1)
        printf '%s = { path = "%s" }\n' "$name" "$root/$crate"
    done
    # what a debugger would want of it is half of what it takes to build
    printf '\n[profile.dev]\ndebug = false\n'
} >"$folder/Cargo.toml"
for crate in "${crates[@]}"; do
    printf '#[doc = include_str!("%s")]\npub mod of_%s {}\n' "$root/$crate/README.md" "$crate"
done >"$folder/src/lib.rs"
# the versions this workspace was tested with
cp "$root/Cargo.lock" "$folder/Cargo.lock"

begun=$SECONDS
CARGO_TARGET_DIR=$folder/target cargo test --doc --manifest-path "$folder/Cargo.toml" | tee "$folder/out"
passed=$(sed -n 's/^test result: ok. \([0-9]*\) passed.*/\1/p' "$folder/out" | awk '{ sum += $1 } END { print sum + 0 }')
[[ $passed -ge ${#crates[@]} ]] || die "$passed examples ran of ${#crates[@]} crates"
say "$passed examples of ${#crates[@]} crates, built from nothing and run in $((SECONDS - begun)) s"
