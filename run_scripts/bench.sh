#!/usr/bin/env bash
# Times a full pruning step against a plain forward pass of the same batch, at GPT-2 small's shape, each shape in a
# process of its own: run_scripts/bench.sh [--json FILE] [options of `edgeprune bench`]. Medians; leave the machine alone.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
json=
if [ "${1:-}" = --json ]; then
    [ $# -ge 2 ] || { echo "bench.sh: --json needs a file" >&2; exit 2; }
    json=$2
    shift 2
fi

lines=()
printf '%6s %7s %9s %8s %8s %7s %9s %7s %9s\n' batch tokens sparsity 't_fwd s' 'step s' ratio 'cached s' ratio 'peak MB'
for batch in 8 32; do
    for sparsity in 0 0.5 0.95; do
        line=$("$here/edgeprune" bench --batch-size "$batch" --tokens 20 --edge-sparsity "$sparsity" "$@")
        lines+=("$line")
        # shellcheck disable=SC2046
        printf '%6s %7s %9s %8s %8s %7s %9s %7s %9s\n' $(grep -oE ': [0-9.]+' <<<"$line" | cut -c3-)
    done
done
if [ -n "$json" ]; then
    { echo '['; for i in "${!lines[@]}"; do printf '  %s%s\n' "${lines[i]}" "$([ "$i" -lt $((${#lines[@]} - 1)) ] && echo ,)"; done; echo ']'; } >"$json"
fi
