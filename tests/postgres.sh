#!/usr/bin/env bash
# Runs a command beside a PostgreSQL of its own: a cluster in a folder that goes afterwards, on a socket in that folder and on
# no port, run by an ordinary user (PostgreSQL refuses to run as root). The cluster of Debian's package is left alone.
#
# Usage: tests/postgres.sh COMMAND [ARGUMENT...]
# The command finds the connection string in GRIDCARD_POSTGRES.
set -euo pipefail
[[ $# -gt 0 ]] || { echo "usage: tests/postgres.sh COMMAND [ARGUMENT...]" >&2; exit 2; }

bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
[[ -x $bin/initdb ]] || { echo "error: no PostgreSQL here; install Debian's package postgresql" >&2; exit 1; }
# a path of a socket has at most 107 bytes, so the folder does not follow TMPDIR
work=$(mktemp -d /tmp/gridcard-pg.XXXXXX)
as=()
if [[ $EUID -eq 0 ]]; then
    # the user that Debian's package brings
    chown postgres: "$work"
    as=(runuser -u postgres --)
fi
stop() {
    "${as[@]}" "$bin/pg_ctl" --pgdata="$work/data" --mode=immediate --silent stop >/dev/null 2>&1 || true
    rm -rf "$work"
}
trap stop EXIT
cd "$work"
"${as[@]}" "$bin/initdb" --pgdata="$work/data" --username=bank --auth=trust --encoding=UTF8 --locale=C.UTF-8 \
    >"$work/initdb.log" 2>&1 || { cat "$work/initdb.log" >&2; exit 1; }
"${as[@]}" "$bin/pg_ctl" --pgdata="$work/data" --log="$work/log" --wait --silent \
    --options="-c listen_addresses='' -c unix_socket_directories='$work' -c max_connections=200" start \
    || { cat "$work/log" >&2; exit 1; }
cd "$OLDPWD"
status=0
GRIDCARD_POSTGRES="host=$work user=bank dbname=postgres" "$@" || status=$?
exit "$status"
