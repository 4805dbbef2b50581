package org.edgeprune.engine;

import java.util.List;
import java.util.Optional;
import org.edgeprune.model.KeyValues;
import org.edgeprune.model.Mlp;
import org.edgeprune.model.Part;
import org.edgeprune.model.SelfAttention;
import org.edgeprune.model.TokenBatch;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.torch.Tensor;

/**
 * What flows along cut edges: the states corr_w that the delta form of a masked pass subtracts from its writers and
 * adds to its readers (see the package's description). Either a {@link RecordedRun} of the model (interchange ablation)
 * or {@link #ZERO} (zero ablation).
 */
public sealed interface Baseline permits Baseline.Zero, RecordedRun {
    /** Zero ablation: cut edges carry nothing, and a delta is what its writer adds. */
    Baseline ZERO = new Zero();

    /** The baseline of zero ablation, see {@link #ZERO}. */
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
     * The part of a baseline that belongs to one layer. A base is the residual stream {@code [tokens, hidden]} that the
     * layer's readers see where all their edges are cut; under zero ablation it is empty.
     */
    sealed interface Layer permits ZeroLayer, RecordedRun.Layer {
        /**
         * The base of the queries, keys and values.
         *
         * @return residual stream {@code [tokens, hidden]}; empty for zero
         */
        Optional<Tensor> attentionBase();

        /**
         * The base of the MLP.
         *
         * @return residual stream {@code [tokens, hidden]}; empty for zero
         */
        Optional<Tensor> mlpBase();

        /**
         * Keys and values of the tokens that precede the tails of a batch.
         *
         * @return on the layer's device; empty if the batch consists of whole prompts
         */
        Optional<KeyValues> past();

        /**
         * delta_n = z_n (out_n - corr_n) of each selected head. The node masks scale the head outputs before W_O,
         * because those are narrower than what heads write.
         *
         * @param attention the layer's attention
         * @param values head outputs before W_O, {@code [selected, tokens, headDim]}
         * @param heads indices of the selected heads, ascending
         * @param nodeMasks z_n of the selected heads, {@code [selected, 1, 1]}
         * @return deltas, {@code [selected, tokens, hidden]}
         */
        Tensor headDeltas(SelfAttention attention, Tensor values, int[] heads, Tensor nodeMasks);

        /**
         * delta of the MLP before its node mask is applied: out - corr.
         *
         * @param output what the MLP adds, {@code [tokens, hidden]}
         * @return {@code [tokens, hidden]}
         */
        Tensor mlpDelta(Tensor output);

        /**
         * What cut neurons of the MLP carry.
         *
         * @param mlp the layer's MLP
         * @return activations {@code [tokens, inner]} on the MLP's device; empty for zero
         */
        Optional<Tensor> neurons(Part<Mlp> mlp);
    }

    /** One layer of the baseline of zero ablation, see {@link #ZERO}. */
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

        @Override
        public Optional<Tensor> neurons(Part<Mlp> mlp) {
            return Optional.empty();
        }
    }

    /**
     * delta of an embedding node before its node mask is applied: added - corr.
     *
     * @param embedding the node's index among the embedding nodes: 0 for token embeddings, 1 for position embeddings
     * @param added what the node adds for the clean prompts, {@code [tokens, hidden]}
     * @return {@code [tokens, hidden]}
     */
    Tensor embeddingDelta(int embedding, Tensor added);

    /**
     * The part of this baseline that belongs to a layer.
     *
     * @param layer the layer's index, from 0
     * @return its bases and deltas
     */
    Layer layer(int layer);

    /**
     * The base of {@code resid_post}.
     *
     * @return residual stream {@code [tokens, hidden]}; empty for zero
     */
    Optional<Tensor> finalBase();

    /**
     * Adds the states corr_w of all writers to their deltas, which gives what the writers add in the masked run.
     *
     * @param deltas delta_w of all writers, {@code [writers, tokens, hidden]}
     * @param model the model that the baseline was recorded with
     * @param withEmbeddings whether embedding nodes are writers
     * @return {@code [writers, tokens, hidden]}
     */
    Tensor plusWriterStates(Tensor deltas, TransformerModel model, boolean withEmbeddings);

    /**
     * The baseline of some consecutive tokens, as views of this one's tensors.
     *
     * @param first index of the first token
     * @param count number of tokens
     * @param firstPast index of the first token of their pasts
     * @param pastCount number of tokens in their pasts together; 0 if they are whole prompts
     * @return the smaller baseline
     */
    Baseline tokens(int first, int count, int firstPast, int pastCount);

    /**
     * Every tensor of this baseline, so that its owner can keep or close them.
     *
     * @return the tensors; empty for zero
     */
    List<Tensor> tensors();

    /**
     * Joins baselines of the same kind along the tokens.
     *
     * @param parts at least one, in the order of their tokens
     * @return the baseline of all tokens
     */
    static Baseline cat(List<Baseline> parts) {
        return switch (parts.get(0)) {
            case Zero zero -> zero;
            case RecordedRun run ->
                RecordedRun.cat(parts.stream().map(RecordedRun.class::cast).toList());
        };
    }

    /**
     * Runs the full model on a batch and records its states.
     *
     * @param model the full model
     * @param batch the prompts, normally the corrupted ones
     * @return the run, in the caller's scope
     */
    static RecordedRun record(TransformerModel model, TokenBatch batch) {
        return new BaselineRecorder(model, batch).record();
    }

    /**
     * Runs the full model on corrupted and on clean prompts, layer by layer, so that the weights of a layer that is
     * offloaded are loaded once for both.
     *
     * @param model the full model
     * @param corrupted the corrupted prompts, whole
     * @param clean tails of the clean prompts; the tokens before them are those of the corrupted prompts
     * @return both runs, in the caller's scope
     */
    static Pair record(TransformerModel model, TokenBatch corrupted, TokenBatch clean) {
        return new BaselineRecorder(model, corrupted).record(clean);
    }

    /**
     * The runs on corrupted and on clean prompts.
     *
     * @param corrupted the run on the corrupted prompts, restricted to the tokens of the tails
     * @param clean final residual stream of the tails of the clean prompts, {@code [tokens, hidden]}
     */
    record Pair(RecordedRun corrupted, Tensor clean) {}
}
