package org.edgeprune.model.architecture;

import java.util.List;
import java.util.Optional;
import org.edgeprune.graph.GraphShape;
import org.edgeprune.model.Activation;
import org.edgeprune.model.AttentionWindows;
import org.edgeprune.model.Decoder;
import org.edgeprune.model.Linear.Bias;
import org.edgeprune.model.ModelConfig;
import org.edgeprune.model.ModelSizes;
import org.edgeprune.model.NormKind;
import org.edgeprune.model.Positions;
import org.edgeprune.model.RotaryConfig;

/**
 * The parts of a {@code config.json} that decide how a decoder of GPT's kind computes: LayerNorm, an MLP without a
 * gate, linear maps stored {@code [out, in]}. What its members differ in is data here; each has a class that reads its
 * own fields and defaults into a {@link Builder}.
 *
 * @param sizes of the model
 * @param names of its parameters
 * @param scheme how the model encodes positions
 * @param attention of each layer
 * @param mlpBias whether the MLPs' projections have a bias
 * @param activation of the MLPs
 * @param norm every norm
 * @param embeddingNorm the name of the norm of token embeddings, if there is one
 * @param finalNorm the norm before the unembedding
 * @param tiedHead whether the unembedding is the token embedding
 * @param headBias whether the unembedding has a bias
 */
