#!/usr/bin/env bash
# Boolean expressions on CodeLlama-13B-Instruct with an instruction before each, with the hyper-parameters of the Edge Pruning paper:
# run_scripts/llama_instr_prune.sh [MODEL_DIR] [OUT_DIR] [further options of 'edgeprune prune']
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
model=${1:-CodeLlama-13b-Instruct-hf}
out=${2:-out/llama-instr}
shift $(($# < 2 ? $# : 2))
data=${EDGEPRUNE_BOOLEAN_DATA:-data/boolean}

# The published runs used 32 GPUs with one prompt each a step: a batch of 32.
if [ ! -d "$data" ]; then
    "$here/edgeprune" data boolean --out "$data" --train 8000 --validation 1600 --test 6400 --seed 42 --model "$model"
fi
exec "$here/edgeprune" prune --task boolean --mode instruction --model "$model" --data "$data" --out "$out" \
    --published --steps 6000 --batch-size 32 --max-train-samples 8000 --seed 42 \
    --edge-lr 0.8 --node-lr 0.8 --edge-reg-lr 0.4 --node-reg-lr 0.4 --warmup-steps 200 \
    --start-edge-sparsity 0 --edge-sparsity 1.2 --start-node-sparsity 0 --node-sparsity 0.7 \
    --sparsity-warmup LINEAR --sparsity-warmup-steps 5500 --no-node-loss --save-every 512 "$@"
