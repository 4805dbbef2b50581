#!/usr/bin/env bash
# Regenerates bindings/ from native/include/edgeprune_shim.h with the `jextract` on the PATH
# (https://jdk.java.net/jextract/, or built from github.com/openjdk/jextract at 91fc954 or later).
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
command -v jextract >/dev/null || { echo "regenerate-bindings: no jextract on the PATH: get one from https://jdk.java.net/jextract/" >&2; exit 2; }
header=$root/native/include/edgeprune_shim.h
out=$root/bindings/org/edgeprune/torch/ffi

filters=()
while read -r name; do filters+=(--include-function "$name"); done < <(grep -oE '\bep_[a-z0-9_]+\(' "$header" | tr -d '(' | sort -u)
while read -r name; do filters+=(--include-constant "$name"); done < <(grep -oE '^#define EP_[A-Z0-9_]+ +-?[0-9]+' "$header" | awk '{print $2}')
filters+=(--include-typedef ep_status --include-typedef ep_tensor)

rm -rf "$out"
jextract --output "$root/bindings" --target-package org.edgeprune.torch.ffi --header-class-name Shim "${filters[@]}" "$header"
# Current jextract output calls SymbolLookup.findOrThrow, which is Java 23; the project runs on 22.
sed -i -E 's/SYMBOL_LOOKUP\.findOrThrow\(("[^"]+")\)/SYMBOL_LOOKUP.find(\1).orElseThrow()/' "$out"/*.java
! grep -l findOrThrow "$out"/*.java
