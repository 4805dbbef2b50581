#!/usr/bin/env bash
# Shows that another Maven project can use edgeprune: installs it into the local repository, then makes a project of the program and
# the pom.xml that the library page prints, and runs it by the command printed there. Further arguments go to both Maven runs.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
page=$root/src/site/markdown/library.md
project=$root/target/consumer

block() { sed -n "/^\`\`\`$1\$/,/^\`\`\`\$/p" "$page" | sed '/^```/d'; } # the page's block of this language

(cd "$root" && mvn -B -q install -DskipTests "$@")
rm -rf "$project"
mkdir -p "$project/src/main/java"
block xml >"$project/pom.xml"
block java >"$project/src/main/java/FindCircuit.java"
# a model of its own, as small as can be: what is shown is that everything is there
"$root/run_scripts/edgeprune" train-mini --out "$project/model" --steps 1 --layers 2 --heads 2 --width 16 --batch-size 4
command=$(grep '^mvn compile exec:exec ' "$page")
command=${command/MODEL/$project/model}
(cd "$project" && eval "${command/ 800/ 6}" -B -q '"$@"')
[ -s "$project/circuit/edges.json" ] && [ -s "$project/circuit/metrics.json" ]
echo "consumer_test: a project that depends on edgeprune found a circuit; it is in $project/circuit"
