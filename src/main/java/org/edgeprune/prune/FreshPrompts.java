package org.edgeprune.prune;

import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.edgeprune.task.DataRequest;
import org.edgeprune.task.DataReview;
import org.edgeprune.task.Example;
import org.edgeprune.task.Records;
import org.edgeprune.task.Task;

/** Generates the training examples of each epoch. */
@FunctionalInterface
public interface FreshPrompts {
    /**
     * The examples of an epoch. The same number gives the same examples.
     *
     * @param number of the epoch, from 1 on; the first epoch, 0, trains on the run's training part
     * @return about as many as the run's training part has: at least those of its whole batches; others that are beyond
     *     these are left out
     */
    List<Example> epoch(int number);

    /**
     * The generator of a run.
     *
     * @param task generates the prompts
     * @param model whose tokenizer they are for
     * @param options of the run, for its seed
     * @param size how many are asked for, those of the run's training part
     * @return empty if the options ask for no fresh data
     */
    static Optional<FreshPrompts> of(Task task, LoadedModel model, PruneOptions options, int size) {
        if (!options.controls().freshData()) {
            return Optional.empty();
        }
        return Optional.of(number -> {
            long seed = new SplittableRandom(options.seed()).split().nextLong() + number;
            DataRequest request =
                    DataRequest.seeded(seed).tokenizer(model.tokenizer()).sizes(size, 1, 1);
            Records records = task.generate(request).records();
            return new DataReview(records, task.tokenise(records, model.tokenizer()))
                    .requireFits(model.model().maxPositions())
                    .dataset()
                    .train();
        });
    }
}
