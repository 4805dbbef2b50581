package org.edgeprune.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.edgeprune.prune.RunDirectory;
import org.edgeprune.task.DataRequest;
import org.edgeprune.task.DataReview;
import org.edgeprune.task.Dataset;
import org.edgeprune.task.Generated;
import org.edgeprune.task.PromptTokenizer;
import org.edgeprune.task.Records;
import org.edgeprune.task.Task;

/**
 * A task's prompts: from the path that was given, otherwise those that a run generated, otherwise new ones.
 *
 * @param task the task
 * @param data path that was given; null for none
 * @param run folder of a run; null for none
 * @param seed of new ones, which a seed that was given asks for
 * @param divided whether a file without splits is divided as pruning does, for the held-out lines of a run
 */
record PromptSource(Task task, Path data, Path run, Optional<Long> seed, boolean divided) {
    /** Prompts that are not those of a run: a file is used as a whole. */
    PromptSource(Task task, Path data, Path run, Optional<Long> seed) {
        this(task, data, run, seed, false);
    }

    /** Reads the prompts for a model with {@code maxPositions} positions, and prints notes about them. */
    Dataset read(PromptTokenizer tokenizer, int maxPositions, Results results) {
        Records records = records(tokenizer, results);
        DataReview review = new DataReview(records, task.tokenise(records, tokenizer)).requireFits(maxPositions);
        review.notes(tokenizer).forEach(results::note);
        return review.dataset();
    }

    private Records records(PromptTokenizer tokenizer, Results results) {
        if (data != null) {
            return divided ? Records.divided(data) : Records.read(data);
        }
        if (run != null && seed.isEmpty() && Files.isDirectory(new RunDirectory(run).data())) {
            return Records.read(new RunDirectory(run).data());
        }
        Generated generated = task.generate(
                DataRequest.seeded(seed.orElse(SeedOption.DEFAULT)).tokenizer(tokenizer));
        generated.notes().forEach(results::note);
        return generated.records();
    }
}
