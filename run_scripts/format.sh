#!/usr/bin/env bash
# Formats all Java; with --check it changes nothing and fails where something is not formatted.
# Spotless needs Maven itself on JDK 22 or newer, whatever JAVA_HOME is.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

case "$*" in
'') goal=apply ;;
--check) goal=check ;;
*) echo "usage: run_scripts/format.sh [--check]" >&2 && exit 2 ;;
esac

# The launcher's search for a JDK. It stays in that file, which is all that a distribution has.
source <(sed -n '/^least=/p; /^[a-z_]*() {$/,/^}$/p' run_scripts/edgeprune)
find_java javac
JAVA_HOME=$java_home exec mvn -B -ntp -q "spotless:$goal"
