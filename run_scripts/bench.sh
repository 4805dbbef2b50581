#!/usr/bin/env bash
# Times a full and a cached pruning step against a plain forward pass of the same batch, and compares its peak of memory with the
# prediction, at GPT-2 small's shape; then whole runs: run_scripts/bench.sh [--json FILE] [options of `edgeprune bench`]. Each row is a
# process of its own, times are medians. The machine should be idle: where the slowest of a row's steps took more than 1.3 times the
# fastest, the row says so, and only ratios within it mean something.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/bench_rows"
json=
if [ "${1:-}" = --json ]; then
    [ $# -ge 2 ] || { echo "bench.sh: --json needs a file" >&2; exit 2; }
    json=$2
    shift 2
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

bench_head 'prompts x tokens, edge sparsity'
course=
for batch in 8 32; do
    for cut in 0 50 90 98; do
        bench_row "$batch x 20, $cut%" --batch-size "$batch" --tokens 20 --edge-sparsity "$(printf 0.%02d "$cut")" "$@"
        bench_row "$batch x 20, $cut%, cached" --batch-size "$batch" --tokens 20 --edge-sparsity "$(printf 0.%02d "$cut")" --cached "$@"
        [ "$batch" = 8 ] || course+="$cut $(bench_field step_s)"$'\n'
    done
done
[ -z "$json" ] || bench_write "$json"

# seconds COMMAND...: how long a command takes, as seen by a clock.
seconds() {
    local begin=${EPOCHREALTIME/,/.}
    "$@" >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
    awk -v begin="$begin" -v end="${EPOCHREALTIME/,/.}" 'BEGIN { printf "%.1f", end - begin }'
}

# until_first_step COMMAND...: seconds from its start until the first step is noted in $work/first/metrics.jsonl.
until_first_step() {
    local begin=${EPOCHREALTIME/,/.} end pid
    "$@" >"$work/log" 2>&1 &
    pid=$!
    until [ -s "$work/first/metrics.jsonl" ] || ! kill -0 "$pid" 2>/dev/null; do sleep 0.01; done
    end=${EPOCHREALTIME/,/.}
    wait "$pid" || { cat "$work/log" >&2; exit 1; }
    awk -v begin="$begin" -v end="$end" 'BEGIN { printf "%.1f", end - begin }'
}

echo
echo 'whole runs'
# The published setting: the target rises linearly to 98% in 2,500 steps and stays there for 500; between measured sparsities, linear.
awk 'NF { cut[n] = $1 / 100; time[n++] = $2 }
     END {
         for (step = 0; step < 3000; step++) {
             target = step < 2500 ? 0.98 * step / 2500 : 0.98
             for (i = 0; i < n - 2 && target > cut[i + 1]; i++) { }
             total += time[i] + (time[i + 1] - time[i]) * (target - cut[i]) / (cut[i + 1] - cut[i])
         }
         printf "  %-58s %8.1f min\n", "IOI as published, 3,000 cached steps of 32 x 20, by the rows", total / 60
     }' <<<"$course"
printf '  %-58s %8s s\n' 'start-up to the first step, bundled model' \
    "$(until_first_step "$here/edgeprune" prune --published --out "$work/first" --steps 1 --save-every 0 --evaluate-every 0)"
printf '  %-58s %8s s\n' 'edgeprune demo' "$(seconds "$here/edgeprune" demo --out "$work/demo")"
reverse=$(seconds "$here/tracr_reverse.sh" "$work/reverse")
printf '  %-58s %8s s, %s ms a step\n' "Tracr's reverse, 6,000 steps, compiled and checked" "$reverse" \
    "$(sed -n 's/.*"seconds" *: *\([0-9.eE-]*\).*/\1/p' "$work/reverse/run/metrics.jsonl" | sort -g | awk '{ t[NR] = $1 } END { printf "%.2f", 1e3 * t[int(NR / 2) + 1] }')"
