#!/usr/bin/env bash
# Measures the mixing kernels (native/src/mix_kernels.h) on one thread, next to the machine's bound:
#   run_scripts/mix_bench.sh [BEST | PORTABLE | AVX2 | AVX512]...      (the best without arguments)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

mvn -B -ntp -q test-compile dependency:build-classpath -Dmdep.outputFile=target/test-classpath.txt -Dmdep.includeScope=test
# The java of the launcher's choice: JAVA_HOME's, else the newest JDK that is installed.
best=21 java=
for home in "${JAVA_HOME:-/nowhere}" /usr/lib/jvm/* /opt/jdk* "$HOME"/.sdkman/candidates/java/*; do
    [ -x "$home/bin/java" ] && [ -r "$home/release" ] || continue
    version=$(sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$home/release")
    if [ "${version:-0}" -gt $best ]; then best=$version java=$home/bin/java; fi
done
[ -n "$java" ] || { echo 'mix_bench: no JDK 22 or newer found: set JAVA_HOME' >&2; exit 2; }
OPENBLAS_NUM_THREADS=1 exec "$java" --enable-native-access=ALL-UNNAMED \
    -cp "target/test-classes:target/classes:$(cat target/test-classpath.txt)" org.edgeprune.torch.EdgeMixBenchmark "$@"
