#!/usr/bin/env bash
# Makes the golden fixtures of src/test/resources/golden again and shows, file by file, the largest difference to what is
# checked in:
#   run_scripts/regenerate-goldens.sh [--venv DIR] [--out DIR] [--tracr CLONE] [FAMILY ...]
# FAMILY: edge-pruning, hf, methods, tracr (default: all but tracr, and tracr where --tracr names a checkout of
# https://github.com/google-deepmind/tracr). Needs Python 3.11 or newer and PyPI, for a fresh virtual environment of
# about 6 GB; --venv names one that has the packages of src/test/python/requirements.txt already. Nothing that is checked
# in is changed: results go to target/goldens or --out DIR. Ends with 1 where something differs by more than 5e-4.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
scripts=$root/src/test/python
golden=$root/src/test/resources/golden

fail() {
    echo "regenerate-goldens: $1" >&2
    exit 2
}

venv= out=$root/target/goldens tracr= families=()
while [ $# -gt 0 ]; do
    case $1 in
        -h | --help) sed -n '2,9s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
        --venv | --out | --tracr)
            [ $# -ge 2 ] || fail "$1 needs a folder"
            declare "${1#--}=$2"
            shift 2 ;;
        edge-pruning | hf | methods | tracr) families+=("$1"); shift ;;
        *) fail "unknown argument $1: families are edge-pruning, hf, methods, tracr" ;;
    esac
done
if [ ${#families[@]} = 0 ]; then families=(edge-pruning hf methods ${tracr:+tracr}); fi
for family in "${families[@]}"; do
    [ "$family" != tracr ] || [ -d "$tracr/tracr/compiler" ] ||
        fail "tracr needs --tracr CLONE, a checkout of https://github.com/google-deepmind/tracr"
done

if [ -z "$venv" ]; then
    venv=$root/target/goldens-venv
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail "Python 3.11 or newer is needed"
    rm -rf "$venv"
    python3 -m venv "$venv"
    requirements=(-r "$scripts/requirements.txt")
    [[ " ${families[*]} " != *" tracr "* ]] || requirements+=(-r "$scripts/requirements-tracr.txt")
    "$venv/bin/pip" install --quiet "${requirements[@]}"
fi
[ -x "$venv/bin/python" ] || fail "$venv is no virtual environment: it has no bin/python"

status=0
for family in "${families[@]}"; do
    rm -rf "${out:?}/$family"
    mkdir -p "$out/$family"
    echo "== $family"
    case $family in
        edge-pruning) "$venv/bin/python" "$scripts/edge_pruning.py" --golden "$golden/$family" --out "$out/$family" ;;
        hf)
            "$venv/bin/python" "$scripts/hf.py" --golden "$golden/$family" --out "$out/$family"
            "$venv/bin/python" "$scripts/interchange.py" --golden "$out/$family"
            ;;
        methods) "$venv/bin/python" "$scripts/methods.py" --golden "$golden/$family" --models "$root/data/models" --out "$out/$family" ;;
        tracr) "$venv/bin/python" "$scripts/tracr_weights.py" --tracr "$tracr" --out "$out/$family" ;;
    esac
    "$venv/bin/python" "$scripts/compare.py" "$golden/$family" "$out/$family" || status=1
done
exit $status
