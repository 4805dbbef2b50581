package org.edgeprune.cli;

import java.io.PrintWriter;
import java.util.function.Consumer;
import org.edgeprune.io.InputException;
import org.edgeprune.mpi.MpiEnvironment;
import org.edgeprune.mpi.MpiJob;
import picocli.CommandLine;

/**
 * Runs a command on all ranks of an MPI job. Rank 0 alone prints. A rank that fails says so in a line with its name,
 * and ends the whole job, since the others would wait for it.
 *
 * @param environment what the launcher told this process
 * @param command what is run; its output is switched off on all ranks but the first
 */
record RankedCommand(MpiEnvironment environment, CommandLine command) {
    /**
     * What several ranks see is told by the first of them; this is the time for which the others let it, milliseconds.
     */
    private static final long FIRST_COMES_FIRST = 2000;

    /**
     * Joins the job, works, and leaves it.
     *
     * @param work what this rank does
     * @return exit code
     */
    int run(Consumer<MpiJob> work) {
        PrintWriter err = command.getErr();
        if (environment.rank() > 0) {
            command.setOut(new PrintWriter(PrintWriter.nullWriter()));
            command.setErr(new PrintWriter(PrintWriter.nullWriter()));
        }
        MpiJob job;
        try {
            job = join(err);
        } catch (InputException e) { // on all ranks, and there is no job yet that could be ended
            if (environment.rank() == 0) {
                throw e;
            }
            return CommandLine.ExitCode.USAGE;
        }
        try {
            work.accept(job);
        } catch (Throwable e) {
            return fail(job, e, err);
        }
        job.close();
        return CommandLine.ExitCode.OK;
    }

    /** An MPI library other than the launcher's starts a job of its own in each process. */
    private MpiJob join(PrintWriter err) {
        MpiJob job = MpiJob.join(environment.library(), environment.silence(), watcher(err));
        if (job.size() != environment.size()) {
            int found = job.size();
            job.close();
            throw new InputException(
                    "the launcher started %d processes, but the MPI library of %s sees %d: build that file with the launcher's own MPI (run_scripts/build_mpi.sh)"
                            .formatted(environment.size(), environment.library(), found));
        }
        return job;
    }

    private MpiJob.Watcher watcher(PrintWriter err) {
        return new MpiJob.Watcher() {
            @Override
            public void hangs(MpiJob job, int rank) {
                endOfSilent(job, rank, err);
            }

            @Override
            public void unwatched(MpiJob job, String why) {
                if (job.isFirst()) {
                    err.println("ranks that hang will not be noticed, " + why + ": limit the job's time");
                    err.flush();
                }
            }
        };
    }

    /**
     * Ends this process, and so the job: the launcher ends the other ranks of one that has failed. The thread that
     * works waits in MPI, which could not be ended otherwise.
     */
    private void endOfSilent(MpiJob job, int rank, PrintWriter err) {
        if (job.rank() > 1) { // all but rank 0 hear rank 0
            letFirst();
        }
        err.println("edgeprune: " + job.name(rank) + ": hangs: nothing was heard of it for " + environment.silence()
                + " s; see whether it was stopped, and whether its host and its file systems work; the newest checkpoint is good:"
                + " continue with --resume");
        err.flush();
        Runtime.getRuntime().halt(CommandLine.ExitCode.SOFTWARE);
    }

    /** Tells what happened, and ends all ranks. */
    private static int fail(MpiJob job, Throwable thrown, PrintWriter err) {
        if (!job.isFirst()) {
            letFirst();
        }
        int code = Main.failure(thrown, "edgeprune: " + job.name(job.rank()) + ": ", err);
        err.flush();
        job.abort(code);
        return code;
    }

    private static void letFirst() {
        try {
            Thread.sleep(FIRST_COMES_FIRST);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