record GptConfig(
        ModelSizes sizes,
        GptNames names,
        Scheme scheme,
        Attention attention,
        Bias mlpBias,
        Activation activation,
        NormKind norm,
        Optional<String> embeddingNorm,
        NormKind finalNorm,
        boolean tiedHead,
        Bias headBias) {

    /** How a model encodes positions. */
    sealed interface Scheme {
        /**
         * A table whose rows are added to the token embeddings.
         *
         * @param name of the table
         * @param unused rows before that of position 0
         */
        record Table(String name, int unused) implements Scheme {}

        /** Queries and keys are turned: dimension i of a head with i + width / 2. */
        record Rotary(RotaryConfig rotary) implements Scheme {}

        /** Queries and keys are turned: dimension 2i of a head with 2i + 1. */
        record InterleavedRotary(RotaryConfig rotary) implements Scheme {}

        /** Scores fall with the distance of the tokens (ALiBi). */
        record LinearBiases() implements Scheme {}
    }

    /**
     * @param scale of the scores
     * @param windows how many positions each layer sees
     * @param inputBias whether query, key and value projections have a bias
     * @param outputBias whether the output projection has
     * @param headNorms whether each query and key is normalised, by {@code q_layernorm} and {@code k_layernorm}
     * @param joined whether query, key and value are one parameter, head by head
     */
    record Attention(
            double scale,
            AttentionWindows windows,
            Bias inputBias,
            Bias outputBias,
            boolean headNorms,
            boolean joined) {}

    /** Begins with what is most common; what an architecture does not say stays. */
    static Builder reading(ModelConfig config, GptNames names) {
        return new Builder(config, names);
    }

    /** What is particular to one of them, by name. */
    static final class Builder {
        private final ModelConfig config;
        private final GptNames names;
        private String hiddenField = "hidden_size";
        private String layersField = "num_hidden_layers";
        private String headsField = "num_attention_heads";
        private int inner;
        private Scheme scheme = new Scheme.LinearBiases();
        private Positions positions;
        private double scoreScale;
        private AttentionWindows windows;
        private Bias inputBias = Bias.PRESENT;
        private Bias outputBias = Bias.PRESENT;
        private boolean headNorms;
        private boolean joined;
        private Bias mlpBias = Bias.PRESENT;
        private Activation activation = Activation.GELU_TANH;
        private NormKind norm = new NormKind.Layer(1e-5);
        private Optional<String> embeddingNorm = Optional.empty();
        private boolean finalNorm = true;
        private boolean tiedByDefault = true;
        private Bias headBias = Bias.NONE;

        private Builder(ModelConfig config, GptNames names) {
            this.config = config;
            this.names = names;
        }

        /** The fields with the width of the residual stream, the number of layers and that of heads. */
        Builder sizeFields(String hidden, String layers, String heads) {
            hiddenField = hidden;
            layersField = layers;
            headsField = heads;
            return this;
        }

        /** The width of the residual stream. */
        int hidden() {
            return config.count(hiddenField);
        }

        /** The number of layers. */
        int layers() {
            return config.count(layersField);
        }

        /** The width of a head. */
        int headDim() {
            return config.headShare(hiddenField, headsField);
        }

        /** The width of the MLPs: of a field, or four times the residual stream's where it is absent or null. */
        Builder innerOf(String field) {
            return inner(config.count(field, 4 * hidden()));
        }

        /** The width of the MLPs. */
        Builder inner(int width) {
            inner = width;
            return this;
        }

        /** How the model knows positions, and how many it was trained for. */
        Builder positions(Scheme kind, int trained) {
            scheme = kind;
            positions = kind instanceof Scheme.Table ? Positions.table(trained) : Positions.computed(trained);
            return this;
        }

        /** The factor on scores, if not 1 / sqrt(headDim). */
        Builder scoreScale(double scale) {
            scoreScale = scale;
            return this;
        }

        /** Which positions layers see, if not all. */
        Builder windows(AttentionWindows byLayer) {
            windows = byLayer;
            return this;
        }

        /** Whether attention's projections have a bias, if not all have. */
        Builder attentionBias(Bias input, Bias output) {
            inputBias = input;
            outputBias = output;
            return this;
        }

        /** Whether each query and key is normalised. */
        Builder headNorms(boolean present) {
            headNorms = present;
            return this;
        }

        /** Query, key and value are one parameter, head by head. */
        Builder joined() {
            joined = true;
            return this;
        }

        /** Whether the MLPs' projections have a bias, if not both have. */
        Builder mlpBias(Bias bias) {
            mlpBias = bias;
            return this;
        }

        /** The MLPs' activation, if not the tanh form of gelu. */
        Builder activation(Activation function) {
            activation = function;
            return this;
        }

        /** Every norm, if not LayerNorm with weight, bias and an epsilon of 1e-5. */
        Builder norm(NormKind kind) {
            norm = kind;
            return this;
        }

        /** Token embeddings are normalised by the parameters of this name. */
        Builder embeddingNorm(String name) {
            embeddingNorm = Optional.of(name);
            return this;
        }

        /** There is no norm before the unembedding. */
        Builder withoutFinalNorm() {
            finalNorm = false;
            return this;
        }

        /** The unembedding has parameters of its own, where {@code tie_word_embeddings} does not say otherwise. */
        Builder untiedByDefault() {
            tiedByDefault = false;
            return this;
        }

        /** The unembedding has a bias. */
        Builder headBias() {
            headBias = Bias.PRESENT;
            return this;
        }

        private GraphShape graph() {
            int heads = config.count(headsField);
            int kvHeads = config.count("num_key_value_heads", heads);
            if (heads % kvHeads != 0) {
                throw config.error(
                        "num_key_value_heads",
                        "is " + kvHeads + ", which does not divide " + headsField + " = " + heads);
            }
            List<String> embeddings =
                    scheme instanceof Scheme.Table ? List.of("tok_embeds", "pos_embeds") : List.of("embeds");
            boolean parallel = names.layer().mlpNorm().equals(names.layer().attentionNorm());
            return new GraphShape(layers(), heads, kvHeads, embeddings, parallel);
        }

        /**
         * Reads the fields that all of these architectures have, and refuses fields that were not read.
         *
         * @throws org.edgeprune.io.InputException naming the field that is missing, wrong or not supported
         */
        GptConfig build() {
            GptConfig read = new GptConfig(
                    new ModelSizes(
                            config.modelType(),
                            graph(),
                            hidden(),
                            headDim(),
                            inner,
                            false,
                            config.count("vocab_size"),
                            positions),
                    names,
                    scheme,
                    new Attention(
                            scoreScale == 0 ? 1 / Math.sqrt(headDim()) : scoreScale,
                            windows == null ? AttentionWindows.all(layers()) : windows,
                            inputBias,
                            outputBias,
                            headNorms,
                            joined),
                    mlpBias,
                    activation,
                    norm,
                    embeddingNorm,
                    finalNorm ? norm : new NormKind.None(),
                    config.flag("tie_word_embeddings", tiedByDefault),
                    headBias);
            config.refuseOthers();
            return read;
        }

        /** The decoder of the configuration that was read. */
        Decoder decoder() {
            return new GptDecoder(build());
        }
    }
}
