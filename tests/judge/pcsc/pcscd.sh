# shellcheck shell=bash
# A pcscd of our own with the vpcd driver: its own configuration, its own ports, its own socket. Nothing is written to
# /etc, and a pcscd that runs on this machine is neither asked nor disturbed. Sourced after scripts/lib.sh.

# The client library and the daemon know one folder only.
pcscd_folder=/run/pcscd

# privately SCRIPT ARGUMENTS...: runs a script again where /run/pcscd is its own; returns where it is so already.
privately() {
    [[ -z ${GRIDCARD_PRIVATE_PCSCD:-} ]] || return 0
    export GRIDCARD_PRIVATE_PCSCD=yes
    # shellcheck disable=SC2016  # for the inner shell
    local inner='mkdir -p /run/pcscd && mount -t tmpfs none /run/pcscd && exec bash "$@"'
    if [[ $EUID -eq 0 ]] && unshare --mount true 2>/dev/null; then
        mkdir -p "$pcscd_folder"
        exec unshare --mount bash -c "$inner" bash "$@"
    elif [[ -d $pcscd_folder ]] && unshare --map-root-user --mount true 2>/dev/null; then
        exec unshare --map-root-user --mount bash -c "$inner" bash "$@"
    fi
    # No namespaces here: the machine's own folder, if nobody uses it.
    if [[ -S $pcscd_folder/pcscd.comm ]] && pgrep -x pcscd >/dev/null; then
        die "a pcscd runs on this machine, and there are no mount namespaces to start another beside it;" \
            "stop it first: systemctl stop pcscd.socket pcscd.service"
    fi
    [[ $EUID -eq 0 ]] || die "a pcscd of our own needs root, or user namespaces"
}

# free_ports: the first of two neighbouring ports that nobody uses, below those the system draws from.
free_ports() {
    /usr/bin/python3 - <<'PYTHON'
import random, socket
for _ in range(1000):
    port, held = random.randrange(20000, 30000), []
    try:
        for slot in (port, port + 1):
            s = socket.socket()
            held.append(s)
            s.bind(("127.0.0.1", slot))
    except OSError:
        continue
    finally:
        for s in held:
            s.close()
    print(port)
    break
else:
    raise SystemExit("no two free ports")
PYTHON
}

# write_config FOLDER PORT: a configuration with one reader of two slots.
write_config() {
    local library
    library=$(find /usr/lib/pcsc/drivers/serial /usr/lib -name 'libifdvpcd.so*' 2>/dev/null | head -n 1)
    [[ -n $library ]] || die "the vpcd driver is not installed (package vsmartcard-vpcd)"
    mkdir -p "$1"
    cat >"$1/vpcd" <<CONFIG
FRIENDLYNAME "Virtual PCD"
DEVICENAME   /dev/null:$2
LIBPATH      $library
CHANNELID    $2
CONFIG
}

# start_pcscd CONFIG LOG: sets pcscd_pid; ready when it returns.
start_pcscd() {
    # A killed one leaves its files, which would stop the next.
    rm -f "$pcscd_folder/pcscd.comm" "$pcscd_folder/pcscd.pid"
    # Debian keeps it where only root looks
    PATH=$PATH:/usr/sbin pcscd --foreground --error --config "$1" >>"$2" 2>&1 &
    pcscd_pid=$!
    local try
    for ((try = 0; try < 6000; try++)); do
        [[ ! -S $pcscd_folder/pcscd.comm ]] || return 0
        kill -0 "$pcscd_pid" 2>/dev/null || break
        sleep 0.05
    done
    cat "$2" >&2
    die "pcscd does not start"
}

# stop_pcscd [SIGNAL]: ends the one that start_pcscd started; one that does not end within three seconds is killed.
stop_pcscd() {
    [[ -n ${pcscd_pid:-} ]] || return 0
    kill "-${1:-TERM}" "$pcscd_pid" 2>/dev/null || true
    local try
    for ((try = 0; try < 60; try++)); do
        kill -0 "$pcscd_pid" 2>/dev/null || break
        sleep 0.05
    done
    kill -KILL "$pcscd_pid" 2>/dev/null || true
    wait "$pcscd_pid" 2>/dev/null || true
    pcscd_pid=
}
