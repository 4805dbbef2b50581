#!/usr/bin/env bash
# Compares all methods on ioi, gt and gp with the bundled model: run_scripts/methods.sh OUT [options of `edgeprune methods`].
# Each method is a process of its own, so that its peak of memory can be told from that of the others. What is in OUT already is
# not computed again. Takes less than half an hour on two cores that do nothing else; TASKS and METHODS choose some of them.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
[ $# -ge 1 ] && [ "${1#-}" = "$1" ] || { sed -n '2,4s/^# //p' "${BASH_SOURCE[0]}" >&2; exit 2; }
out=$1
shift
tasks=${TASKS:-ioi,gt,gp}
methods=${METHODS:-random,eap,clean-corrupted,eap-ig-inputs,eap-ig-activations,mattr,mattr-published,exact,acdc,edge-pruning}
for task in ${tasks//,/ }; do
    for method in ${methods//,/ }; do
        "$here/edgeprune" methods --out "$out" --tasks "$task" --methods "$method" "$@" >/dev/null
    done
done
"$here/edgeprune" methods --out "$out" --tasks "$tasks" --methods "$methods" "$@"
