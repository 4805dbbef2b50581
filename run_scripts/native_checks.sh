#!/usr/bin/env bash
# Checks of the C shim that the Java tests alone cannot make:
#   run_scripts/native_checks.sh [tidy | sanitizers | headers]...      (all three without arguments)
# tidy: clang-tidy over native/src, with the checks in .clang-tidy; no finding.
# sanitizers: the torch tests on a shim built with AddressSanitizer and UndefinedBehaviorSanitizer, with libtorch's memory from
#     malloc, which AddressSanitizer watches. First two faults are put into a copy of the sources: both must be reported.
# headers: the shim built against libtorch's own headers, where a Python has torch: $EDGEPRUNE_PYTHON, else python3.
# A part whose tools are missing is skipped, with the reason. Exit code 1 if a part failed. Logs: target/native-checks.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

out=$PWD/target/native-checks
failed=0
mkdir -p "$out"

skip() { echo "native_checks: $1 skipped: $2"; }
passed() { echo "native_checks: $1 passed: $2"; }
# fail PART LOG: with the end of the log, where there is one.
fail() {
    failed=1
    echo "native_checks: $1 FAILED: see $2" >&2
    if [ -f "$2" ]; then tail -n 40 "$2" >&2; fi
}
has() { command -v "$1" >/dev/null; }

# ---- clang-tidy ------------------------------------------------------------------------------------------------------

