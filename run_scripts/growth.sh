#!/usr/bin/env bash
# How time and memory of a full step grow with layers, heads, prompts and tokens, of a Llama of middle size (width 1024), measured and
# predicted: run_scripts/growth.sh [--json FILE] [options of `edgeprune bench`]. A few minutes on two cores.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/bench_rows"
json=
if [ "${1:-}" = --json ]; then
    [ $# -ge 2 ] || { echo "growth.sh: --json needs a file" >&2; exit 2; }
    json=$2
    shift 2
fi

# row LAYERS HEADS PROMPTS TOKENS OPTIONS...
row() {
    local layers=$1 heads=$2 prompts=$3 tokens=$4
    shift 4
    bench_row "$layers x $heads, $prompts x $tokens$kind" --config llama-mid --layers "$layers" --heads "$heads" \
        --batch-size "$prompts" --tokens "$tokens" --repeat 3 --warm-up 1 "$@"
}

# Weights first, then what grows; one thing at a time grows from 4 layers of 16 heads, 8 prompts of 32 tokens.
bench_head 'layers x heads, batch'
for kind in '' ', recomputed'; do
    option=${kind:+--recompute}
    for layers in 2 4 8; do row $layers 16 8 32 $option "$@"; done
    for heads in 8 32; do row 4 $heads 8 32 $option "$@"; done
    for prompts in 4 16 32; do row 4 16 $prompts 32 $option "$@"; done
    for tokens in 16 64; do row 4 16 8 $tokens $option "$@"; done
done
[ -z "$json" ] || bench_write "$json"
