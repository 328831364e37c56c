#!/bin/sh
# Gathers the native libraries of TorchSharp and libtorch in one folder: links to those of the packages, or copies where the packages are
# on another disk. Arguments: TorchSharp's package, libtorch's package, the folder, the file in it that says that all of it is there.
#
# libLibTorchSharp.so asks the C++ library for version GLIBCXX_3.4.32 (GCC 13), for one symbol that does nothing there. On a system with an
# older one (Debian 12, Ubuntu 22.04) the copy here asks for that version only weakly, and liboldlibstdcxx.so has the symbol. Nothing else
# of the library is changed, and on newer systems nothing at all.
set -eu

torchsharp=$1/runtimes/linux-x64/native
libtorch=$2/runtimes/linux-x64/native
folder=$3
fail() { echo "error BGPO0001: $*" >&2; exit 1; }

mkdir -p "$folder"
rm -f "$folder"/*.so* "$folder"/*.stamp
link() { ln "$1" "$folder/" 2>/dev/null || cp "$1" "$folder/"; }
for name in libc10.so libtorch.so libtorch_cpu.so libtorch_global_deps.so; do
    link "$libtorch/$name"
done
link "$(ls "$libtorch"/libgomp-*.so.1)"

library=$(PATH=$PATH:/sbin:/usr/sbin ldconfig -p 2>/dev/null | sed -n 's/.*libstdc++\.so\.6 (libc6,x86-64.*=> //p' | head -n 1)
[ -n "$library" ] || library=$("${CXX:-g++}" -print-file-name=libstdc++.so.6 2>/dev/null) || library=
[ -n "$library" ] || fail "this system's libstdc++.so.6 is not found; install it (on Debian and Ubuntu: apt-get install libstdc++6)"

if LC_ALL=C grep -q GLIBCXX_3.4.32 "$library"; then
    link "$torchsharp/libLibTorchSharp.so"
else
    echo "$library is older than GCC 13's: libLibTorchSharp.so is adapted to it"
    # In the table of needed versions: the hash of GLIBCXX_3.4.32, then the flags, of which 2 is VER_FLG_WEAK.
    LC_ALL=C sed 's/\x42\xf8\x97\x02\x00\x00/\x42\xf8\x97\x02\x02\x00/' "$torchsharp/libLibTorchSharp.so" >"$folder/libLibTorchSharp.so"
    [ "$(cmp -l "$torchsharp/libLibTorchSharp.so" "$folder/libLibTorchSharp.so" | wc -l)" -eq 1 ] ||
        fail "libLibTorchSharp.so is not the one that gather.sh knows how to adapt; use a system with GCC 13's libstdc++ (Debian 13, Ubuntu 24.04)"
    command -v "${CXX:-g++}" >/dev/null || fail "g++ is missing, which this system's libstdc++ needs: install it (apt-get install g++), or name another by CXX"
    printf '%s\n' '#include <ios>' \
        'namespace std { void ios_base_library_init(); static ios_base::Init init; void ios_base_library_init() {} }' |
        "${CXX:-g++}" -x c++ -O2 -shared -fPIC -o "$folder/liboldlibstdcxx.so" -
fi
touch "$4"
