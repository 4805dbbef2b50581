#!/usr/bin/env bash
# Real optimisation steps on CodeLlama-13B's shape with random weights, on one machine: run_scripts/codellama_shape.sh [LAYERS]
# [options of `edgeprune bench`]. With all 40 layers the graph has 3.9 million edges and the checkpoint (bf16) 26 GB, which stays on the
# disk: weights are brought in layer by layer, blocks are recomputed. The checkpoint goes to $EDGEPRUNE_SCRATCH (default: a new folder
# in $TMPDIR or /tmp) and is deleted at the end.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/bench_rows"
layers=40
if [[ ${1:-} =~ ^[0-9]+$ ]]; then
    layers=$1
    shift
fi
scratch=$(mktemp -d "${EDGEPRUNE_SCRATCH:-${TMPDIR:-/tmp}}/codellama-shape.XXXXXX")
trap 'rm -rf "$scratch"' EXIT

"$here/edgeprune" init --config codellama-13b --layers "$layers" --dtype bf16 -o "$scratch/model"
bench_head 'CodeLlama-13B'
bench_row "$layers layers, offloaded" --model "$scratch/model" --offload --recompute --batch-size 2 --tokens 16 --warm-up 0 --repeat 2 "$@"