tidy() {
    has clang-tidy || { skip tidy 'no clang-tidy (Debian, Ubuntu: apt install clang-tidy)'; return; }
    local log=$out/tidy.log
    if printf '%s\0' native/src/*.cpp | xargs -0 -n 1 -P "$(nproc)" sh -c \
        'clang-tidy --quiet "$1" -- -std=c++20 -Inative/include' tidy >"$log" 2>&1; then
        passed tidy "$(find native/src -name '*.cpp' | wc -l) sources, $(clang-tidy --version | grep -o 'version [0-9.]*')"
    else
        fail tidy "$log"
    fi
}

# ---- sanitizers ------------------------------------------------------------------------------------------------------

# sanitized NAME SOURCES: builds SOURCES (a copy of native/) into $out/NAME, and beside it bin/java, which loads that shim. Found on
# the boot class path, it comes before the one in target/classes.
sanitized() {
    local home=$out/$1 classes
    classes=$home/classes/META-INF/native/linux-x86_64
    mkdir -p "$classes" "$home/bin"
    cmake -S "$2" -B "$home/cmake" -DSANITIZE=address,undefined && cmake --build "$home/cmake" --parallel "$(nproc)" || return 1
    cp "$home/cmake/libedgeprune_shim.so" "$classes/"
    # The JVM handles SIGSEGV and others itself, and what it has not freed at its end is not ours to report. libstdc++ is preloaded
    # so that AddressSanitizer finds the __cxa_throw that it intercepts.
    cat >"$home/bin/java" <<END
#!/bin/sh
export LD_PRELOAD='$(g++ -print-file-name=libasan.so) $(g++ -print-file-name=libstdc++.so.6)' EDGEPRUNE_ALLOCATOR=system
export ASAN_OPTIONS='detect_leaks=0:handle_segv=0:handle_sigbus=0:handle_sigfpe=0:handle_sigill=0:allow_user_segv_handler=1:log_path=$home/report'
export UBSAN_OPTIONS=print_stacktrace=1
exec '$java' -Xbootclasspath/a:'$home/classes' "\$@"
END
    chmod +x "$home/bin/java"
}

# on_sanitized NAME TESTS: runs tests on the shim of $out/NAME.
on_sanitized() {
    rm -f "$out/$1"/report*
    mvn -B -ntp -Dstyle.color=never surefire:test@default-test -Djvm="$out/$1/bin/java" -Dtest="$2" \
        -Dsurefire.reportNameSuffix=sanitized
}

# inject FILE SED: puts a fault into a copy of the sources.
inject() {
    sed -i "$2" "$out/injected/native/src/$1"
    ! cmp -s "native/src/$1" "$out/injected/native/src/$1" ||
        { echo "native_checks: the fault for native/src/$1 finds no place there: bring its sed script up to date" >&2; return 1; }
}

# reported TESTS MESSAGE: a run of the tests on the copy fails, and a sanitizer reports the message: AddressSanitizer in its own
# file, UndefinedBehaviorSanitizer in Maven's output.
reported() {
    local log=$out/injected/run.log
    ! on_sanitized injected "$1" >"$log" 2>&1 || { cat "$log"; echo "$1 passed with a fault in the shim"; return 1; }
    cat "$out"/injected/report* >>"$log" 2>/dev/null || true
    cat "$log"
    grep -q "$2" "$log"
}

# The sanitizers see what the tests do to the shim: a float too many is written behind the gradients of the masks, and a shift is
# too large.
faults_are_reported() {
    rm -rf "$out/injected"
    mkdir -p "$out/injected"
    cp -r native "$out/injected/native"
    inject mix.cpp 's/gradients + s.readers \* s.writers, 0.0f/gradients + s.readers * s.writers + 1, 0.0f/' || return 1
    inject reduce.cpp 's/return call<ops::all>/volatile int bits = 40; static_cast<void>(1 << bits); &/' || return 1
    sanitized injected "$out/injected/native" || return 1
    reported EdgeMixTest 'AddressSanitizer: heap-buffer-overflow' || return 1
    reported ReductionTensorTest 'runtime error: shift exponent 40 is too large' || return 1
}

sanitizers() {
    local tool
    for tool in g++ cmake mvn; do has $tool || { skip sanitizers "no $tool"; return; }; done
    [ -f "$(g++ -print-file-name=libasan.so)" ] || { skip sanitizers 'no libasan for this g++ (Debian, Ubuntu: apt install libasan8)'; return; }
    java=$(. run_scripts/find_java && find_java java 2>/dev/null && echo "$java_home/bin/java") ||
        { skip sanitizers 'no JDK 22 or newer'; return; }
    mvn -B -ntp -q test-compile

    faults_are_reported >"$out/injected.log" 2>&1 || { fail sanitizers "$out/injected.log"; return; }

    local log=$out/sanitizers.log
    if sanitized sanitized native >"$log" 2>&1 &&
        on_sanitized sanitized '*TensorTest,TensorScopeTest,*AutogradTest,EdgeMixTest,BindingsTest' >>"$log" 2>&1; then
        passed sanitizers "$(grep -o 'Tests run: .*' "$log" | tail -n 1); the injected faults were reported"
    else
        cat "$out"/sanitized/report* >>"$log" 2>/dev/null || true
        fail sanitizers "$log"
    fi
}

# ---- genuine headers -------------------------------------------------------------------------------------------------

headers() {
    local python=${EDGEPRUNE_PYTHON:-python3} include log=$out/headers.log
    has cmake && has g++ || { skip headers 'no cmake or no g++'; return; }
    has "$python" || { skip headers "no $python"; return; }
    include=$("$python" -c 'import importlib.util, os
torch = importlib.util.find_spec("torch")
print(os.path.join(os.path.dirname(torch.origin), "include") if torch else "")')
    [ -f "$include/ATen/ATen.h" ] || { skip headers "$python has no torch with headers; name one that has in EDGEPRUNE_PYTHON"; return; }
    if cmake -S native -B "$out/headers" -DTORCH_HEADERS="$include" >"$log" 2>&1 &&
        cmake --build "$out/headers" --parallel "$(nproc)" >>"$log" 2>&1; then
        passed headers "torch $(sed -n "s/^__version__ = '\(.*\)'/\1/p" "${include%/include}/version.py"), $(grep -o 'same symbols: .*' "$log")"
    else
        fail headers "$log"
    fi
}

# ----------------------------------------------------------------------------------------------------------------------

[ $# -gt 0 ] || set -- tidy sanitizers headers
for part; do
    case $part in
        tidy | sanitizers | headers) "$part" ;;
        -h | --help) sed -n '2,9s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" ;;
        *) echo "native_checks: no part '$part': tidy, sanitizers, headers" >&2; exit 2 ;;
    esac
done
exit $failed
