#!/usr/bin/env bash
# Shows that a build depends on its sources alone: builds the last commit in two clones, in folders of different names, and compares
# every jar and archive byte for byte. Further arguments go to both Maven runs. What is not committed is not looked at.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

for clone in first another/place/second; do
    git clone -q "$root" "$scratch/$clone"
    (cd "$scratch/$clone" && mvn -B -ntp -q package -DskipTests -Pdistribution "$@")
done

differ=0
cd "$scratch/first/target"
artifacts=(*.jar *.tar.gz *.zip classes/META-INF/native/*/*.so)
for artifact in "${artifacts[@]}"; do
    other=$scratch/another/place/second/target/$artifact
    if cmp -s "$artifact" "$other"; then
        printf '%s  %s\n' "$(sha256sum <"$artifact" | cut -c1-64)" "$artifact"
        continue
    fi
    differ=1
    echo "reproducible: $artifact differs" >&2
    case $artifact in
        *.jar | *.zip) # which members do
            diff <(unzip -lv "$artifact") <(unzip -lv "$other") >&2 || true ;;
    esac
done
[ ${#artifacts[@]} -ge 6 ] || { echo "reproducible: only ${artifacts[*]} were built" >&2; exit 1; }
[ $differ = 0 ] || exit 1
echo "reproducible: two builds gave the same bytes"
