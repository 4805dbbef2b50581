#!/usr/bin/env bash
# How well do circuits hold on new prompts? Prunes and attributes with several settings, at several shares of the edges and with several
# seeds, and prints a table: means over the seeds of the KL divergence, accuracy and the task's metric on the test part, of the KL on
# held-out prompts of each kind, of steps and CPU seconds, and the overlap (Jaccard index) of the seeds' circuits.
#   run_scripts/generalisation.sh OUT [options of prune, attribute and mattr, such as --model DIR --workers 1]
# TASKS, SEEDS, SHARES and SETTINGS choose less, or more, such as TASKS=ioi SEEDS=42 SHARES=0.05 SETTINGS="prune cold fresh". STEPS
# replaces every number of steps. JOBS commands run at the same time, by default one for each core and of one worker each; a larger
# model, which needs the memory for itself, wants JOBS=1, as do CPU seconds that are to be compared with those of a free machine. One folder a
# run; repeated with the same OUT, what is finished is not done again.
set -euo pipefail
edgeprune=$(dirname "${BASH_SOURCE[0]}")/edgeprune
[ $# -gt 0 ] || { echo "usage: ${BASH_SOURCE[0]} OUT [options]" >&2; exit 2; }
out=$1
shift
extra=("$@")
read -r -a tasks <<<"${TASKS:-ioi gt gp}"
read -r -a seeds <<<"${SEEDS:-42 7 1}"
read -r -a shares <<<"${SHARES:-0.01 0.02 0.05 0.1}"
read -r -a settings <<<"${SETTINGS:-eap-ig mattr prune mattr-published cold prune-published}"
jobs=${JOBS:-$(getconf _NPROCESSORS_ONLN)}
[ "$jobs" -le 1 ] || [[ " $* " = *" --workers"* ]] || extra+=(--workers 1)
mkdir -p "$out"
TIMEFORMAT='%U %S'

# SETTING: the options of prune for a setting; fails for those that are no setting of prune.
options() {
    case $1 in
        prune | prune-third) echo "" ;; # the default; its ranking is computed once for all shares
        prune-eap-ig) echo "--warm-start eap-ig" ;;
        cold) echo "--published" ;;
        prune-published) echo "--published --embedding-nodes --no-node-loss --initial-log-alpha 10" ;; # 3000 steps as published: long-published
        long-published) echo "--published --embedding-nodes --no-node-loss --initial-log-alpha 10 --steps 3000" ;;
        embeddings) echo "--published --embedding-nodes" ;;
        edges-only) echo "--published --embedding-nodes --level edges --hold-target" ;;
        long) echo "--published --embedding-nodes --steps 2400" ;;
        start-10) echo "--published --embedding-nodes --initial-log-alpha 10" ;;
        fresh) echo "--published --embedding-nodes --fresh-data" ;;
        *) return 1 ;;
    esac
}

# The command that scores edges for a setting.
ranking() {
    case $1 in
        eap-ig) echo "attribute --method eap-ig-inputs --max-samples 100 --objective kl --steps ${STEPS:-20}" ;;
        mattr) echo "mattr ${STEPS:+--steps $STEPS}" ;;
        mattr-third) echo "mattr --steps ${STEPS:-160}" ;; # with the 100 steps of prune-third a third of the published 800
        mattr-published) echo "mattr --published ${STEPS:+--steps $STEPS}" ;;
        *) echo "unknown setting $1" >&2; return 1 ;;
    esac
}

# CPU_FILE JSON LOG COMMAND...: runs a command of edgeprune and notes its CPU seconds, user and system.
timed() {
    { time "$edgeprune" "${@:4}" >"$2" 2>"$3"; } 2>"$1" || { tail -n 3 "$3" >&2; return 1; }
}

# FILE NAME [KIND]: a number of a JSON file, of a kind of held-out prompts where one is named; "-" where there is none.
number() {
    awk -v name="\"$2\"" -v kind="${3:+\"$3\"}" '
        kind != "" && $1 == kind { inside = 1 }
        $1 == name && (kind == "" || inside) { sub(/,$/, "", $3); print $3; found = 1; exit }
        END { if (!found) print "-" }' "$1"
}

# Mean of the numbers given, in a format of awk's; "-" where one is missing.
mean() {
    local format=$1
    shift
    printf '%s\n' "$@" | awk -v format="$format" '$1 == "-" { bad = 1 } { sum += $1 }
        END { if (bad) print "-"; else printf format "\n", sum / NR }'
}

# The edges of edges.json files, one a line.
edges() {
    tr -d '\n ' <"$1" | grep -o '\["[^]]*"\]'
}

