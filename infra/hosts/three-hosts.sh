#!/usr/bin/env bash
# three-hosts.sh: a run over three hosts, of which one is cut off for a while and one loses its power, ends in the weights of one
# undisturbed silo. Exit code 0: it does.
#
# The hosts are namespaces of this machine: each has a network, processes, mounts and a name of its own, and an address on a bridge that
# only they are on. Nothing touches the machine's own network, and all of it goes when the script ends, however it ends.
#
# 1. A run on host d alone. 2. The same run on hosts a, b and c; amid its fourth step host b's link goes down. 3. When b's silo has been
# declared dead, has ended and has joined again, host c's link goes down and all that runs on it is killed.
#
#   hosts a, b, c   10.77.0.1 to .3   a silo each, over TCP with TLS; one that ends otherwise than in order is started again
#   host d          10.77.0.10        Azurite (the store, the table of members) and the console
#
# Usage: three-hosts.sh [--cut SECONDS] [--keep]     20 s by default; in less than 15 nobody is declared dead
#        three-hosts.sh --check      exit code 0 where it can run here; else 3 and one line that says what is missing
#
# Linux, root or user namespaces; iproute2, util-linux, OpenSSL 3, Node.js 18 and npm, the .NET SDK 10.
# Environment: AZURITE names the folder of an installation (npm install --prefix FOLDER azurite@3.35.0); BGPO_BUILT=1 leaves out the build.
set -euo pipefail
PATH=$PATH:/sbin:/usr/sbin

# What it starts on its hosts: a command under the host's name; a command again and again until it ends in order.
case ${1:-} in
    --as) hostname "$2" && exec "${@:3}" ;;
    --again) until "${@:2}"; do sleep 1; done && exit 0 ;;
esac

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
root=$(dirname "$(dirname "$here")")
net=10.77.0
run=hosts
cluster=hosts
account=devstoreaccount1
# The emulator's documented key.
key=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==

say() { awk -v from="$started" -v now="$EPOCHREALTIME" -v text="$*" 'BEGIN { printf "%6.1f s  %s\n", now - from, text }'; }
fail() { say "FAILED: $*"; show_logs; exit 1; }

show_logs() {
    local file
    for file in "$work"/*.log; do
        [ ! -s "$file" ] || { echo "--- ${file##*/}"; tail -n 15 "$file"; }
    done
} >&2

# --- the namespaces ---------------------------------------------------------------------------------------------------

namespaces() {
    local user=()
    [ "$(id -u)" -eq 0 ] || user=(--user --map-root-user)
    unshare "${user[@]}" --mount --net --pid --fork --kill-child --mount-proc -- "$@"
}

missing() { # says what this machine lacks; nothing where it has all
    local tool
    for tool in ip unshare openssl node npm dotnet; do
        command -v "$tool" >/dev/null || { echo "$tool is not installed"; return; }
    done
    namespaces sh -c 'mount -t tmpfs tmpfs /run && ip link add sw0 type bridge && ip netns add a && ip link add p type veth peer name eth0 netns a
        ip netns exec a unshare --mount --pid --uts --fork --mount-proc true' >/dev/null 2>&1 ||
        echo "namespaces cannot be made here: it takes root, or user namespaces, and a kernel with bridges and veth"
}

make_network() {
    mount -t tmpfs tmpfs /run
    ip link add sw0 type bridge
    ip link set sw0 up
    local host
    for host in a b c d; do
        ip netns add "$host"
        ip link add "port-$host" type veth peer name eth0 netns "$host"
        ip link set "port-$host" master sw0 up
        ip -n "$host" link set lo up
        ip -n "$host" addr add "$(address "$host")/24" dev eth0
        ip -n "$host" link set eth0 up
    done
}

address() { case $1 in a) echo $net.1 ;; b) echo $net.2 ;; c) echo $net.3 ;; d) echo $net.10 ;; esac; }

on() { # HOST COMMAND...: runs a command on a host and takes the place of this shell
    mkdir -p "$work/$1"
    XDG_RUNTIME_DIR=$work/$1 BGPO_ADDRESS=$(address "$1") exec ip netns exec "$1" \
        unshare --mount --pid --uts --fork --kill-child --mount-proc -- "${BASH_SOURCE[0]}" --as "host-$1" "${@:2}"
}

# --- what runs on them ------------------------------------------------------------------------------------------------

bgpo=(dotnet "$root/client/bin/Release/net10.0/Bgpo.Client.dll")
export BGPO_HOME=$root BGPO_COMMAND=bgpo DOTNET_EnableDiagnostics=0 DOTNET_NOLOGO=1

console() { (on d "${bgpo[@]}" "$@"); }

find_azurite() {
    azurite=${AZURITE:-${XDG_CACHE_HOME:-$HOME/.cache}/bgpo/azurite-3.35.0}
    [ -d "$azurite/node_modules/azurite" ] || npm install --prefix "$azurite" --ignore-scripts --no-audit --no-fund --loglevel=error azurite@3.35.0
}

start_azurite() {
    (on d node "$azurite/node_modules/azurite/dist/src/azurite.js" --location "$work/azurite" --silent --disableTelemetry \
        --blobHost 0.0.0.0 --tableHost 0.0.0.0 --queueHost 127.0.0.1 >"$work/azurite.log" 2>&1) &
    await 60 "Azurite starts" grep -q 'Table service is successfully listening' "$work/azurite.log"
    local at
    at=http://$(address d)
    export AZURE_STORAGE_CONNECTION_STRING="DefaultEndpointsProtocol=http;AccountName=$account;AccountKey=$key;BlobEndpoint=$at:10000/$account;TableEndpoint=$at:10002/$account;"
}

