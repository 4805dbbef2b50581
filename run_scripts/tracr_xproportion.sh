#!/usr/bin/env bash
# Compiles xproportion, finds its circuit with the hyper-parameters of the Edge Pruning paper, and checks it against the ground truth:
# run_scripts/tracr_xproportion.sh [--steady] [OUT_DIR] [further options of 'edgeprune prune']
# The paper's learning rate moves log_alpha by a whole unit a step, so the seed matters: of the seeds 1 to 12, nine give exactly the
# ground truth, two keep one edge more, and one cuts everything. --steady takes smaller steps and more of them, as the paper does for
# reverse, with multipliers as slow as this task's KL is small: cutting everything costs 0.015 nats, against 0.6 for reverse.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
settings=(--steps 720 --edge-lr 1 --node-lr 1 --edge-reg-lr 0.0001 --node-reg-lr 0.0001 --warmup-steps 96
    --edge-sparsity 0.92 --node-sparsity 0.4 --sparsity-warmup-steps 640 --node-loss --seed 1)
if [ "${1:-}" = --steady ]; then
    settings=(--steps 6000 --edge-lr 0.03 --node-lr 0.03 --edge-reg-lr 0.00002 --node-reg-lr 0.00002 --warmup-steps 1500
        --edge-sparsity 1.02 --node-sparsity 0.1 --sparsity-warmup-steps 5900 --no-node-loss)
    shift
fi
out=out/tracr-xproportion
if [ $# -gt 0 ] && [[ $1 != -* ]]; then # else it is an option already
    out=$1
    shift
fi

"$here/edgeprune" tracr compile xproportion --vocab w,x,y,z --max-len 5 -o "$out/model"
"$here/edgeprune" prune --task tracr-xproportion --model "$out/model" --out "$out/run" --batch-size 16 \
    --start-edge-sparsity 0 --start-node-sparsity 0 --sparsity-warmup LINEAR --embedding-nodes --ablation ZERO "${settings[@]}" "$@"
exec "$here/edgeprune" tracr check "$out/run"
