#!/usr/bin/env bash
# Times a full and a cached pruning step against a plain forward pass of the same batch, and compares its peak memory with the
# prediction, at GPT-2 small's shape: run_scripts/bench.sh [--json FILE] [options of `edgeprune bench`]. Each row is a process of its
# own; times are medians. Run it on an otherwise idle machine.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/bench_rows"
json=
if [ "${1:-}" = --json ]; then
    [ $# -ge 2 ] || { echo "bench.sh: --json needs a file" >&2; exit 2; }
    json=$2
    shift 2
fi

bench_head 'prompts x tokens, edge sparsity'
for batch in 8 32; do
    for cut in 0 50 95; do
        bench_row "$batch x 20, $cut%" --batch-size "$batch" --tokens 20 --edge-sparsity "$(printf 0.%02d "$cut")" "$@"
        bench_row "$batch x 20, $cut%, cached" --batch-size "$batch" --tokens 20 --edge-sparsity "$(printf 0.%02d "$cut")" --cached "$@"
    done
done
[ -z "$json" ] || bench_write "$json"
