#!/usr/bin/env bash
# Makes the golden fixtures of src/test/resources/golden again and shows, file by file, the largest difference to what is
# checked in:
#   run_scripts/regenerate-goldens.sh [--venv DIR] [--out DIR] [--tracr CLONE] [--eap-ig CLONE --mib CLONE] [FAMILY ...]
# FAMILY: edge-pruning, hf, methods, tracr, eap-ig (default: the first three; tracr where --tracr names a checkout of
# https://github.com/google-deepmind/tracr; eap-ig, which makes the fixtures of methods with the genuine code, where
# --eap-ig and --mib name checkouts of https://github.com/hannamw/EAP-IG and https://github.com/hannamw/MIB-circuit-track).
# Needs Python 3.11 or newer and PyPI, for fresh virtual environments of about 6 GB (eap-ig has one of its own); --venv
# names one that has the packages of src/test/python/requirements*.txt of the families already. Nothing that is checked
# in is changed: results go to target/goldens or --out DIR. Ends with 1 where something differs by more than 5e-4.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
scripts=$root/src/test/python
golden=$root/src/test/resources/golden

fail() {
    echo "regenerate-goldens: $1" >&2
    exit 2
}

venv= out=$root/target/goldens tracr= eap_ig= mib= families=()
while [ $# -gt 0 ]; do
    case $1 in
        -h | --help) sed -n '2,11s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
        --venv | --out | --tracr | --eap-ig | --mib)
            [ $# -ge 2 ] || fail "$1 needs a folder"
            name=${1#--}
            declare "${name//-/_}=$2"
            shift 2 ;;
        edge-pruning | hf | methods | tracr | eap-ig) families+=("$1"); shift ;;
        *) fail "unknown argument $1: families are edge-pruning, hf, methods, tracr, eap-ig" ;;
    esac
done
if [ ${#families[@]} = 0 ]; then families=(edge-pruning hf methods ${tracr:+tracr} ${eap_ig:+eap-ig}); fi
for family in "${families[@]}"; do
    [ "$family" != tracr ] || [ -d "$tracr/tracr/compiler" ] ||
        fail "tracr needs --tracr CLONE, a checkout of https://github.com/google-deepmind/tracr"
    [ "$family" != eap-ig ] || { [ -d "$eap_ig/src/eap" ] && [ -d "$mib/MIB_circuit_track" ]; } ||
        fail "eap-ig needs --eap-ig CLONE and --mib CLONE, checkouts of https://github.com/hannamw/EAP-IG and MIB-circuit-track"
done
if [ -z "$venv" ]; then
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail "Python 3.11 or newer is needed"
fi

# environment NAME REQUIREMENTS...: makes a virtual environment, unless --venv named one, and sets `python` to its Python.
environment() {
    local folder=${venv:-$root/target/$1}
    if [ -z "$venv" ]; then
        rm -rf "$folder"
        python3 -m venv "$folder"
        "$folder/bin/pip" install --quiet "${@:2}"
    fi
    python=$folder/bin/python
    [ -x "$python" ] || fail "$folder is no virtual environment: it has no bin/python"
}

status=0
made=
for family in "${families[@]}"; do
    if [ "$family" = eap-ig ]; then
        environment goldens-venv-eap-ig -r "$scripts/requirements-eap-ig.txt"
        made=
    elif [ -z "$made" ]; then
        requirements=(-r "$scripts/requirements.txt")
        [[ " ${families[*]} " != *" tracr "* ]] || requirements+=(-r "$scripts/requirements-tracr.txt")
        environment goldens-venv "${requirements[@]}"
        made=yes
    fi
    rm -rf "${out:?}/$family"
    mkdir -p "$out/$family"
    echo "== $family"
    case $family in
        edge-pruning) "$python" "$scripts/edge_pruning.py" --golden "$golden/$family" --out "$out/$family" ;;
        hf)
            "$python" "$scripts/hf.py" --golden "$golden/$family" --out "$out/$family"
            "$python" "$scripts/interchange.py" --golden "$out/$family"
            ;;
        methods) "$python" "$scripts/methods.py" --golden "$golden/$family" --models "$root/data/models" --out "$out/$family" ;;
        eap-ig)
            "$python" "$scripts/eap_ig.py" --eap-ig "$eap_ig" --mib "$mib" --golden "$golden/methods" \
                --models "$root/data/models" --out "$out/$family"
            ;;
        tracr) "$python" "$scripts/tracr_weights.py" --tracr "$tracr" --out "$out/$family" ;;
    esac
    "$python" "$scripts/compare.py" "$golden/${family/eap-ig/methods}" "$out/$family" || status=1
done
exit $status
