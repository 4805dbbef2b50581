#!/usr/bin/env bash
# Regenerates bindings/ from native/include/edgeprune_shim.h and native/mpi/edgeprune_mpi.h with the `jextract` on the PATH
# (https://jdk.java.net/jextract/, or built from github.com/openjdk/jextract at 91fc954 or later).
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
command -v jextract >/dev/null || { echo "regenerate-bindings: no jextract on the PATH: get one from https://jdk.java.net/jextract/" >&2; exit 2; }

# HEADER PREFIX PACKAGE CLASS [OPTIONS...]: binds the functions and numbers of a header whose names begin with a prefix.
generate() {
    local header=$root/native/$1 prefix=$2 package=org.edgeprune.$3 out=$root/bindings/org/edgeprune/${3//.//} name filters=()
    while read -r name; do filters+=(--include-function "$name"); done \
        < <(grep -oE "\\b${prefix}_[a-z0-9_]+\\(" "$header" | tr -d '(' | sort -u)
    while read -r name; do filters+=(--include-constant "$name"); done \
        < <(grep -oE "^#define ${prefix^^}_[A-Z0-9_]+ +-?[0-9]+" "$header" | awk '{print $2}')
    rm -rf "$out"
    jextract --output "$root/bindings" --target-package "$package" --header-class-name "$4" "${filters[@]}" "${@:5}" "$header"
    # Current jextract output calls SymbolLookup.findOrThrow, which is Java 23; the project runs on 22.
    sed -i -E 's/SYMBOL_LOOKUP\.findOrThrow\(("[^"]+")\)/SYMBOL_LOOKUP.find(\1).orElseThrow()/' "$out"/*.java
    ! grep -l findOrThrow "$out"/*.java
}

generate include/edgeprune_shim.h ep torch.ffi Shim --include-typedef ep_status --include-typedef ep_tensor
generate mpi/edgeprune_mpi.h epm mpi.ffi Mpi
