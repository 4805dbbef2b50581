package org.edgeprune.cli;

import java.util.Map;
import java.util.Optional;
import org.edgeprune.mask.MaskValues;
import org.edgeprune.prune.Pruner;
import org.edgeprune.prune.StepMetrics;

/** Shows the progress of a run: KL, the sparsities and their targets, and the last validation. */
final class PruneProgress implements Pruner.Listener, AutoCloseable {
    private final String headline;
    private final Results results;
    private final Optional<String> goOn;
    private Progress progress;
    private Optional<ResumeHint> hint = Optional.empty();
    private String validation = "";

    /**
     * @param headline the task's main metric
     * @param results prints notes
     */
    PruneProgress(String headline, Results results) {
        this(headline, results, Optional.empty());
    }

    /**
     * @param headline the task's main metric
     * @param results prints notes
     * @param goOn how to continue a run that is interrupted, once there is one
     */
    PruneProgress(String headline, Results results, Optional<String> goOn) {
        this.headline = headline;
        this.results = results;
        this.goOn = goOn;
    }

    @Override
    public void noted(String note) {
        results.note(note);
    }

    @Override
    public void ranking() {
        hint = goOn.map(results::resumeHint);
    }

    @Override
    public void started(int firstStep, int steps) {
        progress = new Progress("pruning", "steps", steps, firstStep);
        hint = hint.or(() -> goOn.map(results::resumeHint));
    }

    @Override
    public void stepped(StepMetrics m) {
        // most important first: a narrow terminal leaves out the last
        progress.at(m.step() + 1, () -> "KL %.3f, edge sparsity %.1f%% of %.1f%%%s, node sparsity %.1f%% of %.1f%%%s"
                .formatted(
                        m.kl(),
                        100 * m.edgeSparsity(),
                        100 * m.edgeTarget(),
                        validation,
                        100 * m.nodeSparsity(),
                        100 * m.nodeTarget(),
                        m.neurons().map(PruneProgress::text).orElse("")));
    }

    private static String text(StepMetrics.Neurons neurons) {
        return ", neuron sparsity %.1f%% of %.1f%%"
                .formatted(100 * neurons.neuronSparsity(), 100 * neurons.neuronTarget());
    }

    @Override
    public void evaluated(int step, MaskValues binary, Map<String, Double> metrics) {
        validation = ", %s %.3f".formatted(headline, metrics.get(headline));
    }

    @Override
    public void close() {
        hint.ifPresent(ResumeHint::close);
        if (progress != null) {
            progress.close();
        }
    }
}
