#!/usr/bin/env bash
# Prints the tests that the last mvn verify skipped, each with its reason.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

shopt -s nullglob
lists=(target/skipped-tests/*.txt)
if [ ${#lists[@]} = 0 ]; then
    echo "No test was skipped."
else
    echo "Skipped tests:"
    sort -u "${lists[@]}" | sed 's/^/  /'
fi
