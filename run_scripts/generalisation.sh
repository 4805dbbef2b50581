#!/usr/bin/env bash
# How well do circuits hold on new prompts? Prunes and attributes with several settings, at several shares of the edges and with several
# seeds, and prints a table of the KL on the test part, on held-out prompts of each kind, and of time.
#   run_scripts/generalisation.sh OUT [options of prune, attribute and mattr, such as --model DIR --workers 1]
# TASKS, SEEDS, SHARES and SETTINGS choose less, such as TASKS=ioi SEEDS=42 SHARES=0.05 SETTINGS="today warm eap-ig". STEPS replaces
# every number of steps. One folder a run; repeated with the same OUT, what is finished is not done again.
set -euo pipefail
edgeprune=$(dirname "${BASH_SOURCE[0]}")/edgeprune
[ $# -gt 0 ] || { echo "usage: ${BASH_SOURCE[0]} OUT [options]" >&2; exit 2; }
out=$1
shift
read -r -a tasks <<<"${TASKS:-ioi gt gp}"
read -r -a seeds <<<"${SEEDS:-42 7 1}"
read -r -a shares <<<"${SHARES:-0.01 0.02 0.05 0.1}"
read -r -a settings <<<"${SETTINGS:-today embeddings edges-only long start-10 fresh warm published eap-ig mattr}"
mkdir -p "$out"

# The options of prune for a setting; nothing for those that are no setting of prune.
options() {
    case $1 in
        today) echo "" ;;
        embeddings) echo "--embedding-nodes" ;;
        edges-only) echo "--embedding-nodes --level edges --hold-target" ;;
        long) echo "--embedding-nodes --steps ${STEPS:-2400}" ;;
        start-10) echo "--embedding-nodes --initial-log-alpha 10" ;;
        fresh) echo "--embedding-nodes --fresh-data" ;;
        warm) echo "--embedding-nodes --level edges --hold-target --warm-start eap-ig --start-edge-sparsity 0.9 --edge-lr 0.05 --steps ${STEPS:-270}" ;;
        published) echo "--embedding-nodes --no-node-loss --initial-log-alpha 10 --steps ${STEPS:-3000}" ;;
        *) return 1 ;;
    esac
}

# A number of a JSON file: its NAME, and which one of that name.
number() {
    awk -v name="\"$2\"" -v which="$3" '$1 == name && ++seen == which { sub(/,$/, "", $3); print $3; exit }' "$1"
}

row() { # task setting share seed json json-with-seconds
    local kinds
    kinds=$(for which in 2 3 4; do printf ' %s |' "$(number "$5" kl $which)"; done)
    echo "| $1 | $2 | $3 | $4 | $(number "$5" num_edges 1) of $(number "$5" total_edges 1) | $(number "$5" kl 1) |$kinds $(number "$6" seconds 1) |"
}

echo "| task | setting | share of edges | seed | edges | KL, test part | KL of kinds: same kind, | new templates, | new words | seconds |"
echo "|---|---|---|---|---|---|---|---|---|---|"
for task in "${tasks[@]}"; do
    for seed in "${seeds[@]}"; do
        for setting in "${settings[@]}"; do
            run=$out/$task-$setting-$seed
            if chosen=$(options "$setting"); then
                for share in "${shares[@]}"; do
                    if [ ! -s "$run-$share/examples.jsonl" ]; then
                        rm -rf "$run-$share"
                        # shellcheck disable=SC2086 # options are words
                        "$edgeprune" prune --task "$task" --seed "$seed" --out "$run-$share" --evaluate-every 0 --save-every 0 \
                            --edge-sparsity "$(awk -v s="$share" 'BEGIN { print 1 - s }')" $chosen \
                            ${STEPS:+--steps "$STEPS"} "$@" >/dev/null 2>"$run-$share.log"
                    fi
                    row "$task" "$setting" "$share" "$seed" "$run-$share/metrics.json" "$run-$share/metrics.json"
                done
                continue
            fi
            if [ ! -s "$run/scores.safetensors" ]; then
                rm -rf "$run"
                if [ "$setting" = mattr ]; then
                    method=(mattr ${STEPS:+--steps "$STEPS"})
                else
                    method=(attribute --method eap-ig-inputs --steps 20 --max-samples 100 --objective kl)
                fi
                "$edgeprune" "${method[@]}" --task "$task" --seed "$seed" --out "$run" --json "$@" >"$run.json" 2>"$run.log"
            fi
            for share in "${shares[@]}"; do
                edges=$(awk -v s="$share" -v n="$(number "$run.json" num_edges 1)" 'BEGIN { print int(s * n + 0.5) }')
                "$edgeprune" eval "$run" --edges-kept "$edges" --task "$task" --seed "$seed" --held-out --json >"$run-$share.json" 2>>"$run.log"
                row "$task" "$setting" "$share" "$seed" "$run-$share.json" "$run.json"
            done
        done
    done
done
