#!/bin/sh
# Builds libtorchshim.so, the small C++ library between TorchSharp.dll and libtorch, into the folder OUTDIR.
#
#   build.sh OUTDIR
#
# By default against the system's libtorch (Debian: libtorch-dev). LIBTORCH=DIR takes another one: a folder with include/
# and lib/, as in a libtorch archive or in the torch/ folder of a PyTorch wheel; CUDA is linked where it brings it.
set -eu

[ $# -eq 1 ] || { echo "usage: $0 OUTDIR" >&2; exit 2; }
source_dir=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
out_dir=$(cd "$1" && pwd)
compiler=${CXX:-g++}

fail() {
    # The form MSBuild recognises as an error.
    echo "torchshim : error TS0001: $1" >&2
    exit 1
}

command -v "$compiler" >/dev/null 2>&1 || fail "no C++ compiler '$compiler': install g++ or set CXX"

if [ -n "${LIBTORCH:-}" ]; then
    include=$LIBTORCH/include
    lib=$LIBTORCH/lib
    [ -f "$include/ATen/ATen.h" ] || fail "LIBTORCH=$LIBTORCH has no include/ATen/ATen.h: it must name a libtorch folder with include/ and lib/"
    [ -f "$lib/libtorch_cpu.so" ] || fail "LIBTORCH=$LIBTORCH has no lib/libtorch_cpu.so: it must name a libtorch folder with include/ and lib/"
    search="-L$lib -Wl,-rpath,$lib"
    headers="-isystem $include -isystem $include/torch/csrc/api/include"
else
    include=/usr/include
    [ -f "$include/ATen/ATen.h" ] || fail "libtorch's headers are missing: install libtorch-dev (Debian, Ubuntu) or set LIBTORCH to a libtorch folder"
    multiarch=$("$compiler" -print-multiarch)
    lib=/usr/lib/$multiarch
    [ -f "$lib/libtorch_cpu.so" ] || fail "$lib/libtorch_cpu.so is missing: install libtorch-dev (Debian, Ubuntu) or set LIBTORCH to a libtorch folder"
    search=
    headers="-isystem $include/torch/csrc/api/include"
fi

# The library and this shim must agree on std::string. With the old ABI this function's name has no "cxx11".
abi=1
if ! grep -q -F -a '_ZN2at11show_configB5cxx11Ev' "$lib/libtorch_cpu.so"; then
    abi=0
fi

libraries="-ltorch_cpu -lc10 -ldl"
if [ -f "$lib/libtorch_cuda.so" ]; then
    # Nothing here calls into these: loading them is what registers the CUDA kernels.
    libraries="-Wl,--no-as-needed $libraries -ltorch_cuda -lc10_cuda -ltorch -Wl,--as-needed"
fi

flags="-std=c++17 -O2 -fPIC -fvisibility=hidden -Wall -Wextra -Wno-unused-parameter -D_GLIBCXX_USE_CXX11_ABI=$abi"
flags="$flags $headers"

work=$(mktemp -d "$out_dir/.torchshim.XXXXXX")
trap 'rm -rf "$work"' EXIT INT TERM

jobs=
for unit in tensor ops; do
    # shellcheck disable=SC2086 # The flags are words.
    "$compiler" $flags -c "$source_dir/$unit.cpp" -o "$work/$unit.o" &
    jobs="$jobs $!"
done
for job in $jobs; do
    wait "$job" || fail "the shim does not compile against $include (see above)"
done

# shellcheck disable=SC2086
"$compiler" -shared -o "$work/libtorchshim.so" "$work/tensor.o" "$work/ops.o" $search $libraries \
    || fail "the shim does not link against $lib (see above)"
mv "$work/libtorchshim.so" "$out_dir/libtorchshim.so"
