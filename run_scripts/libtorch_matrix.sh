#!/usr/bin/env bash
# Runs the native, tensor and golden tests against every supported libtorch with ONE build of the shim, and prints a
# table. Exit code 1 when anything failed.
#   run_scripts/libtorch_matrix.sh [--quick | --only LABEL | --wheels [VERSION...] | --libtorch DIR] [--tests PATTERNS] [MAVEN OPTIONS]
# --quick: only the newest and the oldest; --only: one of them, by the label in the table, such as 2.7.1-mkl.
# The libtorch builds come from Maven Central through Maven (some 90 MB each, once).
# --wheels: instead of them, the CUDA builds that come with PyPI's torch, of these versions or of all listed below, with the two
# libraries of CUDA that their CPU part is linked to, and doctor too. 0.5 to 0.9 GB each, deleted after its row; needs pip.
# --libtorch: one that is on this machine, such as a virtual environment's torch/lib.
# Reports: target/surefire-reports/TEST-*-LABEL.xml; Maven's output: target/libtorch-matrix/LABEL.log.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# label, artifact
newest='2.13.0 org.bytedeco:pytorch:2.13.0-1.5.14'
oldest='2.7.1 org.bytedeco:pytorch:2.7.1-1.5.12'
wheels=(2.9.1 2.10.0 2.11.0 2.12.1 2.13.0 2.14.1 2.15.0)
builds=("$newest" '2.10.0 org.bytedeco:pytorch:2.10.0-1.5.13' "$oldest" '2.7.1-mkl ai.djl.pytorch:pytorch-native-cpu:2.7.1')
tests='LibTorchTest,BindingsTest,*TensorTest,TensorScopeTest,*AutogradTest,*GoldenTest'
platform=linux-x86_64

maven=()
while [ $# -gt 0 ]; do
    case $1 in
        --quick) builds=("$newest" "$oldest") ;;
        --only)
            chosen=()
            for build in "${builds[@]}"; do [ "${build%% *}" != "${2:-}" ] || chosen+=("$build"); done
            [ ${#chosen[@]} -gt 0 ] || { echo "libtorch_matrix: --only '${2:-}' is not one of: ${builds[*]%% *}" >&2; exit 2; }
            builds=("${chosen[@]}")
            shift
            ;;
        --wheels)
            chosen=()
            while [[ ${2:-} =~ ^[0-9.]+$ ]]; do chosen+=("$2"); shift; done
            [ ${#chosen[@]} -gt 0 ] || chosen=("${wheels[@]}")
            builds=()
            for version in "${chosen[@]}"; do builds+=("$version-wheel wheel:$version"); done
            ;;
        --libtorch)
            directory=$(cd "${2:?--libtorch needs a directory}" && pwd)
            version=$(sed -n "s/^__version__ = ['\"]\([0-9.]*\).*/\1/p" "$directory/../version.py" 2>/dev/null || true)
            builds=("${version:-unknown}-own $directory")
            shift
            ;;
        --tests) tests=${2:?--tests needs patterns}; shift ;;
        -h | --help) sed -n '2,12s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
        *) maven+=("$1") ;;
    esac
    shift
done

