#!/usr/bin/env bash
# The sweep of gendered pronouns in GPT-2 small with the settings of the paper's experiments: no node loss,
# embeddings are nodes. (The defaults of prune --published are those of the published program, which has both the other way round.)
# Further arguments go to the tool and may replace these, such as: --out DIR --model DIR --data DIR --steps N --node-loss.
# Repeated, it goes on where it stopped.
set -euo pipefail
exec "$(dirname "${BASH_SOURCE[0]}")"/edgeprune sweep --task gp --model openai-community/gpt2 --out out/gp-sweep \
    --target-edge-sparsity 0.93,0.94,0.945,0.95,0.955,0.96,0.965,0.97,0.975,0.98,0.985,0.99,0.995,1.0,1.05,1.1,1.15,1.2,1.4 \
    --node-sparsity 0.69 --published --no-node-loss --embedding-nodes --steps 3000 --batch-size 32 \
    --edge-lr 0.8 --node-lr 0.8 --edge-reg-lr 0.8 --node-reg-lr 0.8 \
    --warmup-steps 200 --sparsity-warmup LINEAR --sparsity-warmup-steps 2500 --start-edge-sparsity 0 --start-node-sparsity 0 \
    --evaluate-every 64 --save-every 64 "$@"
