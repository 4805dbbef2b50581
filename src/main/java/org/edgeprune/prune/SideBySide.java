package org.edgeprune.prune;

import java.util.OptionalInt;
import java.util.OptionalLong;
import org.edgeprune.AvailableMemory;
import org.edgeprune.io.InputException;
import org.edgeprune.model.Execution;
import org.edgeprune.torch.LibTorch;

/**
 * How several runs of one model share a machine. A run's results do not depend on it.
 *
 * @param runs how many are made at the same time, at least 1
 * @param workers of each of them; empty if the model's execution says, as for a single run
 */
public record SideBySide(int runs, OptionalInt workers) {
    /** One run after the other. */
    public static final SideBySide ALONE = new SideBySide(1, OptionalInt.empty());

    /**
     * As many runs at a time as there are cores for, and memory: each has a worker at least, whose tensors it needs,
     * and all share the weights. On GPUs, one.
     *
     * @param session one of the runs
     * @param runs how many there are
     * @return the division
     * @throws InputException if the prompts cannot be used
     */
    public static SideBySide of(PruneSession session, int runs) {
        Execution execution = session.model().model().execution();
        if (runs < 2 || !execution.isOnCpu()) {
            return ALONE;
        }
        return fitting(work(session), runs, cores(), AvailableMemory.withOwn());
    }

    /**
     * A given number of runs at a time.
     *
     * @param session one of the runs
     * @param runs how many at a time, at least 1
     * @return the division
     * @throws InputException if the model is on a GPU and there are several, if they do not fit into the machine's
     *     memory, or if the prompts cannot be used
     */
    public static SideBySide exactly(PruneSession session, int runs) {
        if (runs == 1) {
            return ALONE;
        }
        return exactly(work(session), runs, cores(), AvailableMemory.withOwn());
    }

    static SideBySide exactly(StepMemory.Work work, int runs, int cores, OptionalLong available) {
        if (!work.execution().isOnCpu()) {
            throw new InputException(
                    "--side-by-side %d: the runs would share the GPU's memory, and whether they fit is not checked: leave it out to make one after the other"
                            .formatted(runs));
        }
        SideBySide division = divided(work.execution(), runs, cores);
        long needed = division.memory(work);
        if (available.isPresent() && needed > available.getAsLong()) {
            throw new InputException(
                    "--side-by-side %d: so many runs at a time need %.1f GB of memory, and %.1f GB are available: give %d"
                            .formatted(
                                    runs,
                                    needed / 1e9,
                                    available.getAsLong() / 1e9,
                                    fitting(work, runs, cores, available).runs()));
        }
        return division;
    }

    /**
     * How a model is run in each of the runs.
     *
     * @param execution how it is run in a single one
     * @return the same with this division's number of workers
     */
    public Execution over(Execution execution) {
        return workers.isPresent() ? execution.withWorkers(workers.getAsInt()) : execution;
    }

    static SideBySide fitting(StepMemory.Work work, int runs, int cores, OptionalLong available) {
        int most = Math.min(runs, cores / work.execution().workers().orElse(1));
        for (int count = most; count > 1; count--) {
            SideBySide division = divided(work.execution(), count, cores);
            if (available.isEmpty() || division.memory(work) <= available.getAsLong()) {
                return division;
            }
        }
        return ALONE;
    }

    private static SideBySide divided(Execution execution, int runs, int cores) {
        return new SideBySide(runs, OptionalInt.of(execution.workers().orElse(Math.max(1, cores / runs))));
    }

    /** What the runs need together, bytes: weights and the process itself once. */
    long memory(StepMemory.Work work) {
        StepMemory one = StepMemory.of(work.with(over(work.execution())));
        long shared = one.weights() + one.mapped() + one.process();
        return shared + runs * (one.total() - shared);
    }

    private static int cores() {
        return Math.max(1, Runtime.getRuntime().availableProcessors() / LibTorch.threads());
    }

    private static StepMemory.Work work(PruneSession session) {
        return MemoryGuard.of(
                        session, session.newDataset(new Pruner.Listener() {}).train())
                .work();
    }
}