unset EDGEPRUNE_LIBTORCH # it would win over the class path
logs=target/libtorch-matrix
shim=target/classes/META-INF/native/$platform/libedgeprune_shim.so
mkdir -p "$logs"
rm -f "$logs"/*.log

run_maven() { mvn -B -q "${maven[@]}" "$@"; }

run_maven test-compile
built=$(sha256sum <"$shim")

# The libraries of PyPI's torch of a version, in a new folder: all but CUDA's own, of which the CPU part needs two.
unpack_wheel() { # VERSION DIRECTORY
    local wheel
    python3 -m pip download -q --no-deps --only-binary=:all: -d "$2/wheels" "torch==$1" || return 1
    wheel=("$2"/wheels/torch-*.whl)
    python3 - "${wheel[0]}" "$2" <<'END' >"$2/requirements" || return 1
import re, sys, zipfile
wheel, directory = sys.argv[1:]
with zipfile.ZipFile(wheel) as files:
    for name in files.namelist():
        if re.fullmatch(r"torch/version\.py|torch/lib/lib(?!torch_python|torch_cuda_linalg)[^/]*\.so[.0-9]*", name):
            files.extract(name, directory)
    metadata = next(name for name in files.namelist() if name.endswith(".dist-info/METADATA"))
    for line in files.read(metadata).decode().splitlines():
        needed = re.match(r"Requires-Dist: ((?:nvidia-cuda-(?:runtime|cupti)|cuda-toolkit)[^;]*)", line)
        if needed:
            print(re.sub(r"\[.*\]", "[cudart,cupti]", needed[1]).strip())
END
    rm "${wheel[0]}"
    python3 -m pip install -q --no-warn-conflicts --target "$2" -r "$2/requirements"
}

# Sums an attribute over the reports of one build.
sum() { # LABEL ATTRIBUTE
    { grep -ho '<testsuite [^>]*>' target/surefire-reports/TEST-*-"$1".xml 2>/dev/null || true; } |
        { grep -o " $2=\"[0-9]*\"" || true; } | tr -dc '0-9\n' | awk '{ s += $1 } END { print s + 0 }'
}

failed=0
row='%-10s %-20s %-10s %-9s %6s %7s %8s %6s  %s\n'
# shellcheck disable=SC2059
printf "$row" libtorch BLAS functions self-test tests failed skipped time result
for build in "${builds[@]}"; do
    read -r label artifact <<<"$build"
    log=$logs/$label.log
    start=$SECONDS
    rm -f target/surefire-reports/*-"$label".*
    result=passed

    scratch=
    directory=
    # Only the class path differs: nothing is compiled here, and target/classpath.txt stays the default's.
    case $artifact in
        wheel:*)
            scratch=$(mktemp -d)
            unpack_wheel "${artifact#wheel:}" "$scratch" >"$log" 2>&1 || result='FAILED: could not be downloaded'
            directory=$scratch/torch/lib
            ;;
        /*) directory=$artifact ;;
        org.bytedeco:*) choice=("-Dlibtorch.version=${artifact##*:}") ;;
        *)
            run_maven dependency:copy "-Dartifact=$artifact:jar:$platform" "-DoutputDirectory=$PWD/$logs" >"$log" 2>&1 || true
            jar=$(find "$PWD/$logs" -name "$(cut -d: -f2 <<<"$artifact")-${artifact##*:}*.jar" -print -quit)
            choice=("-Dmaven.test.dependency.excludes=org.bytedeco:*" "-Dmaven.test.additionalClasspath=$jar")
            ;;
    esac
    if [ -n "$directory" ]; then # it wins over the class path
        choice=()
        export EDGEPRUNE_LIBTORCH=$directory
        [ "$result" != passed ] || run_scripts/edgeprune doctor >>"$log" 2>&1 || result='FAILED: doctor'
    fi
    [ "$result" != passed ] || run_maven toolchains:select-jdk-toolchain@default surefire:test@default-test ${choice[@]+"${choice[@]}"} "-Dtest=$tests" \
        -Dsurefire.failIfNoSpecifiedTests=false "-Dsurefire.reportNameSuffix=$label" >>"$log" 2>&1 || result=FAILED

    unset EDGEPRUNE_LIBTORCH
    [ -z "$scratch" ] || rm -rf "$scratch"

    # LibTorchTest says which libtorch it met.
    met=$(grep -ao 'libtorch under test: .*' "$log" | head -1 || true)
    field() { sed -n "s/.*[:;] $1=\([^;]*\).*/\1/p" <<<"$met"; }
    count=$(sum "$label" tests)
    case $result in
        *:*) ;;
        *)
            [ "$(field version)" = "${label%-*}" ] || result="FAILED: libtorch $(field version) was loaded"
            [ "$count" -gt 0 ] || result='FAILED: no test ran'
            ;;
    esac
    [ "$(sha256sum <"$shim")" = "$built" ] || result='FAILED: the shim was rebuilt'
    [ "$result" = passed ] || failed=1
    # shellcheck disable=SC2059
    printf "$row" "$label" "$(field blas)" "$(field functions)" "$(field self-test)" "$count" \
        "$(($(sum "$label" failures) + $(sum "$label" errors)))" "$(sum "$label" skipped)" "$((SECONDS - start))s" "$result"
done
[ $failed = 0 ] || echo "libtorch_matrix: see $logs/*.log and target/surefire-reports" >&2
exit $failed
