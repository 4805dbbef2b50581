#!/usr/bin/env bash
# Proves edgeprune on a machine with an NVIDIA GPU: doctor, all recorded numbers on the GPU, a run's circuit on CPU
# and GPU, the same bits twice, time and memory of steps, --device-map, --offload. Writes a JSON file and prints a table.
#   run_scripts/gpu_check.sh [--device DEVICE] [--libtorch DIR] [--python PYTHON] [--published CLONE] [--layers N] [--out DIR]
#   run_scripts/gpu_check.sh --bundle FILE
# --device: cuda:0 by default; cpu rehearses every step without a GPU, on smaller shapes.
# --libtorch: a libtorch with CUDA; by default that of PYTHON's torch (python3). "bundled": the one that comes with edgeprune, a CPU build.
# --published: a checkout of https://github.com/princeton-nlp/Edge-Pruning, whose step is timed too; PYTHON needs its requirements.
# --layers: of CodeLlama-13B's 40, as many as the GPU's memory holds by default.
# --bundle: writes FILE, a tar.gz of at most 60 MB, which needs nothing but a Python with torch: unpack it there and run ./gpu_check.sh.
# Exit status: 0 all passed or skipped for a reason; 1 something failed; 2 the device cannot be used, what runs without it has passed.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
stop() {
    echo "gpu_check: $1" >&2
    exit 2
}

bundle= python=python3 libtorch= out=gpu-check
check=()
while [ $# -gt 0 ]; do
    case $1 in
        -h | --help) sed -n '2,13s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
        --bundle | --python | --libtorch | --out | --device | --published | --layers)
            [ $# -ge 2 ] || stop "$1 needs a value"
            case $1 in
                --device | --published | --layers) check+=("$1" "$2") ;;
                *) declare "${1#--}=$2" ;;
            esac
            shift 2 ;;
        *) stop "unknown option $1: see --help" ;;
    esac
done

if [ -d "$here/runtime" ]; then # an unpacked bundle
    [ -z "$bundle" ] || stop "--bundle is for a checkout: this is a bundle"
    export JAVA_HOME=$here/runtime
    launcher=$here/bin/edgeprune tests=$here/tests junit=$here/junit.jar
    printf -v classes '%s:' "$here"/lib/*.jar
else
    cd_back=$PWD
    cd "$here/.."
    . run_scripts/find_java
    find_java jlink
    export JAVA_HOME=$java_home
    echo "gpu_check: building ..." >&2
    mvn -B -ntp -q test-compile >&2
    version=$(sed -n 's:.*<junit.platform.version>\(.*\)</junit.platform.version>.*:\1:p' pom.xml)
    junit=$PWD/target/gpu-check/junit-platform-console-standalone-$version.jar
    [ -s "$junit" ] || mvn -B -ntp -q dependency:copy \
        -Dartifact=org.junit.platform:junit-platform-console-standalone:"$version" -DoutputDirectory="$PWD/target/gpu-check" >&2
    launcher=$PWD/run_scripts/edgeprune tests=$PWD/target/test-classes classes=$PWD/target/classes:$(<target/classpath.txt)
    cd "$cd_back"
fi

# Golden tests: what they need of the test classes.
packages=(engine eval attribute fixture torch)

make_bundle() {
    local work=$1 root=$1/edgeprune-gpu-check jar modules package jars=()
    mkdir -p "$root"/{bin,lib,tests/org/edgeprune,peers}
    "$JAVA_HOME/bin/jar" --create --file "$root/lib/edgeprune-gpu-check.jar" -C "$here/../target/classes" .
    IFS=: read -r -a jars <<<"$(<"$here/../target/classpath.txt")"
    for jar in "${jars[@]}"; do
        case $jar in
            # Its own libtorch runs there; nothing is drawn, and no archive read.
            */org/bytedeco/* | */org/eclipse/* | */pdfbox/* | */guava/* | */errorprone/* | */jna/* | */commons-compress/*) ;;
            *) cp "$jar" "$root/lib" ;;
        esac
    done
    "$python" - "$root"/lib/tokenizers-*.jar <<'END' # its library for this platform alone
import os, sys, zipfile
path = sys.argv[1]
with zipfile.ZipFile(path) as old, zipfile.ZipFile(path + ".new", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as new:
    for entry in old.infolist():
        if not entry.filename.startswith("native/lib/") or "linux-x86_64" in entry.filename or entry.filename.endswith(".properties"):
            new.writestr(entry, old.read(entry))
os.replace(path + ".new", path)
END
    for package in "${packages[@]}"; do cp -r "$tests/org/edgeprune/$package" "$root/tests/org/edgeprune"; done
    cp -r "$tests/golden" "$root/tests/golden"
    rm -rf "$root/tests/golden/convert"
    cp "$junit" "$root/junit.jar"
    cp "$here/edgeprune" "$root/bin"
    cp "$here/gpu_check.sh" "$here/gpu_check.py" "$here/../LICENSE" "$here/../NOTICE" "$root"
    cp "$here/peers/published_steps.py" "$root/peers"
    modules=java.base,java.logging,java.management,java.net.http,java.xml,jdk.jfr,jdk.management,jdk.unsupported
    "$JAVA_HOME/bin/jlink" --add-modules "$modules" --vm server --strip-debug --no-header-files --no-man-pages --compress zip-9 \
        --output "$root/runtime"
    tar -C "$work" --owner=0 --group=0 -cf - edgeprune-gpu-check | gzip -9 >"$work/bundle.tar.gz"
}

if [ -n "$bundle" ]; then
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    make_bundle "$work"
    size=$(stat -c %s "$work/bundle.tar.gz")
    [ "$size" -le 60000000 ] || stop "the bundle has $size bytes, more than 60 MB"
    mv "$work/bundle.tar.gz" "$bundle"
    echo "gpu_check: $bundle, $((size / 1000000)) MB: unpack it on the machine and run edgeprune-gpu-check/gpu_check.sh"
    exit 0
fi

command -v "$python" >/dev/null || stop "there is no $python: name one that has torch with --python"
case $libtorch in
    '')
        libtorch=$("$python" -c 'import os, importlib.util as u; print(os.path.join(os.path.dirname(u.find_spec("torch").origin), "lib"))' 2>/dev/null) ||
            stop "$python has no torch: name another Python with --python, or a libtorch with --libtorch"
        ;;
    bundled) libtorch= ;;
esac
if [ -n "$libtorch" ]; then export EDGEPRUNE_LIBTORCH=$libtorch; else unset EDGEPRUNE_LIBTORCH; fi
exec "$python" "$here/gpu_check.py" --launcher "$launcher" --tests "$tests" --junit "$junit" --class-path "$classes" \
    --out "$out" ${check[@]+"${check[@]}"}
