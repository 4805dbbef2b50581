#!/usr/bin/env bash
# Measures the mixing kernels (native/src/mix_kernels.h) on one thread, next to the machine's bound:
#   run_scripts/mix_bench.sh [BEST | PORTABLE | AVX2 | AVX512]...      (the best without arguments)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

mvn -B -ntp -q test-compile dependency:build-classpath -Dmdep.outputFile=target/test-classpath.txt -Dmdep.includeScope=test
. run_scripts/find_java
find_java java
OPENBLAS_NUM_THREADS=1 exec "$java_home/bin/java" --enable-native-access=ALL-UNNAMED \
    -cp "target/test-classes:target/classes:$(cat target/test-classpath.txt)" org.edgeprune.torch.EdgeMixBenchmark "$@"
