#!/usr/bin/env bash
# Builds what `mpirun -n N edgeprune prune ...` needs, against this machine's or cluster's own MPI: build_mpi.sh [FILE]
# FILE is lib/libedgeprune_mpi.so of this checkout or distribution, where the launcher looks for it, or another file, to be named in
# EDGEPRUNE_MPI. Build it again after a change of MPI. MPICC names another compiler than mpicc.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
library=${1:-$root/lib/libedgeprune_mpi.so}
mpicc=${MPICC:-mpicc}
command -v "$mpicc" >/dev/null || {
    echo "build_mpi: no $mpicc on the PATH: load your cluster's MPI (module load openmpi), install one" \
        "(Debian, Ubuntu: apt install libopenmpi-dev openmpi-bin), or name its compiler in MPICC" >&2
    exit 2
}
mkdir -p "$(dirname "$library")"
# To a temporary name first: a half-written library is never found.
trap 'rm -f "$library.$$"' EXIT
"$mpicc" -std=c11 -O2 -fPIC -shared -fvisibility=default -Wall -Wextra -Werror -I "$root/native/mpi" "$root/native/mpi/edgeprune_mpi.c" -o "$library.$$"
mv "$library.$$" "$library"
echo "$library"
