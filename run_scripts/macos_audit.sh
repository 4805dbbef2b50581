#!/usr/bin/env bash
# Holds what the shim needs from libtorch on macOS against what libtorch exports there; no Mac is needed:
#   run_scripts/macos_audit.sh [--write]
# 1. builds the shim for Apple silicon, with the C++ compiler, the libc++ and the macOS headers of Zig (pip install ziglang, into the
#    Python that $EDGEPRUNE_PYTHON names, else python3), so that all assertions of abi_asserts.cpp hold and all names are that platform's;
# 2. takes the exported names of libtorch_cpu, libc10, libomp and libopenblas from their Maven artifacts (macosx-arm64), with llvm-nm;
# 3. fails, naming them, if the shim needs names that are not exported;
# 4. pairs the names with those of the Linux shim, and fails if src/test/resources/macosx-arm64-names.txt holds others. MacNamesTest
#    compares that file with the Linux shim in every build. --write writes the file instead.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

list=src/test/resources/macosx-arm64-names.txt
out=$PWD/target/macos-audit
python=${EDGEPRUNE_PYTHON:-python3}

fail() { echo "macos_audit: $1" >&2; exit 1; }
[ $# = 0 ] || [ "$*" = --write ] || { sed -n '2,12s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 2; }
command -v llvm-nm >/dev/null || fail "no llvm-nm, which reads Mach-O: install it (Debian, Ubuntu: apt install llvm)"
"$python" -c 'import ziglang' 2>/dev/null || fail "$python has no Zig: $python -m pip install ziglang"
mkdir -p "$out/bin" "$out/lib"

# ---- what the shim needs ---------------------------------------------------------------------------------------------

# Linked as C, because a Mac has a libc++ of its own; Zig would add one.
cat >"$out/bin/c++" <<END
#!/bin/sh
tool=c++
for argument; do [ "\$argument" != -dynamiclib ] || tool=cc; done
exec "$python" -m ziglang \$tool -target aarch64-macos "\$@"
END
chmod +x "$out/bin/c++"
CXX=$out/bin/c++ bash native/build.sh "$out/shim"
bash native/build.sh "$out/shim"

# Weak references are libtorch's: the others are libc++'s and libSystem's.
llvm-nm -m "$out/shim/macosx-arm64/libedgeprune_shim.dylib" | sed -n 's/.*(undefined) weak external _\([^ ]*\).*/\1/p' | sort -u >"$out/needed"
nm -D --undefined-only "$out/shim/linux-x86_64/libedgeprune_shim.so" |
    sed -n '/ \(_ITM_\|__\)/d; s/^ *w \([^@ ]*\)$/\1/p' | sort -u >"$out/needed-on-linux"
[ "$(wc -l <"$out/needed")" -gt 100 ] || fail "the shim for macOS has only $(wc -l <"$out/needed") weak references"

# ---- what libtorch exports -------------------------------------------------------------------------------------------

version() { sed -n "s/.*<$1.version>\(.*\)<.*/\1/p" pom.xml; }
for artifact in pytorch:$(version libtorch) openblas:$(version openblas); do
    mvn -B -ntp -q -Dstyle.color=never dependency:unpack -Dartifact="org.bytedeco:$artifact:jar:macosx-arm64" -Dmdep.unpack.includes='**/*.dylib' \
        -Dmdep.overWriteReleases=false -DoutputDirectory="$out/lib"
done
for name in pytorch/macosx-arm64/libtorch_cpu pytorch/macosx-arm64/libc10 pytorch/macosx-arm64/libomp openblas/macosx-arm64/libopenblas.0; do
    llvm-nm --extern-only --defined-only "$out/lib/org/bytedeco/$name.dylib"
done | sed -n 's/^[0-9a-f]* [A-Za-z] _//p' | sort -u >"$out/exported"

missing=$(comm -23 "$out/needed" "$out/exported")
if [ -n "$missing" ]; then
    c++filt <<<"$missing" | sed 's/^/macos_audit: not exported: /' >&2
    exit 1
fi

# ---- the pairs of names ----------------------------------------------------------------------------------------------

# keyed FILE: each name after what it means, written alike for both ABIs: std is std::__1 on macOS, int64_t is long long, uint64_t
# unsigned long long, and functions that return a std::string have no tag.
keyed() {
    paste -d' ' <(c++filt <"$1" | sed 's/std::__1::/std::/g; s/std::__cxx11::/std::/g; s/long long/long/g; s/\[abi:cxx11\]//; s/ /~/g') "$1" | sort
}
join -o 1.2,2.2 <(keyed "$out/needed-on-linux") <(keyed "$out/needed") | sort >"$out/pairs"
alone=$(comm -23 "$out/needed-on-linux" <(cut -d' ' -f1 "$out/pairs"))
[ -z "$alone" ] || fail "the shim for macOS does not need what the one for Linux does: $(c++filt <<<"$alone" | paste -sd';')"
{
    echo "# What the shim needs from libtorch: linker names on Linux and on macOS (arm64), where libtorch $(version libtorch) exports all of"
    echo "# them. Written by run_scripts/macos_audit.sh --write."
    cat "$out/pairs"
} >"$out/names.txt"

if [ "${1:-}" = --write ]; then
    cp "$out/names.txt" "$list"
elif ! diff -u "$list" "$out/names.txt" >&2; then
    fail "$list is out of date: run_scripts/macos_audit.sh --write"
fi
echo "macos_audit: libtorch exports all $(wc -l <"$out/needed") names that the shim needs on macOS;" \
    "$(awk '$1 == $2' "$out/pairs" | wc -l) are those of Linux, $(awk '$1 != $2' "$out/pairs" | wc -l) differ"
