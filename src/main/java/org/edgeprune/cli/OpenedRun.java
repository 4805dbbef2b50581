package org.edgeprune.cli;

import java.nio.file.Path;
import java.util.List;
import org.edgeprune.eval.AblationStates;
import org.edgeprune.eval.Evaluator;
import org.edgeprune.eval.RepeatedEvaluator;
import org.edgeprune.io.InputException;
import org.edgeprune.mask.MaskValues;
import org.edgeprune.prune.LoadedModel;
import org.edgeprune.prune.PruneSession;
import org.edgeprune.prune.RunDirectory;
import org.edgeprune.prune.RunRecord;
import org.edgeprune.prune.SavedMasks;
import org.edgeprune.task.Dataset;
import org.edgeprune.task.Example;
import org.edgeprune.task.Scorer;
import org.edgeprune.task.Split;

/**
 * A finished run, opened to evaluate circuits with its model, on its prompts and under its ablation.
 *
 * @param directory the run's directory
 * @param record what it was made from
 * @param model its model
 * @param data its prompts
 * @param scorer computes the task's metrics
 * @param states what ablated edges carry
 * @param masks binary masks of its circuit
 */
record OpenedRun(
        RunDirectory directory,
        RunRecord record,
        LoadedModel model,
        Dataset data,
        Scorer scorer,
        AblationStates states,
        MaskValues masks)
        implements AutoCloseable {
    /** Memory for the full model's runs on the examples, which all circuits have in common. */
    static final long CACHE_BYTES = 2L << 30;

    /**
     * Opens a run.
     *
     * @throws InputException if it has not ended, or model or tokenizer changed since it was made
     */
    static OpenedRun open(Path path, ExecutionOptions execution, Results results) {
        RunRecord record = SavedMasks.runOf(path)
                .orElseThrow(() -> new InputException(path
                        + ": is not a run (it has no run.json): name the directory that" + " edgeprune prune wrote"));
        Path modelDirectory = ModelOption.directory(record.model());
        LoadedModel model = LoadedModel.open(record.model(), modelDirectory, execution.start(modelDirectory));
        try {
            results.note(model.model());
            List<String> changed = record.changedIn(model);
            if (!changed.isEmpty()) {
                throw new InputException(path + ": " + String.join(", ", changed) + " of " + model.name()
                        + " changed since the run was made: restore them");
            }
            MaskValues masks =
                    SavedMasks.open(path, model.model().sizes(), results::note).binary();
            RunDirectory directory = new RunDirectory(path);
            PruneSession session = PruneSession.of(model, record);
            Dataset data = session.dataset(directory);
            return new OpenedRun(
                    directory, record, model, data, session.scorer(), session.ablationStates(data.train()), masks);
        } catch (RuntimeException e) {
            model.close();
            throw e;
        }
    }

    /**
     * The first examples of a part of the run's data.
     *
     * @throws InputException if they changed since the run was made
     */
    List<Example> examples(Split split, int most) {
        List<Example> all = data.part(split);
        if (!record.hadExamples(split, all)) {
            throw new InputException(directory.path() + ": the " + split.key() + " examples changed since the run was"
                    + " made: restore them");
        }
        return all.subList(0, Math.min(most, all.size()));
    }

    /** Evaluates many masks on the same examples, to be closed by the caller. */
    RepeatedEvaluator evaluator(List<Example> examples) {
        return new RepeatedEvaluator(
                new Evaluator(model.model(), scorer, states, Evaluator.BATCH_SIZE), examples, CACHE_BYTES);
    }

    @Override
    public void close() {
        states.close();
        model.close();
    }
}
