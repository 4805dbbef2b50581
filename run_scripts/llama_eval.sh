#!/usr/bin/env bash
# Accuracy, KL and exact match on Boolean expressions of both pruned circuits and of what they share:
# run_scripts/llama_eval.sh [INSTRUCTION_RUN] [FEWSHOT_RUN] [further options of 'edgeprune eval']
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
instr=${1:-out/llama-instr}
fewshot=${2:-out/llama-fewshot}
shift $(($# < 2 ? $# : 2))

model=$(sed -n 's/^ *"model" *: *"\(.*\)",*$/\1/p' "$instr/run.json")
data=$(sed -n 's/^ *"data" *: *"\(.*\)",*$/\1/p' "$instr/run.json")
both=$instr/intersection-with-fewshot.json
"$here/edgeprune" compare "$instr" "$fewshot" --intersection "$both"
for mode in instruction fewshot; do
    for circuit in "$instr" "$fewshot"; do
        "$here/edgeprune" eval "$circuit" --mode "$mode" --data "$data" --batch-size 4 "$@"
    done
    "$here/edgeprune" eval --edges "$both" --model "$model" --task boolean --mode "$mode" --data "$data" --batch-size 4 "$@"
done
