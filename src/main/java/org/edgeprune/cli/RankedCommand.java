package org.edgeprune.cli;

import java.io.OutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.ToIntFunction;
import org.edgeprune.engine.Ranks;
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
     * Works as a rank of the MPI job that this process belongs to, or by itself where there is none.
     *
     * @param results where the command prints
     * @param work what this process does; returns an exit code
     * @return exit code
     */
    static int run(Results results, ToIntFunction<Ranks> work) {
        Optional<MpiEnvironment> job = MpiEnvironment.of(System.getenv());
        if (job.isEmpty()) {
            return work.applyAsInt(Ranks.alone());
        }
        return new RankedCommand(job.get(), results.commandLine()).run(ranks -> {
            results.note(ranks.description());
            return work.applyAsInt(ranks);
        });
    }

    /**
     * Refuses an MPI job for a command that does not use one. Rank 0 alone says so.
     *
     * @param command the command
     * @return exit code; empty where there is no MPI job, or where ranks share the command's work
     */
    static OptionalInt refuse(CommandLine command) {
        Optional<MpiEnvironment> job = MpiEnvironment.of(System.getenv());
        if (job.isEmpty() || command.getCommand() instanceof Ranked) {
            return OptionalInt.empty();
        }
        if (job.get().rank() == 0) {
            command.getErr()
                    .println("edgeprune: " + name(command)
                            + ": its work is not shared by the ranks of an MPI job, and "
                            + job.get().size()
                            + " processes would do the same: leave out mpirun or srun");
            command.getErr().flush();
        } else {
            letFirst();
        }
        return OptionalInt.of(CommandLine.ExitCode.USAGE);
    }

    /** With the names of the commands that it belongs to, as it is typed after {@code edgeprune}. */
    private static String name(CommandLine command) {
        return command.getCommandSpec().qualifiedName().replaceFirst("^edgeprune ", "");
    }

    /** Joins the job, works, and leaves it. */
    private int run(ToIntFunction<MpiJob> work) {
        PrintWriter err = command.getErr();
        if (environment.rank() > 0) {
            command.setOut(new PrintWriter(PrintWriter.nullWriter()));
            command.setErr(new PrintWriter(PrintWriter.nullWriter()));
            System.setErr(new PrintStream(OutputStream.nullOutputStream())); // that of progress bars
        }
        MpiJob job;
        try {
            job = join(err);
        } catch (InputException e) { // on all ranks, and there is no job yet that could be ended
            if (environment.rank() == 0) {
                throw e;
            }
            letFirst();
            return CommandLine.ExitCode.USAGE;
        }
        int code;
        try {
            code = work.applyAsInt(job);
        } catch (Throwable e) {
            return fail(job, e, err);
        }
        job.close();
        return code;
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