# Mean Jaccard index of the circuits in pairs; "-" for a single one.
overlap() {
    local i j both=()
    for ((i = 1; i <= $#; i++)); do
        for ((j = 1; j < i; j++)); do
            both+=("$(sort <(edges "${!i}") <(edges "${!j}") | uniq -c | awk '$1 == 2 { n++ } END { print n / NR }')")
        done
    done
    if [ $# -gt 1 ]; then mean %.2f "${both[@]}"; else echo -; fi
}

# TASK SETTING SEED: scores the edges where that is not done yet.
rank() {
    local run=$out/$1-$2-$3 method
    [ ! -s "$run/scores.safetensors" ] || return 0
    method=$(ranking "$2")
    rm -rf "$run"
    # shellcheck disable=SC2086 # the method and its options are words
    timed "$run.cpu" "$run.json" "$run.log" $method --task "$1" --seed "$3" --out "$run" --json ${extra[@]+"${extra[@]}"}
}

# TASK SETTING SEED SHARE: makes what is not there yet, and sets $result, $edges to its files, $costs to those with its steps (JSON), $cpus
# to those with its CPU seconds.
measure() {
    local run=$out/$1-$2-$3 ranked=$out/$1-${2/prune/mattr}-$3 chosen count start=()
    if chosen=$(options "$2"); then
        run=$run-$4
        result=$run/metrics.json costs=("$run/metrics.json") cpus=("$run.cpu") edges=$run/edges.json
        if [ "$2" = prune ] || [ "$2" = prune-third ]; then
            rank "$1" "${2/prune/mattr}" "$3"
            costs+=("$ranked.json") cpus+=("$ranked.cpu") start=(--warm-start "$ranked")
        fi
        if [ ! -s "$run/examples.jsonl" ]; then
            rm -rf "$run"
            # shellcheck disable=SC2086 # options are words
            timed "$run.cpu" /dev/null "$run.log" prune --task "$1" --seed "$3" --out "$run" --evaluate-every 0 --save-every 0 \
                --edge-sparsity "$(awk -v s="$4" 'BEGIN { print 1 - s }')" $chosen ${start[@]+"${start[@]}"} ${STEPS:+--steps "$STEPS"} \
                ${extra[@]+"${extra[@]}"}
        fi
        return
    fi
    rank "$1" "$2" "$3"
    result=$run-$4.json costs=("$run.json") cpus=("$run.cpu") edges=$run-$4-edges.json
    if [ ! -s "$edges" ]; then
        count=$(awk -v s="$4" -v n="$(number "$run.json" num_edges)" 'BEGIN { print int(s * n + 0.5) }')
        "$edgeprune" eval "$run" --edges-kept "$count" --task "$1" --seed "$3" --held-out --json \
            >"$result" 2>>"$run.log"
        "$edgeprune" edges "$run" --edges-kept "$count" -o "$edges" >/dev/null 2>>"$run.log"
    fi
}

# TASK SETTING SEED: at all shares.
all() {
    local share
    for share in "${shares[@]}"; do measure "$1" "$2" "$3" "$share"; done
}

# SETTING...: of all tasks and seeds, several at the same time.
spread() {
    local setting task seed
    for setting in "$@"; do
        for task in "${tasks[@]}"; do
            for seed in "${seeds[@]}"; do
                [ "$(jobs -pr | wc -l)" -lt "$jobs" ] || wait -n
                all "$task" "$setting" "$seed" &
            done
        done
    done
    while [ -n "$(jobs -p)" ]; do wait -n; done
}

set -m # each job is a process group, which ends with the command that it runs
trap 'for job in $(jobs -p); do kill -- "-$job" 2>/dev/null || true; done' EXIT
trap 'exit 130' INT TERM
rankings=() prunings=()
for setting in "${settings[@]}"; do
    if options "$setting" >/dev/null; then prunings+=("$setting"); else rankings+=("$setting"); fi
done
spread ${rankings[@]+"${rankings[@]}"} # which pruning starts from
spread ${prunings[@]+"${prunings[@]}"}

echo "| task | setting | share of edges | edges | KL | accuracy | metric | KL: same kind | new templates | new words | steps | CPU s | overlap |"
echo "|---|---|---|---|---|---|---|---|---|---|---|---|---|"
for task in "${tasks[@]}"; do
    metric=logit_difference
    if [ "$task" = gt ]; then metric=probability_difference; fi
    for setting in "${settings[@]}"; do
        for share in "${shares[@]}"; do
            results=() lists=() steps=() seconds=()
            for seed in "${seeds[@]}"; do
                measure "$task" "$setting" "$seed" "$share"
                results+=("$result") lists+=("$edges")
                steps+=("$(for file in "${costs[@]}"; do number "$file" steps; done | awk '{ sum += $1 } END { print sum }')")
                seconds+=("$(awk '{ sum += $1 + $2 } END { print sum }' "${cpus[@]}")")
            done
            row="| $task | $setting | $share |"
            for column in "%.0f num_edges" "%.4f kl" "%.3f accuracy" "%.3f $metric" "%.4f kl same_kind" \
                "%.4f kl new_templates" "%.4f kl new_words"; do
                read -r format name kind <<<"$column"
                values=()
                for file in "${results[@]}"; do values+=("$(number "$file" "$name" "$kind")"); done
                row="$row $(mean "$format" "${values[@]}") |"
            done
            echo "$row $(mean %.0f "${steps[@]}") | $(mean %.0f "${seconds[@]}") | $(overlap "${lists[@]}") |"
        done
    done
done
