package org.edgeprune.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.edgeprune.attribute.CircuitInput;
import org.edgeprune.io.InputException;
import org.edgeprune.prune.LoadedModel;
import org.edgeprune.prune.RunDirectory;
import org.edgeprune.prune.RunRecord;
import org.edgeprune.prune.SavedMasks;
import org.edgeprune.task.DataRequest;
import org.edgeprune.task.DataReview;
import org.edgeprune.task.Dataset;
import org.edgeprune.task.Example;
import org.edgeprune.task.Generated;
import org.edgeprune.task.PromptTokenizer;
import org.edgeprune.task.Records;
import org.edgeprune.task.Split;
import org.edgeprune.task.Task;
import org.edgeprune.task.Tasks;

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

    /**
     * Those that a run or an attribution was made with, as it divided them.
     *
     * @param input the run or attribution
     * @param made what it was made from
     * @param model the model's directory
     */
    static PromptSource of(CircuitInput input, CircuitInput.Origin made, Path model) {
        Optional<RunRecord> record = record(input);
        return new PromptSource(
                Tasks.named(made.task()).forModel(model),
                made.data().map(Path::of).orElse(null),
                record.isPresent() ? input.path() : null,
                record.isPresent() ? Optional.empty() : made.reference().map(CircuitInput.Reference::seed),
                divides(record));
    }

    /** The record of a run; empty for other circuits. */
    static Optional<RunRecord> record(CircuitInput input) {
        return input.kind() == CircuitInput.Kind.MASKS ? SavedMasks.runOf(input.path()) : Optional.empty();
    }

    /**
     * The data that the reference prompts of the first run or attribution are taken from: its own, whatever data it is
     * evaluated on.
     *
     * @param inputs runs, attributions and other circuits
     * @param data what they are evaluated on, which is also the answer if none of the inputs says what it was made from
     * @param other whether the user named these data, so that they may be others than the run's
     */
    static Dataset reference(
            List<CircuitInput> inputs, LoadedModel opened, Dataset data, boolean other, Results results) {
        Optional<CircuitInput> first =
                inputs.stream().filter(input -> input.origin().isPresent()).findFirst();
        if (first.isEmpty()) {
            return data;
        }
        CircuitInput.Origin made = first.get().origin().orElseThrow();
        boolean same = record(first.get())
                .map(record -> record.hadExamples(Split.TRAIN, data.train()))
                .orElse(!other && made.data().isPresent());
        return same
                ? data
                : of(first.get(), made, opened.directory())
                        .read(opened.tokenizer(), opened.model().maxPositions(), results);
    }

    /** Whether a run divided a file without splits; runs of earlier versions did not. */
    static boolean divides(Optional<RunRecord> record) {
        return record.filter(made -> made.inputs() != null).isPresent();
    }

    /** Refuses examples that are no longer those of a run. */
    static void requireExamplesOf(Path run, RunRecord made, Split split, List<Example> examples) {
        if (!made.hadExamples(split, examples)) {
            throw new InputException(run + ": the " + split.key() + " examples changed since the run was made: restore"
                    + " them, or name them with --data to use them as they are");
        }
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
