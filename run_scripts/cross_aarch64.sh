#!/usr/bin/env bash
# Builds the shim for linux-aarch64 (Grace, Graviton) on another machine and tries it there without one:
#   run_scripts/cross_aarch64.sh [WHEEL]
# WHEEL: PyPI's torch for aarch64, such as torch-2.9.1-cp311-cp311-manylinux_2_28_aarch64.whl. Without it, pip downloads torch 2.9.1.
# 1. builds the shim with Debian's cross compiler, once from torch_abi.h and once from the wheel's own headers: all assertions of
#    abi_asserts.cpp hold for that processor;
# 2. holds the names that it needs against those that the wheel's libraries export, and those of ai.djl.pytorch's libtorch 2.7.1, which
#    Maven takes on such a machine;
# 3. loads that libtorch and the shim under qemu-user: the audit and the self-test pass, and the mixing kernels give the bits that they
#    give on this machine.
# A part whose tools are missing is skipped, with the reason. All that is fetched stays in target/aarch64.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

out=$PWD/target/aarch64
cross=aarch64-linux-gnu-g++
fail() { echo "cross_aarch64: $1" >&2; exit 1; }
passed() { echo "cross_aarch64: $1"; }
case ${1:-} in -h | --help) sed -n '2,13s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;; esac
command -v $cross >/dev/null || fail "no $cross (Debian, Ubuntu: apt install g++-aarch64-linux-gnu)"
mkdir -p "$out"

# ---- the wheel and Maven's libtorch ----------------------------------------------------------------------------------

wheel=${1:-}
if [ -z "$wheel" ]; then
    wheel=$out/torch-2.9.1-cp311-cp311-manylinux_2_28_aarch64.whl
    [ -f "$wheel" ] || python3 -m pip download -q --no-deps --platform manylinux_2_28_aarch64 --only-binary=:all: --python-version 311 \
        -d "$out" torch==2.9.1
fi
[ -f "$wheel" ] || fail "$wheel is not there"
rm -rf "$out/wheel" "$out/djl"
python3 - "$wheel" "$out/wheel" <<'END'
import re, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as files:
    for name in files.namelist():
        if re.match(r"torch/include/|torch/version\.py|torch/lib/lib(?!torch_python)[^/]*\.so|torch\.libs/", name):
            files.extract(name, sys.argv[2])
END
[ -f "$out/wheel/torch/include/ATen/ATen.h" ] || fail "$wheel has no headers of libtorch: give PyPI's torch for aarch64"
djl=$(sed -n '/<artifactId>pytorch-native-cpu</,/<version>/s/.*<version>\(.*\)<.*/\1/p' pom.xml)
mvn -B -ntp -q -Dstyle.color=never dependency:unpack -Dartifact="ai.djl.pytorch:pytorch-native-cpu:$djl:jar:linux-aarch64" \
    -Dmdep.unpack.includes='pytorch/**' -Dmdep.overWriteReleases=true -DoutputDirectory="$out/djl"

# ---- the shim --------------------------------------------------------------------------------------------------------

CXX=$cross bash native/build.sh "$out/shim"
shim=$out/shim/linux-aarch64/libedgeprune_shim.so
cmake -S native -B "$out/headers" -DCMAKE_CXX_COMPILER=$cross -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=aarch64 \
    -DTORCH_HEADERS="$out/wheel/torch/include" >"$out/headers.log" 2>&1 &&
    cmake --build "$out/headers" --parallel "$(nproc)" >>"$out/headers.log" 2>&1 ||
    { tail -n 40 "$out/headers.log" >&2; fail "the shim does not compile against the wheel's headers: see $out/headers.log"; }
passed "headers of torch $(sed -n "s/^__version__ = '\(.*\)'/\1/p" "$out/wheel/torch/version.py"): $(grep -o 'same symbols: .*' "$out/headers.log")"

# ---- the names -------------------------------------------------------------------------------------------------------

