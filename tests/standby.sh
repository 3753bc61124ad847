#!/usr/bin/env bash
# Runs a command beside a PostgreSQL primary and its synchronous standby, as often as ROUNDS says, each time beside a new pair.
# Both are clusters in folders that go afterwards, on sockets and no port, run by an ordinary user.
#
# Usage: tests/standby.sh ROUNDS COMMAND [ARGUMENT...]
# The command finds the connection string, which names both, in GRIDCARD_POSTGRES; the round, from 1, in GRIDCARD_ROUND; and in
# GRIDCARD_FAILOVER a program that kills the primary with -9 and makes the standby the primary.
set -euo pipefail
[[ $# -gt 1 && $1 =~ ^[1-9][0-9]*$ ]] || { echo "usage: tests/standby.sh ROUNDS COMMAND [ARGUMENT...]" >&2; exit 2; }
rounds=$1
shift
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
[[ -x $bin/initdb ]] || { echo "error: no PostgreSQL here; install Debian's package postgresql" >&2; exit 1; }
as=()
[[ $EUID -ne 0 ]] || as=(runuser -u postgres --)
work=
stop() {
    [[ -n $work ]] || return 0
    local cluster
    for cluster in primary standby; do
        "${as[@]}" "$bin/pg_ctl" --pgdata="$work/$cluster" --mode=immediate --silent stop >/dev/null 2>&1 || true
    done
    rm -rf "$work"
    work=
}
trap stop EXIT

# start CLUSTER SYNCHRONOUS: sockets stand in the folder above the cluster's.
start() {
    local options="-c listen_addresses='' -c unix_socket_directories='$work/$1.socket' -c max_connections=50"
    options+=" -c synchronous_standby_names='$2' -c synchronous_commit=on"
    "${as[@]}" "$bin/pg_ctl" --pgdata="$work/$1" --log="$work/$1.log" --wait --silent --options="$options" start ||
        { cat "$work/$1.log" >&2; exit 1; }
}

for ((round = 1; round <= rounds; round++)); do
    # a path of a socket has at most 107 bytes, so the folder does not follow TMPDIR
    work=$(mktemp -d /tmp/gridcard-pg.XXXXXX)
    mkdir "$work/primary.socket" "$work/standby.socket"
    chmod 755 "$work"
    [[ $EUID -ne 0 ]] || chown -R postgres: "$work"
    cd "$work"
    "${as[@]}" "$bin/initdb" --pgdata="$work/primary" --username=bank --auth=trust --encoding=UTF8 --locale=C.UTF-8 \
        >"$work/initdb.log" 2>&1 || { cat "$work/initdb.log" >&2; exit 1; }
    # nobody waits for a standby that is not there yet
    start primary ''
    "${as[@]}" "$bin/pg_basebackup" --pgdata="$work/standby" --write-recovery-conf --checkpoint=fast \
        --dbname="host=$work/primary.socket user=bank application_name=standby"
    # the standby waits for nobody once it is the primary
    start standby ''
    "${as[@]}" "$bin/psql" --quiet --dbname="host=$work/primary.socket user=bank dbname=postgres" \
        --command="ALTER SYSTEM SET synchronous_standby_names TO 'standby'"
    "${as[@]}" "$bin/pg_ctl" --pgdata="$work/primary" --mode=fast --silent stop
    start primary standby
    cat >"$work/failover" <<FAILOVER
#!/usr/bin/env bash
set -euo pipefail
# the postmaster's children go by themselves when they find it dead
kill -KILL "\$(head -n 1 "$work/primary/postmaster.pid")"
exec ${as[*]} "$bin/pg_ctl" --pgdata="$work/standby" --wait --silent promote
FAILOVER
    chmod 755 "$work/failover"
    cd "$OLDPWD"
    # a round begins when the standby confirms what the primary writes
    for ((try = 0; try < 1200; try++)); do
        state=$("${as[@]}" "$bin/psql" --quiet --tuples-only --no-align --dbname="host=$work/primary.socket user=bank dbname=postgres" \
            --command="SELECT sync_state FROM pg_stat_replication")
        [[ $state != sync ]] || break
        sleep 0.05
    done
    [[ $state == sync ]] || { cat "$work/standby.log" >&2; echo "error: the standby does not follow" >&2; exit 1; }
    status=0
    GRIDCARD_POSTGRES="host=$work/primary.socket,$work/standby.socket user=bank dbname=postgres target_session_attrs=read-write" \
        GRIDCARD_FAILOVER="$work/failover" GRIDCARD_ROUND=$round "$@" || status=$?
    stop
    [[ $status -eq 0 ]] || exit "$status"
done
