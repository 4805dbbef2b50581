#!/usr/bin/env bash
# Prints the line coverage of the last mvn verify, whose report is target/site/jacoco/index.html: a row for each package, and the total.
# Counted is what tests run in their own process; what they run through processes of the launcher, most of cli, is not.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

report=target/site/jacoco/jacoco.csv
[ -s "$report" ] || { echo "coverage: no $report: run mvn verify" >&2; exit 1; }
# GROUP,PACKAGE,CLASS,INSTRUCTION_MISSED,INSTRUCTION_COVERED,BRANCH_MISSED,BRANCH_COVERED,LINE_MISSED,LINE_COVERED,...
rows() { # rows KEY: a row for each value of this awk expression
    awk -F, 'NR > 1 { missed['"$1"'] += $8; covered['"$1"'] += $9 }
        END {
            for (name in missed) {
                lines = missed[name] + covered[name]
                if (lines) printf "  %-32s %5.1f%% of %6d lines\n", name, 100 * covered[name] / lines, lines
            }
        }' "$report" | sort
}
echo "Line coverage:"
rows '$2'
rows '"all"'
