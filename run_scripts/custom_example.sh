#!/usr/bin/env bash
# A circuit for prompts of one's own (data/custom_example.jsonl) in GPT-2 small, with the paper's hyper-parameters. Further arguments
# go to the tool and may say otherwise, such as: --data FILE --out DIR --model DIR --edge-sparsity S.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
exec "$root/run_scripts/edgeprune" prune --task custom --model openai-community/gpt2 --out out/custom-example \
    --data "$root/data/custom_example.jsonl" \
    --published --edge-sparsity 0.95 --node-sparsity 0.72 --no-node-loss --embedding-nodes --steps 3000 --batch-size 32 \
    --edge-lr 0.8 --node-lr 0.8 --edge-reg-lr 0.8 --node-reg-lr 0.8 \
    --warmup-steps 200 --sparsity-warmup LINEAR --sparsity-warmup-steps 2500 --start-edge-sparsity 0 --start-node-sparsity 0 \
    --evaluate-every 64 --save-every 64 "$@"
