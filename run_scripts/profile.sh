#!/usr/bin/env bash
# Where a pruning step goes: run_scripts/profile.sh [--perf] [options of `edgeprune bench`, such as --config or --batch-size]
# For cached steps with no, 50%, 90% and 98% of the edges cut, and for a run of the bundled model from its begin to its end in fifths
# (masks that are neither 0 nor 1): milliseconds of all workers together in each part of a step, as Java's flight recorder saw them, and
# their shares. --perf adds the functions in which the processor was, where `perf` is installed and may be used. Needs a JDK, and python3.
# Times are of the machine as it is: leave it alone meanwhile.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
perf=false
if [ "${1:-}" = --perf ]; then
    command -v perf >/dev/null || { echo "profile.sh: perf is not installed" >&2; exit 2; }
    perf=true
    shift
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# recorded FILE COMMAND...: runs a command of edgeprune with the flight recorder on.
recorded() {
    local file=$1
    shift
    JDK_JAVA_OPTIONS="-XX:StartFlightRecording=filename=$file,settings=none,edgeprune.Phase#enabled=true -Xlog:disable -Xlog:all=error:stderr" \
        "$here/edgeprune" "$@"
}

for cut in 0 0.50 0.90 0.98; do
    file=$work/bench-$cut
    recorded "$file.jfr" bench --cached --edge-sparsity "$cut" --warm-up 2 --repeat 5 --json "$@" >"$file.json"
    python3 "$here/profile_phases.py" bench "$file.jfr" "$file.json" "cached step, $cut of the edges cut"
    if $perf; then
        perf record -q -F 199 -o "$work/perf" "$here/edgeprune" bench --cached --edge-sparsity "$cut" --repeat 5 "$@" >/dev/null
        perf report -i "$work/perf" --stdio --no-children --sort dso,symbol 2>/dev/null | grep -v '^#' | grep -m 15 '%'
    fi
done
recorded "$work/run.jfr" prune --published --out "$work/run" --evaluate-every 0 --save-every 0 >/dev/null 2>&1
python3 "$here/profile_phases.py" run "$work/run.jfr" "$work/run/metrics.jsonl" "a run of the bundled model"
