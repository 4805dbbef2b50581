package org.edgeprune.mpi;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.edgeprune.io.InputException;

/**
 * What the launcher of an MPI job tells its processes, before MPI is loaded.
 *
 * @param rank of this process
 * @param size number of processes, at least 2
 * @param library the file to load: {@code EDGEPRUNE_MPI}, which the launcher {@code edgeprune} sets to its own
 * @param silence seconds after which a rank that neither computes nor waits for others ends the job:
 *     {@code EDGEPRUNE_MPI_SILENCE}, 45 by default, 0 for never
 */
public record MpiEnvironment(int rank, int size, Path library, int silence) {
    private static final String LIBRARY = "EDGEPRUNE_MPI";
    private static final String SILENCE = "EDGEPRUNE_MPI_SILENCE";

    /** Variables with the rank and the number of ranks. */
    private record Names(String rank, String size) {}

    /** Open MPI; MPICH, Intel MPI and Slurm with PMI-2; Slurm with PMIx. */
    private static final List<Names> LAUNCHERS = List.of(
            new Names("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),
            new Names("PMI_RANK", "PMI_SIZE"),
            new Names("PMIX_RANK", "SLURM_STEP_NUM_TASKS"));

    /**
     * Looks for the variables of mpirun, mpiexec and srun.
     *
     * @param environment that of the process
     * @return empty where there is one process
     */
    public static Optional<MpiEnvironment> of(Map<String, String> environment) {
        return LAUNCHERS.stream()
                .flatMap(names -> of(environment, names).stream())
                .findFirst();
    }

    private static Optional<MpiEnvironment> of(Map<String, String> environment, Names names) {
        String rank = environment.getOrDefault(names.rank(), "");
        String size = environment.getOrDefault(names.size(), "");
        if (!rank.matches("\\d{1,8}") || !size.matches("\\d{1,8}") || Integer.parseInt(size) < 2) {
            return Optional.empty();
        }
        Path library = Path.of(environment.getOrDefault(LIBRARY, "libedgeprune_mpi.so"));
        String silence = environment.getOrDefault(SILENCE, "45");
        if (!silence.matches("0|[4-9]|[1-9]\\d{1,5}")) {
            throw new InputException(
                    SILENCE + "=" + silence + ": must be a number of seconds, at least 4, or 0 for no limit");
        }
        return Optional.of(
                new MpiEnvironment(Integer.parseInt(rank), Integer.parseInt(size), library, Integer.parseInt(silence)));
    }
}
