#!/usr/bin/env bash
# Compiles reverse, finds its circuit with the hyper-parameters of the Edge Pruning paper, and checks it against the ground truth:
# run_scripts/tracr_reverse.sh [OUT_DIR] [further options of 'edgeprune prune']
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=out/tracr-reverse
if [ $# -gt 0 ] && [[ $1 != -* ]]; then # else it is an option already
    out=$1
    shift
fi

"$here/edgeprune" tracr compile reverse --vocab 1,2,3 --max-len 5 -o "$out/model"
"$here/edgeprune" prune --task tracr-reverse --model "$out/model" --out "$out/run" \
    --steps 6000 --batch-size 16 --edge-lr 0.03 --node-lr 0.03 --edge-reg-lr 0.001 --node-reg-lr 0.001 --warmup-steps 1500 \
    --start-edge-sparsity 0 --edge-sparsity 1.02 --start-node-sparsity 0 --node-sparsity 0.1 \
    --sparsity-warmup LINEAR --sparsity-warmup-steps 5900 --no-node-loss --embedding-nodes --ablation ZERO "$@"
exec "$here/edgeprune" tracr check "$out/run"