nm -D --undefined-only "$shim" | sed -n '/ \(_ITM_\|__\)/d; s/^ *w \([^@ ]*\)$/\1/p' | sort -u >"$out/needed"
audit() { # LABEL LIBRARY...: all that the shim needs is exported, but for what OpenBLAS alone has
    local label=$1 missing
    shift
    nm -D --defined-only "$@" 2>/dev/null | awk 'NF == 3 { sub(/@.*/, "", $3); print $3 }' | sort -u >"$out/exported"
    missing=$(comm -23 "$out/needed" "$out/exported" | grep -vxE 'openblas_(set_num_threads|get_corename)' || true)
    [ -z "$missing" ] || { c++filt <<<"$missing" | sed "s/^/cross_aarch64: not exported by $label: /" >&2; exit 1; }
    passed "$label exports all $(wc -l <"$out/needed") names that the shim needs"
}
audit "the wheel's libtorch" "$out"/wheel/torch/lib/*.so* "$out"/wheel/torch.libs/*.so*
audit "ai.djl.pytorch's $djl" "$out"/djl/pytorch/cpu/linux-aarch64/*.so*

# ---- under qemu ------------------------------------------------------------------------------------------------------

qemu=$(command -v qemu-aarch64-static || command -v qemu-aarch64 || true)
[ -n "$qemu" ] || { passed "not run: no qemu-aarch64 (Debian, Ubuntu: apt install qemu-user-static)"; exit 0; }
[ "$(uname -sm)" = 'Linux x86_64' ] || { passed "not run: its bits are compared with those of Linux on x86-64"; exit 0; }

# libgfortran's zlib, which the cross compiler does not have.
if ! [ -e "$out"/sysroot/lib/aarch64-linux-gnu/libz.so.1 ]; then
    mkdir -p "$out/apt/lists/partial" "$out/apt/cache/archives/partial"
    arm64=(-qq -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o Dir::State::lists="$out/apt/lists" -o Dir::Cache="$out/apt/cache"
        -o Dir::State::status=/dev/null)
    (cd "$out/apt" && apt-get "${arm64[@]}" update && apt-get "${arm64[@]}" download zlib1g && dpkg-deb -x zlib1g_*.deb "$out/sysroot") \
        >"$out/apt.log" 2>&1 || { cat "$out/apt.log" >&2; fail "no zlib1g for arm64 from apt"; }
fi

version() { sed -n "s/.*<$1.version>\(.*\)<.*/\1/p" pom.xml; }
for artifact in pytorch:$(version libtorch) openblas:$(version openblas); do
    mvn -B -ntp -q -Dstyle.color=never dependency:unpack -Dartifact="org.bytedeco:$artifact:jar:linux-x86_64" \
        -Dmdep.unpack.includes='**/*.so*' -DoutputDirectory="$out/here"
done
bash native/build.sh "$out/shim"
here=$out/here/org/bytedeco
$cross -std=c++20 -O2 -Wall -Wextra -Werror -I native/include -o "$out/smoke" native/test/smoke.cpp -ldl
g++ -std=c++20 -O2 -Wall -Wextra -Werror -I native/include -o "$out/smoke-here" native/test/smoke.cpp -ldl
"$out/smoke-here" "$out/shim/linux-x86_64/libedgeprune_shim.so" "$here"/openblas/linux-x86_64/lib{quadmath,gfortran}.so.[0-9] \
    "$here"/pytorch/linux-x86_64/libgomp.so.1 "$here"/openblas/linux-x86_64/libopenblas.so.0 \
    "$here"/pytorch/linux-x86_64/lib{c10,torch_cpu}.so >"$out/run-here.log" || { cat "$out/run-here.log" >&2; fail "the shim fails on this machine"; }

run() { # LABEL LIBRARY...: the libraries of a libtorch, dependencies first
    local label=$1
    shift
    "$qemu" -L /usr/aarch64-linux-gnu -E LD_LIBRARY_PATH="$out/sysroot/lib/aarch64-linux-gnu" "$out/smoke" "$shim" "$@" \
        >"$out/run.log" 2>"$out/run.err" || { cat "$out/run.log" "$out/run.err" >&2; fail "$label fails under qemu"; }
    cmp -s <(grep '^bits ' "$out/run.log") <(grep '^bits ' "$out/run-here.log") || fail "the mixing kernels give other bits than on this machine"
    passed "$label under qemu: $(grep -v '^bits ' "$out/run.log" | paste -sd, | sed 's/,/, /g'), with the bits of $(sed -n 's/^kernels: //p' "$out/run-here.log")"
}
lib=$out/djl/pytorch/cpu/linux-aarch64
run "ai.djl.pytorch's $djl" "$lib"/libgfortran-* "$lib"/libgomp-* "$lib"/libopenblasp-* "$lib"/libarm_compute-* "$lib"/libarm_compute_graph-* \
    "$lib/libc10.so" "$lib/libtorch_cpu.so"
run "the wheel's libtorch" "$out/wheel/torch/lib/libc10.so" "$out/wheel/torch/lib/libtorch_cpu.so"
