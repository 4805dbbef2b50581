package org.edgeprune.engine;

import java.util.List;
import java.util.Optional;
import org.edgeprune.model.KeyValues;
import org.edgeprune.model.SelfAttention;
import org.edgeprune.model.TokenBatch;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.torch.Tensor;

/**
 * What flows along cut edges: the states corr_w that the delta form of a masked pass subtracts from its writers and
 * adds to its readers (see the package's description). A {@link RecordedRun} of the model, or {@link #ZERO}.
 */
public sealed interface Baseline permits Baseline.Zero, RecordedRun {
    /** Zero ablation: cut edges carry nothing, and a delta is what its writer adds. */
    Baseline ZERO = new Zero();

    /** See {@link #ZERO}. */
    record Zero() implements Baseline {
        private static final Layer LAYER = new ZeroLayer();

        @Override
        public Tensor embeddingDelta(int embedding, Tensor added) {
            return added;
        }

        @Override
        public Layer layer(int layer) {
            return LAYER;
        }

        @Override
        public Optional<Tensor> finalBase() {
            return Optional.empty();
        }

        @Override
        public Tensor plusWriterStates(Tensor deltas, TransformerModel model, boolean withEmbeddings) {
            return deltas;
        }

        @Override
        public Baseline tokens(int first, int count, int firstPast, int pastCount) {
            return this;
        }

        @Override
        public List<Tensor> tensors() {
            return List.of();
        }
    }

    /**
     * The part of a baseline that belongs to one layer. Bases are the residual streams {@code [tokens, hidden]} that
     * the layer's readers fall back on; empty for zero.
     */
    sealed interface Layer permits ZeroLayer, RecordedRun.Layer {
        Optional<Tensor> attentionBase();

        Optional<Tensor> mlpBase();

        /** Keys and values of the tokens before a batch of tails; empty where the batch holds whole prompts. */
        Optional<KeyValues> past();

        /**
         * delta of each selected head, {@code [selected, tokens, hidden]}.
         *
         * @param values head outputs before W_O {@code [selected, tokens, headDim]}
         * @param heads the selected heads, ascending
         * @param nodeMasks theirs, {@code [selected, 1, 1]}: they scale head outputs, which are narrower than what
         *     heads write
         */
        Tensor headDeltas(SelfAttention attention, Tensor values, int[] heads, Tensor nodeMasks);

        /** The MLP's delta before its node mask, {@code [tokens, hidden]}. */
        Tensor mlpDelta(Tensor output);
    }

    /** See {@link #ZERO}. */
    record ZeroLayer() implements Layer {
        @Override
        public Optional<Tensor> attentionBase() {
            return Optional.empty();
        }

        @Override
        public Optional<Tensor> mlpBase() {
            return Optional.empty();
        }

        @Override
        public Optional<KeyValues> past() {
            return Optional.empty();
        }

        @Override
        public Tensor headDeltas(SelfAttention attention, Tensor values, int[] heads, Tensor nodeMasks) {
            Tensor deltas = attention.writeEach(values.mul(nodeMasks), heads);
            return attention.outputBias() == null
                    ? deltas
                    : deltas.add(attention.biasShare().mul(nodeMasks));
        }

        @Override
        public Tensor mlpDelta(Tensor output) {
            return output;
        }
    }

    /**
     * delta of an embedding node, {@code [tokens, hidden]}.
     *
     * @param added what it adds for the clean prompts
     */
    Tensor embeddingDelta(int embedding, Tensor added);

    Layer layer(int layer);

    /** The residual stream that {@code resid_post} falls back on, {@code [tokens, hidden]}; empty for zero. */
    Optional<Tensor> finalBase();

    /** Deltas of all writers {@code [writers, tokens, hidden]} and the states that they are measured from. */
    Tensor plusWriterStates(Tensor deltas, TransformerModel model, boolean withEmbeddings);

    /**
     * The baseline of some neighbouring tokens, as views.
     *
     * @param firstPast where their pasts start
     * @param pastCount how many tokens these have together
     */
    Baseline tokens(int first, int count, int firstPast, int pastCount);

    /** Every tensor of this baseline. */
    List<Tensor> tensors();

    /** Baselines of one kind joined token by token, in their order. */
    static Baseline cat(List<Baseline> parts) {
        return switch (parts.get(0)) {
            case Zero zero -> zero;
            case RecordedRun run ->
                RecordedRun.cat(parts.stream().map(RecordedRun.class::cast).toList());
        };
    }

    /** Runs the model on a batch, every reader seeing the whole residual stream. */
    static RecordedRun record(TransformerModel model, TokenBatch batch) {
        return new BaselineRecorder(model, batch).record();
    }

    /**
     * Runs the model on corrupted and on clean prompts layer by layer, so that a layer that is brought in serves both.
     *
     * @param corrupted the corrupted prompts, whole
     * @param clean tails of the clean prompts, whose pasts are those of the corrupted ones
     */
    static Pair record(TransformerModel model, TokenBatch corrupted, TokenBatch clean) {
        return new BaselineRecorder(model, corrupted).record(clean);
    }

    /**
     * Two runs made together.
     *
     * @param corrupted the run on the corrupted prompts, of it the tokens of the tails
     * @param clean final residual stream of the tails of the clean prompts, {@code [tokens, hidden]}
     */
    record Pair(RecordedRun corrupted, Tensor clean) {}
}
