package org.edgeprune.attribute;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.edgeprune.engine.MeanRun;
import org.edgeprune.eval.PromptBatch;
import org.edgeprune.graph.Ablation;
import org.edgeprune.io.InputException;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.task.Example;

/**
 * What ablated edges carry, ready for use: the corrupted prompts' states, zero, or the means of many prompts.
 *
 * <p>Closing frees the means.
 */
public final class AblationStates implements AutoCloseable {
    /** The states of the corrupted prompts. */
    public static final AblationStates INTERCHANGE = new AblationStates(Ablation.INTERCHANGE, Optional.empty());

    /** Zero. */
    public static final AblationStates ZERO = new AblationStates(Ablation.ZERO, Optional.empty());

    private final Ablation prompts;
    private final Optional<MeanRun> means;

    private AblationStates(Ablation prompts, Optional<MeanRun> means) {
        this.prompts = prompts;
        this.means = means;
    }

    /**
     * Prepares an ablation. Resampling is interchange with {@link #resampled} examples.
     *
     * @param kind what ablated edges carry
     * @param model the full model, which is run on the clean prompts where means are wanted
     * @param examples whose means are taken: all that are attributed
     * @param batchSize prompts that are run together
     * @return the states
     */
    public static AblationStates of(AblationKind kind, TransformerModel model, List<Example> examples, int batchSize) {
        return switch (kind) {
            case INTERCHANGE, RESAMPLE -> INTERCHANGE;
            case ZERO -> ZERO;
            case MEAN -> mean(model, examples, batchSize, false);
            case MEAN_POSITIONAL -> mean(model, examples, batchSize, true);
        };
    }

    private static AblationStates mean(
            TransformerModel model, List<Example> examples, int batchSize, boolean byPosition) {
        List<List<int[]>> batches = new ArrayList<>();
        for (int from = 0; from < examples.size(); from += batchSize) {
            batches.add(examples.subList(from, Math.min(examples.size(), from + batchSize)).stream()
                    .map(Example::clean)
                    .toList());
        }
        try (TransformerModel.Use _ = model.use()) {
            return new AblationStates(Ablation.ZERO, Optional.of(MeanRun.of(model, batches, byPosition)));
        }
    }

    /**
     * The examples with the clean prompt of another one, drawn at random among those of the same length, as corrupted
     * prompt.
     *
     * @param examples at least two different prompts of each length
     * @param seed the same draws the same
     * @return as many examples, in their order
     * @throws InputException naming the first example for which there is no other
     */
    public static List<Example> resampled(List<Example> examples, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<Example> resampled = new ArrayList<>();
        for (int i = 0; i < examples.size(); i++) {
            Example example = examples.get(i);
            List<Example> others = examples.stream()
                    .filter(other ->
                            other.length() == example.length() && !Arrays.equals(other.clean(), example.clean()))
                    .toList();
            if (others.isEmpty()) {
                throw new InputException("--ablation resample: no other example has as many tokens (" + example.length()
                        + ") as example " + (i + 1) + ": use more examples, or --ablation interchange");
            }
            resampled.add(new Example(
                    example.clean(),
                    others.get(random.nextInt(others.size())).clean(),
                    example.scoreStart(),
                    example.scoreEnd(),
                    example.answer()));
        }
        return resampled;
    }

    /** How prompts are run. */
    Ablation prompts() {
        return prompts;
    }

    /** Whether a batch has recorded states to fall back on, which take memory. */
    boolean isRecorded() {
        return means.isPresent() || prompts.needsCorruptedPrompt();
    }

    /** A batch, in the current scope, whose ablated edges carry these states. */
    PromptBatch in(PromptBatch batch) {
        return means.map(mean -> batch.withBaseline(mean.baseline(batch.clean())))
                .orElse(batch);
    }

    @Override
    public void close() {
        means.ifPresent(MeanRun::close);
    }
}
