#!/usr/bin/env bash
# Opens a model, prunes it and closes it, again and again in one JVM, every tenth time in eight threads at once. Memory and descriptors
# have to stay level, and all masks have to be the same: run_scripts/soak/open_run_close.sh [SECONDS]   (default: 7200)
# Needs Linux and what the build needs. Exit code 0: level and the same; 1: not. The last line has the figures.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/prepare"
"${java[@]}" org.edgeprune.prune.OpenRunClose "$scratch" "${1:-7200}"
