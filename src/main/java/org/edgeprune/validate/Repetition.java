package org.edgeprune.validate;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.edgeprune.attribute.AttributionSetting;
import org.edgeprune.attribute.ScoredStart;
import org.edgeprune.eval.AblationStates;
import org.edgeprune.graph.Circuit;
import org.edgeprune.io.Folders;
import org.edgeprune.io.InputException;
import org.edgeprune.prune.FreshPrompts;
import org.edgeprune.prune.LoadedModel;
import org.edgeprune.prune.PruneSession;
import org.edgeprune.prune.Pruner;
import org.edgeprune.prune.RunDirectory;
import org.edgeprune.prune.RunRecord;
import org.edgeprune.prune.WarmStart;
import org.edgeprune.task.Dataset;
import org.edgeprune.task.Task;

/**
 * Prunes as a run was pruned, with other weights or on other prompts. The new run's files are removed, and its circuit
 * is not minimized ({@link org.edgeprune.prune.Minimizer}).
 *
 * @param loaded the model that is pruned; the caller closes it
 * @param task of the run
 * @param run what the run was made from. Where it started from scores of the user's, a repetition starts from EAP-IG:
 *     those scores are of the run's model and prompts
 */
record Repetition(LoadedModel loaded, Task task, RunRecord run) {
    /**
     * Finds a circuit.
     *
     * @param data prompts that take the place of the run's
     * @param listener follows the steps
     */
    Circuit prune(Dataset data, Pruner.Listener listener) {
        PruneSession session = session();
        try {
            Path scratch = Files.createTempDirectory("edgeprune-validate");
            try {
                return new Pruner(
                                loaded.model(),
                                data,
                                session.scorer(),
                                run,
                                RunDirectory.create(scratch),
                                new Pruner.Pace(
                                        0,
                                        0,
                                        Optional.ofNullable(run.cacheBytes())
                                                .orElse(Pruner.Pace.REFERENCE.cacheBytes())),
                                new Pruner.Sources(
                                        start(session),
                                        FreshPrompts.of(
                                                task,
                                                loaded,
                                                run.options(),
                                                data.train().size()),
                                        Map.of()))
                        .run(false, listener)
                        .circuit();
            } finally {
                Folders.delete(scratch);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * What cut edges carry in the run, with other prompts.
     *
     * @param data prompts that take the place of the run's
     * @return the ablation, which the caller closes
     */
    AblationStates states(Dataset data) {
        return session().ablationStates(data.train());
    }

    /** Whether the run's ablation is defined for all these prompts, of which the training part is its reference. */
    boolean fits(Dataset data) {
        try {
            session().requireAblation(data);
            return true;
        } catch (InputException e) {
            return false;
        }
    }

    private PruneSession session() {
        return PruneSession.of(loaded, task).withOptions(run.options());
    }

    private Optional<WarmStart> start(PruneSession session) {
        if (!run.options().controls().warm()) {
            return Optional.empty();
        }
        String name =
                run.options().controls().warmStart().equals(ScoredStart.MATTR) ? ScoredStart.MATTR : ScoredStart.EAP_IG;
        return ScoredStart.computed(name, session, AttributionSetting.Progress.NONE)
                .map(Function.identity());
    }
}
