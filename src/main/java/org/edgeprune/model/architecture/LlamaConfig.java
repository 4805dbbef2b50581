package org.edgeprune.model.architecture;

import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Function;
import org.edgeprune.graph.GraphShape;
import org.edgeprune.model.Activation;
import org.edgeprune.model.AttentionWindows;
import org.edgeprune.model.Decoder;
import org.edgeprune.model.ModelConfig;
import org.edgeprune.model.ModelSizes;
import org.edgeprune.model.NormKind;
import org.edgeprune.model.Positions;
import org.edgeprune.model.RotaryFields;
import org.edgeprune.model.RotaryLayers;

/**
 * The parts of a {@code config.json} that decide how Llama or a relative computes: RMSNorm, rotary positions,
 * grouped-query attention, gated MLP, parameters named as Llama's are. What the relatives differ in is data here; each
 * has a class that reads its own fields and defaults into a {@link Builder}.
 *
 * @param sizes of the model
 * @param attention of each layer
 * @param mlpBias whether the MLPs' projections have a bias
 * @param activation of the MLPs' gate
 * @param norms where norms stand, and which
 * @param embeddingScale factor on token embeddings (Gemma: sqrt(hidden))
 * @param residualScale factor on what attention and MLP add (Granite)
 * @param logitScale factor on the logits (Granite)
 * @param logitCap soft limit of the logits, c tanh(logit / c); 0 for none
 * @param tiedHead whether the unembedding is the token embedding
 * @param fused whether query, key and value are one parameter, and gate and up another (Phi-3)
 */
