# shellcheck shell=bash
# Shared by the scripts in this folder; sourced, not run. Words go to stderr, so that stdout stays data.

# say WORDS...: one line for whoever watches.
say() {
    printf '%s\n' "$*" >&2
}

# die WORDS...: says why, and ends the script with 1.
die() {
    say "error: $*"
    exit 1
}

# as_root COMMAND...: runs it with root's rights, or says that there are none to be had.
as_root() {
    if [[ $EUID -eq 0 ]]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        die "needs root for: $* (neither root nor sudo here)"
    fi
}

# need PACKAGE...: installs what is missing of these Debian packages. Silent when nothing is.
need() {
    if ! command -v dpkg-query >/dev/null; then
        say "not a Debian system: these packages, or their like, must be there: $*"
        return
    fi
    local package missing=()
    for package in "$@"; do
        # shellcheck disable=SC2016  # ${Status} is dpkg-query's
        if [[ $(dpkg-query --show --showformat='${Status}' "$package" 2>/dev/null) != *' ok installed' ]]; then
            missing+=("$package")
        fi
    done
    if [[ ${#missing[@]} -eq 0 ]]; then
        return
    fi
    command -v apt-get >/dev/null || die "missing: ${missing[*]}; there is no apt-get to install them with"
    say "installing: ${missing[*]}"
    if [[ -z ${apt_updated:-} ]]; then
        as_root apt-get update --quiet >&2 || die "apt-get update failed; missing: ${missing[*]}"
        apt_updated=yes
    fi
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install --quiet --yes --no-install-recommends \
        "${missing[@]}" >&2 || die "apt-get could not install: ${missing[*]}"
}

# need_cargo: the Rust toolchain is the one thing we do not install by ourselves.
need_cargo() {
    if ! command -v cargo >/dev/null && [[ -x ${CARGO_HOME:-$HOME/.cargo}/bin/cargo ]]; then
        PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
    fi
    command -v cargo >/dev/null || die "cargo is missing; install Rust $(rust_version) or newer from https://rustup.rs"
}

# rust_version: the oldest compiler that will do, from the root manifest.
rust_version() {
    sed -n 's/^rust-version = "\(.*\)"$/\1/p' "$root/Cargo.toml"
}

# Root of the source tree.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck disable=SC2034  # for the scripts that source this
# Where cargo builds; the user may have chosen another folder.
target=${CARGO_TARGET_DIR:-$root/target}
