#!/usr/bin/env bash
# Formats all Java; with --check it changes nothing and fails if a file is not formatted.
# Spotless needs Maven itself on JDK 22 or newer, whatever JAVA_HOME is.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

case "$*" in
'') goal=apply ;;
--check) goal=check ;;
*) echo "usage: run_scripts/format.sh [--check]" >&2 && exit 2 ;;
esac

. run_scripts/find_java
find_java javac
JAVA_HOME=$java_home exec mvn -B -ntp -q "spotless:$goal"