record LlamaConfig(
        ModelSizes sizes,
        Attention attention,
        boolean mlpBias,
        Activation activation,
        Norms norms,
        double embeddingScale,
        double residualScale,
        double logitScale,
        double logitCap,
        boolean tiedHead,
        boolean fused) {

    /**
     * @param rotary position embedding of each layer
     * @param scale of the scores
     * @param inputBias whether query, key and value projections have a bias
     * @param outputBias whether the output projection has
     * @param headNorms how queries and keys are normalised
     * @param scoreCap soft limit of the scores; 0 for none
     * @param windows how many positions each layer sees
     */
    public record Attention(
            RotaryLayers rotary,
            double scale,
            boolean inputBias,
            boolean outputBias,
            HeadNorms headNorms,
            double scoreCap,
            AttentionWindows windows) {}

    /**
     * Where norms stand. A writer's contribution is what enters the residual stream: behind the norm or factor that
     * stands after the block, so that contributions add up to the stream.
     */
    public sealed interface Norms {
        /** Of which kind all of them are. */
        NormKind kind();

        /** What attention and MLP read is normalised: Llama. */
        record Before(NormKind kind) implements Norms {}

        /** What they read is normalised, and what they add: Gemma 2. */
        record Around(NormKind.Rms kind) implements Norms {}

        /** What they add is normalised: OLMo 2. */
        record After(NormKind.Rms kind) implements Norms {}
    }

    /** How queries and keys are normalised before they are turned. */
    public sealed interface HeadNorms {
        /** Not at all. */
        record None() implements HeadNorms {}

        /** Each head's by the same norm, {@code q_norm} and {@code k_norm}: Qwen 3. */
        record Each() implements HeadNorms {}

        /** All heads of a layer together, by {@code q_norm} and {@code k_norm}: OLMo 2. */
        record Joint() implements HeadNorms {}

        /** Each head's by a LayerNorm with a weight of its own, {@code q_layernorm.norms.0}: StableLM 2. */
        record Own(double eps) implements HeadNorms {}
    }

    /** Begins with Llama's values; what a relative does not say stays. */
    public static Builder reading(ModelConfig config) {
        return new Builder(config);
    }

    /** What is particular to one of the family, by name. */
    public static final class Builder {
        private final ModelConfig config;
        private int headDim;
        private double scoreScale;
        private boolean inputBias;
        private boolean outputBias;
        private HeadNorms headNorms = new HeadNorms.None();
        private double scoreCap;
        private AttentionWindows windows;
        private RotaryLayers rotary;
        private OptionalDouble rotaryShare = OptionalDouble.empty();
        private boolean mlpBias;
        private Activation activation;
        private double normOffset;
        private double embeddingScale = 1;
        private Function<NormKind.Rms, Norms> placement = Norms.Before::new;
        private Optional<NormKind> layerNorm = Optional.empty();
        private boolean parallel;
        private double residualScale = 1;
        private double logitScale = 1;
        private double logitCap;
        private boolean tiedByDefault;
        private boolean fused;

        private Builder(ModelConfig config) {
            this.config = config;
        }

        /** The width of a head, if not hidden_size / num_attention_heads. */
        public Builder headDim(int width) {
            headDim = width;
            return this;
        }

        /** {@code head_dim}, where it is stated. */
        public Builder statedHeadDim() {
            return config.has("head_dim") ? headDim(config.count("head_dim")) : this;
        }

        /** The factor on scores, if not 1 / sqrt(headDim). */
        public Builder scoreScale(double scale) {
            scoreScale = scale;
            return this;
        }

        /** Query, key and value projections have a bias. */
        public Builder inputBias(boolean present) {
            inputBias = present;
            return this;
        }

        /** All four projections of attention have a bias. */
        public Builder attentionBias(boolean present) {
            inputBias = present;
            outputBias = present;
            return this;
        }

        /** How queries and keys are normalised. */
        public Builder headNorms(HeadNorms kind) {
            headNorms = kind;
            return this;
        }

        /** A soft limit of the scores; 0 for none. */
        public Builder scoreCap(double cap) {
            scoreCap = cap;
            return this;
        }

        /** Which positions layers see, if not all. */
        public Builder windows(AttentionWindows byLayer) {
            windows = byLayer;
            return this;
        }

        /** Rotary positions of each layer, if not the same for all as {@link RotaryFields#read()} reads them. */
        public Builder rotary(RotaryLayers byLayer) {
            rotary = byLayer;
            return this;
        }

        /**
         * A part of each head is turned: {@code partial_rotary_factor}.
         *
         * @param share where the configuration does not say
         */
        public Builder partialRotary(double share) {
            rotaryShare = OptionalDouble.of(share);
            return this;
        }

        private RotaryFields rotary(int width) {
            RotaryFields fields = RotaryFields.of(config, width);
            return rotaryShare.isPresent() ? fields.partial(rotaryShare.getAsDouble()) : fields;
        }

        /** The MLPs' projections have a bias. */
        public Builder mlpBias(boolean present) {
            mlpBias = present;
            return this;
        }

        /** The activation of the gate, if it is not {@code hidden_act}'s. */
        public Builder activation(Activation function) {
            activation = function;
            return this;
        }

        /** A number added to every norm's stored weight. */
        public Builder normOffset(double offset) {
            normOffset = offset;
            return this;
        }

        /** A factor on token embeddings. */
        public Builder embeddingScale(double factor) {
            embeddingScale = factor;
            return this;
        }

        /** What attention and MLP add is normalised, too. */
        public Builder normsAround() {
            refuseOutputBias();
            placement = Norms.Around::new;
            return this;
        }

        /** What attention and MLP add is normalised, and not what they read. */
        public Builder normsAfter() {
            refuseOutputBias();
            placement = Norms.After::new;
            return this;
        }

        /** No head has a share of a bias that is added to the sum of heads before that is normalised. */
        private void refuseOutputBias() {
            if (config.flag("attention_bias", false)) {
                throw config.error(
                        "attention_bias",
                        "is true: an output bias is not supported where the sum of heads is normalised");
            }
        }

        /** LayerNorm with weight and bias instead of RMSNorm. */
        public Builder layerNorm(double eps) {
            layerNorm = Optional.of(new NormKind.Layer(eps));
            return this;
        }

        /** A layer's MLP reads what its attention reads, through the same norm. */
        public Builder parallel(boolean beside) {
            parallel = beside;
            return this;
        }

        /** A factor on what attention and MLP add to the residual stream. */
        public Builder residualScale(double factor) {
            residualScale = factor;
            return this;
        }

        /** A factor on the logits. */
        public Builder logitScale(double factor) {
            logitScale = factor;
            return this;
        }

        /** A soft limit of the logits; 0 for none. */
        public Builder logitCap(double cap) {
            logitCap = cap;
            return this;
        }

        /** The unembedding is the token embedding, where {@code tie_word_embeddings} does not say otherwise. */
        public Builder tiedByDefault() {
            tiedByDefault = true;
            return this;
        }

        /** Query, key and value are one parameter, and gate and up another. */
        public Builder fused() {
            fused = true;
            return this;
        }

        /**
         * Reads the fields that the whole family has, and refuses fields that were not read.
         *
         * @throws org.edgeprune.io.InputException naming the field that is missing, wrong or not supported
         */
        public LlamaConfig build() {
            int width = headDim == 0 ? config.headShare("hidden_size", "num_attention_heads") : headDim;
            GraphShape graph = config.graph(List.of("embeds"), parallel);
            NormKind.Rms rms = new NormKind.Rms(config.number("rms_norm_eps", 1e-6), normOffset);
            LlamaConfig read = new LlamaConfig(
                    new ModelSizes(
                            config.modelType(),
                            graph,
                            config.count("hidden_size"),
                            width,
                            config.count("intermediate_size"),
                            true,
                            config.count("vocab_size"),
                            Positions.computed(config.count("max_position_embeddings"))),
                    new Attention(
                            rotary == null ? rotary(width).read().everywhere(graph.layers()) : rotary,
                            scoreScale == 0 ? 1 / Math.sqrt(width) : scoreScale,
                            inputBias,
                            outputBias,
                            headNorms,
                            scoreCap,
                            windows == null ? AttentionWindows.everywhere(config, 0) : windows),
                    mlpBias,
                    activation == null ? config.activation("hidden_act", "silu") : activation,
                    layerNorm.<Norms>map(Norms.Before::new).orElseGet(() -> placement.apply(rms)),
                    embeddingScale,
                    residualScale,
                    logitScale,
                    logitCap,
                    config.flag("tie_word_embeddings", tiedByDefault),
                    fused);
            config.refuseOthers();
            return read;
        }

        /** The decoder of the configuration that was read. */
        public Decoder decoder() {
            return new LlamaDecoder(build());
        }
    }
}
