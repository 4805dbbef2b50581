#!/usr/bin/env bash
# same_symbols.sh DECLARED GENUINE: every libtorch symbol that the shim asks for when built from torch_abi.h is also asked
# for when built from libtorch's own headers. Part of the CMake build with TORCH_HEADERS.
set -euo pipefail
libtorch_symbols() {
    nm -D --undefined-only "$1" | awk '{print $NF}' | grep -E '^(aoti_torch|_ZNK?(2at|3c10|5torch))' | sort -u
}
only_declared=$(comm -23 <(libtorch_symbols "$1") <(libtorch_symbols "$2"))
if [ -n "$only_declared" ]; then
    echo "torch_abi.h declares what the genuine headers do not:" >&2
    c++filt <<<"$only_declared" >&2
    exit 1
fi
echo "same symbols: all $(libtorch_symbols "$1" | wc -l) that the shim asks for are the genuine headers' own"
