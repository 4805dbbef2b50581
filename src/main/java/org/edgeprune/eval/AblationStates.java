package org.edgeprune.eval;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.edgeprune.engine.MeanRun;
import org.edgeprune.engine.RecordedRun;
import org.edgeprune.graph.Ablation;
import org.edgeprune.io.InputException;
import org.edgeprune.model.TokenBatch;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.task.Example;
import org.edgeprune.torch.Device;

/**
 * An {@link Ablation} ready for use: what its reference prompts give has been computed.
 *
 * <p>Closing frees the means. Several threads may use it at a time.
 */
public final class AblationStates implements AutoCloseable {
    /** The states of the corrupted prompts. */
    public static final AblationStates INTERCHANGE =
            new AblationStates(Ablation.INTERCHANGE, ReferencePrompts.NONE, Map.of());

    /** Zero. */
    public static final AblationStates ZERO = new AblationStates(Ablation.ZERO, ReferencePrompts.NONE, Map.of());

    private final Ablation kind;
    private final ReferencePrompts reference;
    /** By the device of a copy of the model; none if this is no mean ablation. */
    private final Map<Device, MeanRun> means;

    private AblationStates(Ablation kind, ReferencePrompts reference, Map<Device, MeanRun> means) {
        this.kind = kind;
        this.reference = reference;
        this.means = means;
    }

    /**
     * Prepares an ablation.
     *
     * @param kind what ablated edges carry
     * @param model the full model, which is run on the clean reference prompts where means are wanted
     * @param reference what means are taken of, and prompts resampled from; not read otherwise
     * @param batchSize reference prompts that are run together; the last bits of means depend on it
     * @return the states
     */
    public static AblationStates of(Ablation kind, TransformerModel model, ReferencePrompts reference, int batchSize) {
        return of(kind, model, reference, batchSize, false);
    }

    /**
     * Prepares an ablation, also of MLP neurons.
     *
     * @param kind what ablated edges, nodes and neurons carry
     * @param model the full model, which is run on the clean reference prompts where means are wanted
     * @param reference what means are taken of, and prompts resampled from; not read otherwise
     * @param batchSize reference prompts that are run together; the last bits of means depend on it
     * @param neurons whether neurons are ablated, too
     * @return the states
     */
    public static AblationStates of(
            Ablation kind, TransformerModel model, ReferencePrompts reference, int batchSize, boolean neurons) {
        return switch (kind) {
            case Ablation.Interchange _ -> INTERCHANGE;
            case Ablation.Zero _ -> ZERO;
            case Ablation.Mean _ ->
                new AblationStates(kind, reference, means(model, reference, batchSize, false, neurons));
            case Ablation.MeanPositional _ ->
                new AblationStates(kind, reference, means(model, reference, batchSize, true, neurons));
            case Ablation.Resample _ -> new AblationStates(kind, reference, Map.of());
        };
    }

    /** Computed on the model itself, and copied to the devices of the others. */
    private static Map<Device, MeanRun> means(
            TransformerModel model, ReferencePrompts reference, int batchSize, boolean byPosition, boolean neurons) {
        List<Example> examples = reference.examples();
        List<List<int[]>> batches = new ArrayList<>();
        for (int from = 0; from < examples.size(); from += batchSize) {
            batches.add(examples.subList(from, Math.min(examples.size(), from + batchSize)).stream()
                    .map(Example::clean)
                    .toList());
        }
        try (TransformerModel.Use _ = model.use()) {
            MeanRun means = MeanRun.of(model, batches, byPosition, neurons);
            return model.copies().stream()
                    .map(TransformerModel::device)
                    .distinct()
                    .collect(Collectors.toMap(
                            Function.identity(), device -> device.equals(model.device()) ? means : means.to(device)));
        }
    }

    /**
     * Which ablation it is.
     *
     * @return what ablated edges carry
     */
    public Ablation kind() {
        return kind;
    }

    /**
     * Examples as they are run: with the corrupted prompts of this ablation.
     *
     * @param examples the task's examples
     * @return as many examples, in their order; the same ones except where prompts are resampled
     * @throws InputException as {@link ReferencePrompts#requireFor}
     */
    public List<Example> examples(List<Example> examples) {
        return switch (kind) {
            case Ablation.Resample _ -> reference.resampled(examples);
            case Ablation.Interchange _, Ablation.Zero _, Ablation.Mean _, Ablation.MeanPositional _ -> {
                reference.requireFor(kind, "the", examples);
                yield examples;
            }
        };
    }

    /** A batch, in the current scope, whose ablated edges carry these states. */
    PromptBatch in(PromptBatch batch) {
        return means(batch.clean()).map(batch::withBaseline).orElse(batch);
    }

    /** Each token's means, of the current scope; empty if this is no mean ablation. */
    Optional<RecordedRun> means(TokenBatch batch) {
        return means.isEmpty()
                ? Optional.empty()
                : Optional.of(means.get(batch.ids().device()).baseline(batch));
    }

    /** @throws InputException if means are by position and there are none at the last of so many tokens */
    void requireFits(int tokens) {
        int longest =
                reference.examples().stream().mapToInt(Example::length).max().orElse(0);
        if (kind instanceof Ablation.MeanPositional && tokens > longest) {
            throw new InputException("ablation mean-positional: there are means of " + longest + " positions, and "
                    + tokens + " tokens are run: generate fewer tokens, or name a corrupted prompt");
        }
    }

    @Override
    public void close() {
        means.values().forEach(MeanRun::close);
    }
}
