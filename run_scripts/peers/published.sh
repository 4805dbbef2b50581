#!/usr/bin/env bash
# Times a pruning step of the published Edge Pruning code and of edgeprune by turns, on the CPU, at GPT-2 small's shape:
#   run_scripts/peers/published.sh CLONE [--python PYTHON] [--rounds N] [--batch-size N] [--tokens N] [--threads N] [--json FILE]
# CLONE is your checkout of https://github.com/princeton-nlp/Edge-Pruning, which stays as it is; PYTHON has its
# requirements (seen with torch 2.15.0, transformers 4.48.3, accelerate 1.2.1, datasets 3.2.0). Theirs is timed with prompts
# padded to their own length and to 64, as its scripts do; ours full (all that theirs does), cached (as from the second
# pass over the data on), and cached with 98% of the edges cut (theirs takes as long, whatever is cut). --threads, by default
# all cores, are theirs for an operation, and our workers. Each figure is a process of its own, the median of its rounds;
# leave the machine alone meanwhile.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
usage() { sed -n '2,9s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }
fail() { echo "published.sh: $1" >&2; exit 2; }

clone= python=python3 rounds=3 batch=8 tokens=20 threads=$(nproc) json=
while [ $# -gt 0 ]; do
    case $1 in
        -h | --help) usage; exit 0 ;;
        --python | --rounds | --batch-size | --tokens | --threads | --json)
            [ $# -ge 2 ] || fail "$1 needs a value"
            name=${1#--}
            declare "${name%-size}=$2"
            shift 2 ;;
        -*) fail "unknown option $1: see --help" ;;
        *) clone=$1; shift ;;
    esac
done
[ -n "$clone" ] || { usage >&2; exit 2; }
[ -f "$clone/src/prune/fpt2_ioi.py" ] || fail "$clone has no src/prune/fpt2_ioi.py: it is no checkout of princeton-nlp/Edge-Pruning"
"$python" -c 'import torch, transformers, accelerate, datasets' 2>/dev/null ||
    fail "$python lacks torch, transformers, accelerate or datasets: name one that has them with --python"

results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
theirs() { # NAME PADDING
    "$python" "$here/published_steps.py" --clone "$clone" --batch-size "$batch" --tokens "$tokens" --padding "$2" \
        --threads "$threads" >>"$results/$1"
}
ours() { # NAME OPTIONS...
    "$here/../edgeprune" bench --batch-size "$batch" --tokens "$tokens" --threads 1 --workers "$threads" --json "${@:2}" | tr -d '\n' >>"$results/$1"
    echo >>"$results/$1"
}
for ((round = 1; round <= rounds; round++)); do
    echo "published.sh: round $round of $rounds" >&2
    theirs theirs "$tokens"
    ours full
    theirs padded 64
    ours cached --cached
    ours cut --cached --edge-sparsity 0.98
done
"$python" - "$results" "$batch x $tokens" "${json:-/dev/null}" <<'END'
import json, statistics, sys
folder, size, out = sys.argv[1:]
rows = {
    "theirs": "published, no padding",
    "padded": "published, padded to 64",
    "full": "edgeprune, full",
    "cached": "edgeprune, cached",
    "cut": "edgeprune, cached, 98% cut",
}
found = {}
for name in rows:
    runs = [json.loads(line) for line in open(f"{folder}/{name}")]
    steps = [statistics.median(r["step_s"]) if isinstance(r["step_s"], list) else r["step_s"] for r in runs]
    found[name] = {
        "step_s": statistics.median(steps),
        "spread": max(steps) / min(steps),
        "vm_hwm_bytes": statistics.median(r["vm_hwm_bytes"] for r in runs),
    }
print(f"| {size} tokens, all edges unless named | s a step | slowest / fastest round | peak memory, GB | x published | x padded |")
print("|---|---|---|---|---|---|")
for name, text in rows.items():
    f = found[name]
    ratio = [f"{found[peer]['step_s'] / f['step_s']:.1f}" for peer in ("theirs", "padded")]
    print(f"| {text} | {f['step_s']:.3g} | {f['spread']:.2f} | {f['vm_hwm_bytes'] / 1e9:.2f} | {' | '.join(ratio)} |")
if max(f["spread"] for f in found.values()) > 1.3:
    print("\nThe machine was not quiet: rounds of the same figure differ by more than 30%.")
json.dump(found, open(out, "w"))
END
