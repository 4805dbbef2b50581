package org.edgeprune.cli;

import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.edgeprune.prune.Pruner;
import org.edgeprune.prune.StepMetrics;

/** Progress of runs that are made side by side: one bar for the steps of all, and each run's notes under its name. */
final class RunsProgress implements AutoCloseable {
    private final Results results;
    private final int stepsOfEach;
    private final ResumeHint hint;
    private final Progress progress;
    private final Map<String, StepMetrics> running = new TreeMap<>();
    private long done;

    /**
     * @param runs number of runs that are to be made
     * @param stepsOfEach steps of each of them
     * @param results prints notes
     * @param goOn how to continue after an interruption
     */
    RunsProgress(int runs, int stepsOfEach, Results results, String goOn) {
        this.results = results;
        this.stepsOfEach = stepsOfEach;
        this.hint = results.resumeHint(goOn);
        this.progress = new Progress("pruning", "steps", (long) runs * stepsOfEach);
    }

    /** What listens to the run of a name, on the run's own thread. */
    Pruner.Listener of(String run) {
        return new Pruner.Listener() {
            @Override
            public void noted(String note) {
                results.note(run + ": " + note);
            }

            @Override
            public void started(int firstStep, int steps) {
                count(firstStep);
            }

            @Override
            public void stepped(StepMetrics metrics) {
                shown(run, metrics);
            }
        };
    }

    /** Notes that a run has ended, perhaps before its last step. */
    synchronized void ended(String run) {
        StepMetrics last = running.remove(run);
        count(stepsOfEach - (last == null ? 0 : last.step() + 1));
    }

    private synchronized void count(long steps) {
        done += steps;
    }

    private synchronized void shown(String run, StepMetrics metrics) {
        running.put(run, metrics);
        done++;
        progress.at(done, () -> running.entrySet().stream()
                .map(one -> "%s: KL %.3f at %.1f%%"
                        .formatted(
                                one.getKey(),
                                one.getValue().kl(),
                                100 * one.getValue().edgeSparsity()))
                .collect(Collectors.joining(", ")));
    }

    @Override
    public synchronized void close() {
        hint.close();
        progress.close();
    }
}
