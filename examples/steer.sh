#!/usr/bin/env bash
# Everything that a person can do with a run, done by a script: by --json on stdout and by exit codes, no screen is read.
#
#   examples/steer.sh CLUSTER [RUN]     # needs jq or python3; BGPO is the console's command, default ./bgpo; SETS more --set for the run
#
# The cluster must live: ./bgpo silo --cluster CLUSTER &
set -euo pipefail

if [ $# -lt 1 ]; then
    echo "usage: examples/steer.sh CLUSTER [RUN]; the cluster must live: ./bgpo silo --cluster CLUSTER &" >&2
    exit 2
fi
cluster=$1
run=${2:-steered-$$}
bgpo=${BGPO:-$(dirname "$0")/../bgpo}

# One field of a JSON line.
field() { # NAME
    if command -v jq >/dev/null; then
        jq -r ".$1"
    else
        python3 -c 'import json, sys; v = json.loads(sys.stdin.readline()).get(sys.argv[1]); print("null" if v is None else v)' "$1"
    fi
}

# Waits until the run has committed a version. A run that completes before is fine with watch, so look at what it said last.
wait_for_version() { # VERSION
    local last
    last=$($bgpo run watch "$run" --cluster "$cluster" --until "$1" --json | tail -n 1)
    [ -z "$last" ] || [ "$(field version <<<"$last")" -ge "$1" ]
}

echo "start" >&2
# shellcheck disable=SC2086 # SETS is a list of words
$bgpo run start --cluster "$cluster" --run "$run" ${SETS:-} --json >/dev/null
wait_for_version 2

echo "pause" >&2
paused=$($bgpo run pause "$run" --cluster "$cluster" --reason "the script looks" --json)
version=$(field version <<<"$paused")
[ "$(field state <<<"$paused")" = paused ]

echo "look at what it answers, and change how it goes on" >&2
best=$($bgpo run samples "$run" --best 1 --json | field reward)
from=$($bgpo run set "$run" --cluster "$cluster" rollout.temperature=0.8 optimizer.learningRate=0.0001 --json | field version)
[ "$from" -ge "$version" ]

echo "resume" >&2
[ "$($bgpo run resume "$run" --cluster "$cluster" --json | field state)" = running ]
wait_for_version $((from + 2))

echo "save, and stop" >&2
saved=$($bgpo run checkpoint "$run" --cluster "$cluster" --json | field version)
weights=$($bgpo run stop "$run" --cluster "$cluster" --reason "seen enough" --json | field weightsSha256)

# The result, from the store alone: the last committed step's metrics.
reward=$($bgpo run metrics "$run" --cluster "$cluster" | tail -n 1 | field meanReward)

printf '{"run":"%s","paused":%s,"changedFrom":%s,"saved":%s,"bestReward":%s,"meanReward":%s,"weightsSha256":"%s"}\n' \
    "$run" "$version" "$from" "$saved" "$best" "$reward" "$weights"
