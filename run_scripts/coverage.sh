#!/usr/bin/env bash
# Prints the line coverage of the last mvn verify, whose report is target/site/jacoco/index.html: a row for each package, and the total.
# Counted is what tests run in their own process; what they run through processes of the launcher, most of cli, is not.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

report=target/site/jacoco/jacoco.csv
[ -s "$report" ] || { echo "coverage: no $report: run mvn verify" >&2; exit 1; }
# GROUP,PACKAGE,CLASS,INSTRUCTION_MISSED,INSTRUCTION_COVERED,BRANCH_MISSED,BRANCH_COVERED,LINE_MISSED,LINE_COVERED,...
awk -F, '
    NR > 1 { missed[$2] += $8; covered[$2] += $9; all_missed += $8; all_covered += $9 }
    function row(name, m, c) { if (m + c) printf "  %-32s %5.1f%% of %6d lines\n", name, 100 * c / (m + c), m + c }
    END {
        print "Line coverage:"
        for (name in missed) row(name, missed[name], covered[name]) | "sort"
        close("sort")
        row("all", all_missed, all_covered)
    }' "$report"
