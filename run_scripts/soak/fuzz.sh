#!/usr/bin/env bash
# Damages N files of all the kinds that edgeprune reads, and reads them. Every one has to end with exit code 0, or with 2 and one clear
# line, within ten seconds: run_scripts/soak/fuzz.sh [N] [SEED] [SECONDS]   (default: 100000, 1, 7200; no more time than SECONDS is taken)
# Needs what the build needs. Exit code 0: all ended well; 1: not, and target/fuzz has the files that did not.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export HF_HUB_OFFLINE=1 # a damaged run.json may name any model
exec mvn -B -ntp -q test -Dtest=FuzzTest -Dfuzz.inputs="${1:-100000}" -Dfuzz.seed="${2:-1}" -Dfuzz.seconds="${3:-7200}"
