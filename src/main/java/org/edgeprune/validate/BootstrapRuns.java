package org.edgeprune.validate;

import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.edgeprune.graph.Circuit;
import org.edgeprune.prune.LoadedModel;
import org.edgeprune.prune.Pruner;
import org.edgeprune.prune.RunRecord;
import org.edgeprune.task.Dataset;
import org.edgeprune.task.Example;
import org.edgeprune.task.Task;

/**
 * Edge pruning on bootstrap samples of a run's training prompts: as many prompts, drawn from them with replacement. How
 * far the circuits agree says how much a circuit depends on which prompts happened to be there.
 *
 * @param loaded the model; the caller closes it
 * @param task of the run
 * @param data of the run, of the training part what it used
 * @param run what the run was made from, on one set of prompts; its seed decides everything but the draws. Where it
 *     started from scores of the user's, these start from EAP-IG
 */
public record BootstrapRuns(LoadedModel loaded, Task task, Dataset data, RunRecord run) {
    private static final int TRIES = 100;

    /**
     * Checks the run.
     *
     * @throws IllegalArgumentException if it had fresh prompts every epoch, so that there is nothing to draw from
     */
    public BootstrapRuns {
        if (run.options().controls().freshData()) {
            throw new IllegalArgumentException("the run had fresh prompts every epoch: there are none to draw from");
        }
    }

    /**
     * Draws prompts. A draw without the reference prompts that the run's ablation needs is drawn again.
     *
     * @param random draws them
     * @return the run's data with as many training prompts, drawn from its own; empty if none of 100 draws has these
     *     reference prompts
     */
    public Optional<Dataset> draw(SplittableRandom random) {
        List<Example> train = data.train();
        Repetition repetition = new Repetition(loaded, task, run);
        return Stream.generate(() -> data.withTrain(random.ints(train.size(), 0, train.size())
                        .mapToObj(train::get)
                        .toList()))
                .limit(TRIES)
                .filter(repetition::fits)
                .findFirst();
    }

    /**
     * Prunes as the run was pruned.
     *
     * @param drawn prompts, see {@link #draw}
     * @param listener follows the steps
     * @return the circuit, not minimized
     */
    public Circuit prune(Dataset drawn, Pruner.Listener listener) {
        return new Repetition(loaded, task, run).prune(drawn, listener);
    }
}
