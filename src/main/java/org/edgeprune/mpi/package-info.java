/**
 * Ranks over MPI: the processes that {@code mpirun} or {@code srun} starts become {@link org.edgeprune.engine.Ranks}.
 * Internal: may change in any version.
 *
 * <p>MPI is called through a shim of a few functions, {@code native/mpi}, that {@code run_scripts/build_mpi.sh} builds
 * against the user's own MPI library. Without an MPI job nothing here is loaded or looked for.
 */
package org.edgeprune.mpi;
