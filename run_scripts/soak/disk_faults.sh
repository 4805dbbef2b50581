#!/usr/bin/env bash
# Power cuts and full disks at every write of short commands: what goes on afterwards has to end with the same bits as what was never
# disturbed, what is refused has to say so in one line, and nothing that was safe may be lost.
#     run_scripts/soak/disk_faults.sh [--seconds N] [--stride N] [--seeds N] [--processes] [--fault POWER_CUT|FULL|FULL_ONCE]... [COMMAND...]
# --seconds    for each fault (default: 600); --stride: hit every so manieth write (default: 1)
# --seeds      with more than 1, power cuts also keep at random what was not synced, and hit a second time (default: 3)
# --processes  a process for each command, which the power cut ends; slow, else all is done in one
# COMMAND      prune, generate-data (a run that makes its prompts), data, init, train-mini, tracr (default: all)
# Needs Linux, gcc and what the build needs. Exit code 0: nothing was lost; 1: something was; each failure is a line.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/prepare"

seconds=600 stride=1 seeds=3 processes=false faults=()
while [ $# -gt 0 ]; do
    case $1 in
        --seconds) seconds=$2; shift 2 ;;
        --stride) stride=$2; shift 2 ;;
        --seeds) seeds=$2; shift 2 ;;
        --processes) processes=true; shift ;;
        --fault) faults+=("$2"); shift 2 ;;
        -*) echo "disk_faults: unknown option $1" >&2; exit 2 ;;
        *) break ;;
    esac
done
[ ${#faults[@]} -gt 0 ] || faults=(POWER_CUT FULL FULL_ONCE)
[ $# -gt 0 ] || set -- prune generate-data data init train-mini tracr

library=$scratch/disk_faults.so
gcc -shared -fPIC -O1 -Wall -Werror -o "$library" "$here/disk_faults.c" -ldl -lpthread
failed=0
for fault in "${faults[@]}"; do
    folder=$scratch/$fault
    mkdir -p "$folder/disk"
    head -c 56 /dev/zero >"$folder/control"
    LD_PRELOAD=$library DISK_FAULTS_ROOT=$folder/disk DISK_FAULTS_AFTER=$folder/image DISK_FAULTS_CONTROL=$folder/control \
        "${java[@]}" org.edgeprune.cli.EveryWrite "$folder" "$fault" "$stride" "$seeds" "$seconds" "$processes" "$@" || failed=1
done
exit $failed
