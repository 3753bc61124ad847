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

# environment FOLDER PACKAGE...: a Python with these packages of PyPI, their dependencies and nothing else; one that stands is used again.
# Without byte code: most of what is installed is never imported.
environment() {
    local folder=$1 python=/usr/bin/python3
    shift
    [[ $(cat "$folder/packages" 2>/dev/null) != "$*" ]] || return 0
    # Debian's interpreter is the one that python3-venv belongs to
    [[ -x $python ]] || python=python3
    rm -rf "$folder"
    "$python" -m venv "$folder"
    "$folder/bin/pip" install --quiet --disable-pip-version-check --no-compile "$@" >&2 || die "pip could not install: $*"
    echo "$*" >"$folder/packages"
}

# until_done WORDS COMMAND...: waits until a command works, two minutes at most. `last_words` names a function that
# tells more of what is missing then, where there is one.
until_done() {
    local words=$1 try
    shift
    for ((try = 0; try < 1200; try++)); do
        if "$@" >/dev/null 2>&1; then return; fi
        sleep 0.1
    done
    die "$words: not within two minutes${last_words:+; $("$last_words")}"
}

# await FILE PROCESS LOG: waits until a program that was begun has written a file; its errors are in its log.
await() {
    local try
    for ((try = 0; try < 600; try++)); do
        if [[ -s $1 ]]; then return; fi
        kill -0 "$2" 2>/dev/null || die "it did not begin: $(cat "$3")"
        sleep 0.1
    done
    die "it did not begin: $(cat "$3")"
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
