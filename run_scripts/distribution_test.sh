#!/usr/bin/env bash
# Shows that the distribution needs Java and nothing else: unpacks target/edgeprune-VERSION.tar.gz (of mvn package) into an empty
# folder and runs the demo there, with a PATH that holds no Maven, compiler or Git, a home that is empty, and, where Linux lets it, no
# network. --quick: twenty steps of prune in place of the demo.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
readme=$PWD/README.md

fail() {
    echo "distribution_test: $1" >&2
    exit 1
}

archives=(target/edgeprune-*.tar.gz)
[ ${#archives[@]} = 1 ] && [ -s "${archives[0]}" ] || fail "expected one target/edgeprune-*.tar.gz, found: ${archives[*]}"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
tar -xzf "${archives[0]}" -C "$scratch"
home=("$scratch"/edgeprune-*)

# What the launcher calls, and the java of this PATH or JAVA_HOME, if any; it looks in the usual places itself.
mkdir "$scratch/bin" "$scratch/home"
for program in bash env dirname readlink; do ln -s "$(command -v $program)" "$scratch/bin"; done
run=(env -i "PATH=$scratch/bin" "HOME=$scratch/home" ${JAVA_HOME:+"JAVA_HOME=$JAVA_HOME"})
if unshare -rn true 2>/dev/null; then run=(unshare -rn "${run[@]}"); else echo "distribution_test: the network stays reachable here" >&2; fi

cd "$scratch"
"${run[@]}" "${home[0]}/bin/edgeprune" --version
command=(demo)
if [ "${1:-}" = --quick ]; then command=(prune --task ioi --published --steps 20); fi
"${run[@]}" "${home[0]}/bin/edgeprune" "${command[@]}" --out "$scratch/circuit"
[ -s circuit/edges.json ] && [ -s circuit/metrics.json ] || fail "${command[*]} wrote no circuit"

# The numbers that the README quotes. Processors round differently, so another one may end with slightly other edges.
if [ "${command[0]}" = demo ]; then
    while read -r name quoted tolerance; do
        got=$(sed -n "s/^ *\"$name\" : \([0-9.]*\),*$/\1/p" circuit/metrics.json)
        awk -v got="$got" -v quoted="$quoted" -v tolerance="$tolerance" \
            'BEGIN { d = got - quoted; exit (got == "" || d > tolerance || -d > tolerance) }' ||
            fail "the demo ends with $name $got; the README says $quoted"
    done < <(sed -n 's/.*`num_edges \([0-9]*\)`, `accuracy \([0-9.]*\)` and `full_model_accuracy \([0-9.]*\)`.*/num_edges \1 25\naccuracy \2 0.02\nfull_model_accuracy \3 0.005/p' "$readme")
fi

# A man page for every command, and a completion that knows them.
bash -n "${home[0]}/share/bash-completion/completions/edgeprune"
for command in "" -prune -tracr -tracr-compile; do
    grep -q '^\.SH "NAME"' "${home[0]}/share/man/man1/edgeprune$command.1" || fail "no man page edgeprune$command(1)"
done
completed=$(bash -c 'source "$1"; COMP_WORDS=(edgeprune pru) COMP_CWORD=1; _complete_edgeprune; echo "${COMPREPLY[@]}"' \
    bash "${home[0]}/share/bash-completion/completions/edgeprune")
[ "$completed" = prune ] || fail "edgeprune pru<TAB> gives '$completed'"
echo "distribution_test: ${archives[0]#target/} runs with Java alone"