make_certificates() { # as docs/clusters.md has it
    local curve=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc) host
    openssl req -x509 "${curve[@]}" -days 2 -subj '/CN=three hosts' -keyout "$work/ca.key" -out "$work/ca.pem" 2>>"$work/openssl.log"
    for host in a b c d; do
        openssl req -x509 -CA "$work/ca.pem" -CAkey "$work/ca.key" "${curve[@]}" -days 1 -subj "/CN=host-$host" \
            -addext basicConstraints=critical,CA:FALSE -keyout "$work/$host.key" -out "$work/$host.pem" 2>>"$work/openssl.log"
        printf '%s\n' cluster: '  kind: azure' "  account: $account" '  tls:' "    certificate: $host.pem" "    key: $host.key" \
            '    authority: ca.pem' >"$work/$host.yaml"
    done
    export BGPO_CLUSTER_CONFIG=$work/d.yaml
}

start_host() { # HOST: its silo, which is started again when it ends otherwise than in order, as an init system does
    (BGPO_CLUSTER_CONFIG=$work/$1.yaml on "$1" "${BASH_SOURCE[0]}" --again "${bgpo[@]}" silo --cluster $cluster \
        --store "$store" >"$work/silo-$1.log" 2>&1) &
    hosts[$1]=$!
}

joined() { [ "$(grep -c ': joined' "$work/silo-$1.log")" -ge "$2" ]; }

await() { # SECONDS WHAT COMMAND...: waits until a command succeeds
    local end=$((SECONDS + $1)) what=$2
    shift 2
    until "$@" 2>/dev/null; do
        [ $SECONDS -lt $end ] || fail "$what: not in time"
        sleep 0.1
    done
}

committed() { # VERSION: whether the run has committed it, by what the console was told
    local newest
    newest=$(sed -n 's/.*"event":"step".*"version":\([0-9]*\).*/\1/p' "$work/events.log" | tail -n 1)
    [ "${newest:-0}" -ge "$1" ]
}

hash_in() { sed -n 's/.*"event":"completed".*"weightsSha256":"\([0-9a-f]*\)".*/\1/p' "$1"; }

# --- the trial --------------------------------------------------------------------------------------------------------

trial() {
    started=$EPOCHREALTIME
    declare -A hosts
    make_network
    find_azurite
    start_azurite
    make_certificates

    # Its first write makes the container, too.
    console train --config "$here/three-hosts.yaml" --run undisturbed --store "azblob+emulator://runs" --json \
        >"$work/undisturbed.log" 2>"$work/undisturbed-errors.log" || fail "the undisturbed run ends with exit code $?"
    local undisturbed
    undisturbed=$(hash_in "$work/undisturbed.log")
    say "one undisturbed silo: $undisturbed"

    store=azblob://$account/runs
    local host
    for host in a b c; do
        start_host $host
        [ $host != a ] || await 60 "silo of host a joins" joined a 1 # It makes the table.
    done
    await 60 "silo of host b joins" joined b 1
    await 60 "silo of host c joins" joined c 1
    say "three hosts over TCP with TLS, members in a table"
    (on d "${bgpo[@]}" run start --cluster $cluster --config "$here/three-hosts.yaml" --run $run --wait --json \
        >"$work/events.log" 2>"$work/console.log") &
    local watcher=$!

    await 60 "version 3" committed 3
    ip link set port-b down
    local cut=$EPOCHREALTIME
    say "host b is cut off"
    # Taken between two steps: the one in hand ends without host b.
    console run pause $run --cluster $cluster >"$work/pause.log" 2>&1 || fail "run pause ends with exit code $?"
    say "the run has ended its step without host b, and is paused"
    sleep "$(awk -v from="$cut" -v now="$EPOCHREALTIME" -v cut="$seconds" 'BEGIN { left = cut - (now - from); print (left > 0 ? left : 0) }')"
    ip link set port-b up
    say "host b is back"
    await 60 "silo of host b joins again" joined b 2
    say "its silo has ended and joined again"
    console run resume $run --cluster $cluster >"$work/resume.log" 2>&1 || fail "run resume ends with exit code $?"

    await 60 "version 10" committed 10
    ip link set port-c down
    kill -9 "${hosts[c]}"
    wait "${hosts[c]}" 2>/dev/null || true
    say "host c has lost its power"
    local code=0
    wait $watcher || code=$?
    [ $code -eq 0 ] || fail "the run ends with exit code $code"
    local hash
    hash=$(hash_in "$work/events.log")
    [ "$hash" = "$undisturbed" ] || fail "other weights: $hash"
    say "the same weights: $hash"
}

seconds=20
keep=
inside=
while [ $# -gt 0 ]; do
    case $1 in
        --inside) inside=1 work=$2 && shift ;;
        --check)
            why=$(missing)
            [ -z "$why" ] || { echo "$why"; exit 3; }
            exit 0
            ;;
        --cut) seconds=${2:?--cut takes seconds} && shift ;;
        --keep) keep=1 ;;
        -h | --help) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0" && exit 0 ;;
        *) echo "three-hosts.sh: unknown argument '$1'; see --help" >&2 && exit 2 ;;
    esac
    shift
done

if [ -n "$inside" ]; then
    trap 'exit 130' INT TERM
    trial
else
    why=$(missing)
    [ -z "$why" ] || { echo "three-hosts.sh: $why" >&2; exit 3; }
    [ -n "${BGPO_BUILT:-}" ] || "$root/bgpo" --version >/dev/null
    work=$(mktemp -d "${TMPDIR:-/tmp}/three-hosts-XXXXXX")
    code=0
    namespaces "${BASH_SOURCE[0]}" --inside "$work" --cut "$seconds" || code=$?
    if [ -n "$keep" ]; then echo "logs, certificates and blobs: $work"; else rm -rf "$work"; fi
    exit $code
fi
