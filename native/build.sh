#!/usr/bin/env bash
# Builds the shim: native/build.sh OUTDIR writes OUTDIR/linux-x86_64/libedgeprune_shim.so.
# Needs a C++ compiler ($CXX, else g++, else clang++) and nothing else: no libtorch, no headers of it.
# Does nothing when the library is newer than every source. Objects are kept in target/native.
set -euo pipefail

[ $# = 1 ] || { echo "usage: native/build.sh OUTDIR" >&2; exit 2; }
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
case "$(uname -s)-$(uname -m)" in
    Linux-x86_64) platform=linux-x86_64 ;;
    *) echo "native/build.sh: only linux-x86_64 is supported, this is $(uname -s)-$(uname -m)" >&2; exit 2 ;;
esac
mkdir -p "$1/$platform"
library=$(cd "$1/$platform" && pwd)/libedgeprune_shim.so
objects=$here/../target/native

stale() { # stale FILE SOURCE...: FILE is absent or older than a source
    local file=$1 source
    shift
    [ -e "$file" ] || return 0
    for source; do [ "$source" -nt "$file" ] && return 0; done
    return 1
}

stale "$library" "$here"/src/*.cpp "$here"/src/*.h "$here"/include/*.h "$here/build.sh" || exit 0

compiler=
for candidate in ${CXX:+"$CXX"} g++ clang++; do
    if command -v "$candidate" >/dev/null; then compiler=$candidate; break; fi
done
[ -n "$compiler" ] || { echo "native/build.sh: no C++ compiler found: install one (Debian, Ubuntu: apt install g++) or set CXX" >&2; exit 2; }

flags=(-std=c++20 -O3 -fPIC -fvisibility=hidden -fno-semantic-interposition -Wall -Wextra -Werror -I "$here/include"
    "-ffile-prefix-map=$here=native") # the same bytes wherever it is built
mkdir -p "$objects"
linked=()
outdated=()
for source in "$here"/src/*.cpp; do
    name=$(basename "$source" .cpp)
    linked+=("$objects/$name.o")
    if stale "$objects/$name.o" "$source" "$here"/src/*.h "$here"/include/*.h "$here/build.sh"; then outdated+=("$name"); fi
done
if [ ${#outdated[@]} -gt 0 ]; then
    printf '%s\n' "${outdated[@]}" |
        xargs -P "$(nproc)" -I NAME "$compiler" "${flags[@]}" -c "$here/src/NAME.cpp" -o "$objects/NAME.o" ||
        { echo "native/build.sh: compilation failed" >&2; exit 1; }
fi

# To a temporary name first: a half-written library is never found.
"$compiler" -shared -Wl,-z,now "${linked[@]}" -o "$library.$$"
mv "$library.$$" "$library"
