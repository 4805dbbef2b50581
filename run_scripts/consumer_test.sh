#!/usr/bin/env bash
# Shows that another Maven project can use edgeprune: installs it into the local repository, then builds src/it/consumer with the
# program of the library page against it, offline, and runs that, natives included. Further arguments go to both Maven runs.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
project=$root/target/consumer

(cd "$root" && mvn -B -q install -DskipTests "$@")
rm -rf "$project"
mkdir -p "$project/src/main/java"
cp "$root/src/it/consumer/pom.xml" "$project"
sed -n '/^```java$/,/^```$/p' "$root/src/site/markdown/library.md" | sed '/^```/d' >"$project/src/main/java/FindCircuit.java"
# a model of its own, as small as can be: what is shown is that everything is there
"$root/run_scripts/edgeprune" train-mini --out "$project/model" --steps 1 --layers 2 --heads 2 --width 16 --batch-size 4
(cd "$project" && mvn -B -q -o process-classes -Dmodel="$project/model" -Dsteps=6 "$@")
[ -s "$project/circuit/edges.json" ] && [ -s "$project/circuit/metrics.json" ]
echo "consumer_test: a project that depends on edgeprune found a circuit; it is in $project/circuit"
