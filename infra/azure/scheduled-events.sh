#!/usr/bin/env bash
# scheduled-events.sh COMMAND...: runs a command when Azure is about to take this machine, then lets Azure go on.
#
# For machines without Kubernetes (vm/bgpo-scheduled-events.service); AKS drains a node by itself. It asks Azure's metadata service once a
# second for events of this machine: Preempt (a spot machine, 30 s before), Terminate, Reboot, Redeploy. A Freeze lasts seconds, for
# which a silo is waited for, and is left alone. When the command has ended, the event is approved, so that nobody waits for its time.
# Ends with the command's exit code.
#
# Needs curl. Environment: METADATA, the service's address (default http://169.254.169.254); PERIOD, seconds between two questions.
set -euo pipefail

metadata=${METADATA:-http://169.254.169.254}
events="$metadata/metadata/scheduledevents?api-version=2020-07-01"

[ $# -gt 0 ] || { echo "usage: scheduled-events.sh COMMAND..." >&2; exit 2; }

ask() { curl -fsS --noproxy '*' --max-time 10 -H Metadata:true "$@"; }

# The first event of this machine that takes it away: its id and its type. An event is an object without others inside.
next_event() { # EVENTS
    local event id type
    while IFS= read -r event; do
        type=$(sed -nE 's/.*"EventType": *"([A-Za-z]+)".*/\1/p' <<<"$event")
        id=$(sed -nE 's/.*"EventId": *"([^"]+)".*/\1/p' <<<"$event")
        case $type in Preempt | Terminate | Reboot | Redeploy) ;; *) continue ;; esac
        [[ $event == *"\"$name\""* ]] && [ -n "$id" ] && echo "$id $type" && return
    done < <(tr -d '\n' <<<"$1" | tr '{' '\n'; echo)
}

until name=$(ask "$metadata/metadata/instance/compute/name?api-version=2021-02-01&format=text"); do
    sleep "${PERIOD:-1}"
done
while :; do
    # The first question may take two minutes: the service is started by it.
    answer=$(ask --max-time 150 "$events") || answer=
    read -r id type < <(next_event "$answer") || true
    [ -z "${id:-}" ] || break
    sleep "${PERIOD:-1}"
done

echo "Azure is about to take $name ($type): $*"
code=0
"$@" || code=$?
ask -X POST -d "{\"StartRequests\": [{\"EventId\": \"$id\"}]}" "$events" >/dev/null || echo "the event could not be approved: Azure waits its time" >&2
exit $code
