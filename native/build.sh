#!/usr/bin/env bash
# Builds the shim: native/build.sh OUTDIR writes OUTDIR/PLATFORM/libedgeprune_shim.so (.dylib for macOS).
# PLATFORM is the one that the compiler builds for, so a cross compiler in CXX is all that a cross build takes:
#   CXX=aarch64-linux-gnu-g++ native/build.sh OUTDIR
# Needs a C++ compiler ($CXX, else g++, else clang++) and nothing else: no libtorch, no headers of it.
# Does nothing when the library is newer than every source. Objects are kept in target/native.
# Runs in bash 3.2, which macOS has.
set -euo pipefail

[ $# = 1 ] || { echo "usage: native/build.sh OUTDIR" >&2; exit 2; }
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

compiler=
for candidate in ${CXX:+"$CXX"} g++ clang++; do
    if command -v "$candidate" >/dev/null; then compiler=$candidate; break; fi
done
[ -n "$compiler" ] || {
    echo "native/build.sh: no C++ compiler found: install one (Debian, Ubuntu: apt install g++; macOS: xcode-select --install) or set CXX" >&2
    exit 2
}

# No contraction: a fused multiply-add is used only where the sources say so, so that all processors round alike.
flags=(-std=c++20 -O3 -fPIC -fvisibility=hidden -ffp-contract=off -Wall -Wextra -Werror -I "$here/include"
    "-ffile-prefix-map=$here=native") # the same bytes wherever it is built
machine=$("$compiler" -dumpmachine)
case $machine in
    x86_64-*linux*) platform=linux-x86_64 name=libedgeprune_shim.so ;;
    aarch64-*linux*) platform=linux-aarch64 name=libedgeprune_shim.so ;;
    arm64-apple-* | aarch64-apple-* | aarch64-*-macos*) platform=macosx-arm64 name=libedgeprune_shim.dylib ;;
    *)
        echo "native/build.sh: the shim is for linux-x86_64, linux-aarch64 and macosx-arm64; $compiler builds for $machine" >&2
        exit 2
        ;;
esac
# What the shim calls of libtorch is looked up when the shim is loaded, among the libraries that are loaded already.
case $platform in
    linux-*)
        flags+=(-fno-semantic-interposition)
        linking=(-shared -Wl,-z,now)
        ;;
    macosx-*)
        flags+=(-mmacosx-version-min=11.0) # the first for Apple silicon
        linking=(-mmacosx-version-min=11.0 -dynamiclib -undefined dynamic_lookup -install_name "@rpath/$name")
        ;;
esac

mkdir -p "$1/$platform"
library=$(cd "$1/$platform" && pwd)/$name
objects=$here/../target/native/$platform

stale() { # stale FILE SOURCE...: FILE is absent or older than a source
    local file=$1 source
    shift
    [ -e "$file" ] || return 0
    for source; do [ "$source" -nt "$file" ] && return 0; done
    return 1
}

stale "$library" "$here"/src/*.cpp "$here"/src/*.h "$here"/include/*.h "$here/build.sh" || exit 0

mkdir -p "$objects"
linked=()
outdated=()
for source in "$here"/src/*.cpp; do
    object=$objects/$(basename "$source" .cpp).o
    linked+=("$object")
    if stale "$object" "$source" "$here"/src/*.h "$here"/include/*.h "$here/build.sh"; then outdated+=("$source" "$object"); fi
done
if [ ${#outdated[@]} -gt 0 ]; then
    # shellcheck disable=SC2016
    printf '%s\0' "${outdated[@]}" |
        xargs -0 -n 2 -P "$(getconf _NPROCESSORS_ONLN)" bash -c '"${@:1:$#-2}" -c "${@:$#-1:1}" -o "${@:$#:1}"' compile "$compiler" "${flags[@]}" ||
        { echo "native/build.sh: compilation failed" >&2; exit 1; }
fi

# To a temporary name first: a half-written library is never found.
"$compiler" "${linking[@]}" "${linked[@]}" -o "$library.$$"
mv "$library.$$" "$library"
