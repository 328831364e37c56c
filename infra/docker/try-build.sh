#!/usr/bin/env bash
# try-build.sh: the steps of the image's build where there is no container engine, in two clean roots made by debootstrap: the first
# publishes with publish.sh; the second has no compiler and no SDK, only what it was given by the first, and runs a silo as user 1654 until
# its health check says that it has joined, then ends it by SIGTERM. Exit code 0: it was drained.
#
# It differs from the image in its base, which is Debian 13 here, and in .NET, which is the machine's own, mounted: both are
# Microsoft's images there. Root; debootstrap, the .NET SDK 10, git. Usage: try-build.sh FOLDER [MIRROR]
set -euo pipefail

folder=$(readlink -f "${1:?a folder that is not there yet}")
mirror=${2:-http://deb.debian.org/debian}
project=$(readlink -f "$(dirname "${BASH_SOURCE[0]}")/../..")
dotnet=$(dirname "$(readlink -f "$(command -v dotnet)")")
[ ! -e "$folder" ] || { echo "try-build.sh: $folder is there already" >&2; exit 2; }

mkdir -p "$folder"
if [ -z "${INSIDE:-}" ]; then
    rmdir "$folder"
    INSIDE=1 exec unshare --mount --pid --fork --kill-child -- "${BASH_SOURCE[0]}" "$@" # mounts and processes go with it
fi
say() { printf '%s  %s\n' "$(date +%T)" "$*"; }
inside() { chroot "$folder/$1" /usr/bin/env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin:/dotnet DOTNET_ROOT=/dotnet \
    DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 BGPO_HOME=/opt/bgpo BGPO_COMMAND=bgpo "${@:2}"; }

debootstrap --variant=minbase --include=ca-certificates,libicu76,libssl3t64 trixie "$folder/clean" "$mirror" >"$folder/debootstrap.log"
say "a clean root: $(du -sm "$folder/clean" | cut -f 1) MiB"
for root in published image; do
    cp -a "$folder/clean" "$folder/$root"
    mkdir -p "$folder/$root/dotnet"
    mount --rbind "$dotnet" "$folder/$root/dotnet"
    mount -t proc proc "$folder/$root/proc"
    mount --rbind /dev "$folder/$root/dev"
    cp /etc/resolv.conf "$folder/$root/etc/"
done

# The first stage. What .dockerignore lets through, and no more.
mkdir -p "$folder/published/src" "$folder/published/root/.nuget"
sed -n 's/^!//p' "$project/.dockerignore" | while read -r path; do
    ! git -C "$project" ls-files --error-unmatch "$path" >/dev/null 2>&1 || echo "$path"
done | xargs git -C "$project" archive HEAD | tar -x -C "$folder/published/src"
[ ! -d ~/.nuget ] || mount --rbind ~/.nuget "$folder/published/root/.nuget"
inside published sh /src/infra/docker/publish.sh cpu /app
say "published: $(du -sm "$folder/published/app" | cut -f 1) MiB"

# The second stage.
cp -a "$folder/published/app" "$folder/image/app"
mkdir -p "$folder/image/opt/bgpo"
cp -a "$project/configs" "$project/models" "$folder/image/opt/bgpo/"
install -m 755 "$project/infra/docker/bgpo" "$project/infra/docker/healthy" "$folder/image/usr/local/bin/"
for tool in g++ cc git npm; do
    ! inside image sh -c "command -v $tool" >/dev/null || { echo "$tool is in the clean root" >&2; exit 1; }
done
as_nobody() { inside image setpriv --reuid=1654 --regid=1654 --clear-groups --inh-caps=-all env HOME=/tmp "$@"; }
as_nobody BGPO_ADDRESS=127.0.0.1 /usr/local/bin/bgpo silo --cluster image --store /tmp/runs --drain 10s >"$folder/silo.log" &
started=$!
for _ in $(seq 120); do
    ! as_nobody /usr/local/bin/healthy 2>/dev/null || break
    sleep 1
done
as_nobody /usr/local/bin/healthy
say "the silo has joined, by the health check"
as_nobody BGPO_ADDRESS=127.0.0.1 /usr/local/bin/bgpo run start --cluster image --config /opt/bgpo/configs/sudoku.yaml --steps 3 --run tried --wait --quiet
kill -TERM "$(sed -n 's/.*, process \([0-9]*\),.*/\1/p' "$folder/silo.log")"
wait "$started"
say "the silo has left by SIGTERM with exit code 0"
if as_nobody /usr/local/bin/healthy 2>/dev/null; then echo "still healthy" >&2; exit 1; fi
