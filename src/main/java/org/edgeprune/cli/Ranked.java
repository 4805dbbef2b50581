package org.edgeprune.cli;

import java.util.concurrent.Callable;
import org.edgeprune.engine.Ranks;

/**
 * A command whose work the ranks of an MPI job share. All other commands are refused in an MPI job, where each process
 * would do the same work and write the same files.
 */
interface Ranked extends Callable<Integer> {
    /**
     * Runs the command on one of the ranks, or in a process by itself. Rank 0 alone writes and prints.
     *
     * @return exit code, the same on every rank
     */
    int run(Ranks ranks);

    /** Where the command prints. */
    Results results();

    @Override
    default Integer call() {
        return RankedCommand.run(results(), this::run);
    }
}
