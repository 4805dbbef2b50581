package org.edgeprune.model;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import org.edgeprune.graph.GraphShape;

/**
 * The parts of a {@code config.json} that decide how a model of the Llama family computes: RMSNorm, rotary positions,
 * grouped-query attention, gated MLP. What the family's members differ in is data here, except for the names of fused
 * parameters.
 *
 * @param sizes of the model
 * @param attention of each layer
 * @param mlpBias whether the MLPs' projections have a bias
 * @param activation of the MLPs' gate
 * @param normEpsilon of every norm
 * @param normOffset added to every norm's weight (Gemma: 1)
 * @param embeddingScale factor on token embeddings (Gemma: sqrt(hidden))
 * @param postNorms whether what attention and MLP add is normalised too (Gemma 2)
 * @param logitCap soft limit of the logits, c tanh(logit / c); 0 for none
 * @param tiedHead whether the unembedding is the token embedding
 * @param fused whether query, key and value are one parameter, and gate and up another (Phi-3)
 */
public record LlamaConfig(
        ModelSizes sizes,
        Attention attention,
        boolean mlpBias,
        Activation activation,
        double normEpsilon,
        double normOffset,
        double embeddingScale,
        boolean postNorms,
        double logitCap,
        boolean tiedHead,
        boolean fused) {

    /**
     * @param headDim dimensions of a head
     * @param rotary position embedding
     * @param scale of the scores
     * @param inputBias whether query, key and value projections have a bias
     * @param outputBias whether the output projection has
     * @param headNorms whether each query and key is normalised (Qwen3)
     * @param scoreCap soft limit of the scores; 0 for none
     * @param windows for each layer how many positions it sees, 0 for all
     */
    public record Attention(
            int headDim,
            RotaryConfig rotary,
            double scale,
            boolean inputBias,
            boolean outputBias,
            boolean headNorms,
            double scoreCap,
            List<Integer> windows) {
        public Attention {
            windows = List.copyOf(windows);
        }
    }

    /** @throws org.edgeprune.io.InputException naming the field that is missing, wrong or not supported */
    public static LlamaConfig of(ModelConfig config) {
        LlamaConfig read =
                switch (config.modelType()) {
                    case "llama" -> llama(config);
                    case "mistral" -> mistral(config);
                    case "qwen2" -> qwen2(config);
                    case "qwen3" -> qwen3(config);
                    case "gemma" -> gemma(config);
                    case "gemma2" -> gemma2(config);
                    case "phi3" -> phi3(config);
                    default -> throw new IllegalArgumentException(config.modelType());
                };
        config.refuseOthers();
        return read;
    }

    private static LlamaConfig llama(ModelConfig c) {
        boolean bias = c.flag("attention_bias", false);
        int headDim = c.count("head_dim", headShare(c));
        return plain(c, attention(c, headDim, bias, bias, false, everywhere(c, 0)), c.flag("mlp_bias", false), false);
    }

    private static LlamaConfig mistral(ModelConfig c) {
        // Checkpoints without the field are of the first version, whose window is the default; later ones say null.
        int window = c.states("sliding_window") ? c.count("sliding_window", 0) : 4096;
        c.count("num_key_value_heads");
        return plain(
                c,
                attention(c, c.count("head_dim", headShare(c)), false, false, false, everywhere(c, window)),
                false,
                false);
    }

    private static LlamaConfig qwen2(ModelConfig c) {
        return plain(c, attention(c, headShare(c), true, false, false, qwenWindows(c)), false, false);
    }

    private static LlamaConfig qwen3(ModelConfig c) {
        boolean bias = c.flag("attention_bias", false);
        return plain(c, attention(c, c.count("head_dim"), bias, bias, true, qwenWindows(c)), false, false);
    }

    private static LlamaConfig phi3(ModelConfig c) {
        List<Integer> windows = everywhere(c, c.count("sliding_window", 0));
        // Only longrope uses it, but every Phi-3 has it.
        c.count("original_max_position_embeddings", 1);
        return plain(c, attention(c, headShare(c), false, false, false, windows), false, true);
    }

    /** Gemma 1. */
    private static LlamaConfig gemma(ModelConfig c) {
        boolean bias = c.flag("attention_bias", false);
        // The first checkpoints say hidden_act "gelu" and mean its tanh form, as HuggingFace reads them.
        boolean first =
                !c.has("hidden_activation") && c.text("hidden_act", "gelu").equals("gelu");
        Activation activation = first
                ? Activation.GELU_TANH
                : c.activation(c.has("hidden_activation") ? "hidden_activation" : "hidden_act", "");
        return gemma(c, attention(c, c.count("head_dim"), bias, bias, false, everywhere(c, 0)), activation, false, 0);
    }

    private static LlamaConfig gemma2(ModelConfig c) {
        if (c.flag("attention_bias", false)) {
            throw c.error(
                    "attention_bias", "is true: an output bias is not supported where the sum of heads is normalised");
        }
        // HuggingFace's class reads hidden_activation; hidden_act is left over from Gemma 1.
        c.text("hidden_act", "");
        Attention plain = attention(
                c,
                c.count("head_dim"),
                false,
                false,
                false,
                windows(c, c.count("sliding_window", 4096), layer -> layer % 2 == 0));
        Attention attention = new Attention(
                plain.headDim,
                plain.rotary,
                1 / Math.sqrt(c.number("query_pre_attn_scalar", 256)),
                false,
                false,
                false,
                cap(c, "attn_logit_softcapping", 50),
                plain.windows);
        Activation activation = c.activation("hidden_activation", "gelu_pytorch_tanh");
        return gemma(c, attention, activation, true, cap(c, "final_logit_softcapping", 30));
    }

    /** A soft limit: null means none, and where the field is absent, HuggingFace's default counts. */
    private static double cap(ModelConfig c, String field, double otherwise) {
        return c.number(field, c.states(field) ? 0 : otherwise);
    }

    /** Norm weights are one less than they count; embeddings are scaled; the head is tied. */
    private static LlamaConfig gemma(
            ModelConfig c, Attention attention, Activation activation, boolean postNorms, double logitCap) {
        ModelSizes sizes = sizes(c, attention);
        return new LlamaConfig(
                sizes,
                attention,
                false,
                activation,
                c.number("rms_norm_eps", 1e-6),
                1,
                Math.sqrt(sizes.hidden()),
                postNorms,
                logitCap,
                c.flag("tie_word_embeddings", true),
                false);
    }

    private static LlamaConfig plain(ModelConfig c, Attention attention, boolean mlpBias, boolean fused) {
        return new LlamaConfig(
                sizes(c, attention),
                attention,
                mlpBias,
                c.activation("hidden_act", "silu"),
                c.number("rms_norm_eps", 1e-6),
                0,
                1,
                false,
                0,
                c.flag("tie_word_embeddings", false),
                fused);
    }

    private static ModelSizes sizes(ModelConfig c, Attention attention) {
        int positions = attention.rotary().maxPositions(c.count("max_position_embeddings"));
        return new ModelSizes(
                c.modelType(),
                graphShape(c),
                c.count("hidden_size"),
                attention.headDim(),
                c.count("intermediate_size"),
                true,
                c.count("vocab_size"),
                positions);
    }

    private static GraphShape graphShape(ModelConfig c) {
        int heads = c.count("num_attention_heads");
        int kvHeads = c.count("num_key_value_heads", heads);
        if (heads % kvHeads != 0) {
            throw c.error(
                    "num_key_value_heads", "is " + kvHeads + ", which does not divide num_attention_heads = " + heads);
        }
        return new GraphShape(c.count("num_hidden_layers"), heads, kvHeads, List.of("embeds"), false);
    }

    private static Attention attention(
            ModelConfig c,
            int headDim,
            boolean inputBias,
            boolean outputBias,
            boolean headNorms,
            List<Integer> windows) {
        RotaryConfig rotary = RotaryConfig.of(c, headDim, c.number("partial_rotary_factor", 1), 10000);
        return new Attention(headDim, rotary, 1 / Math.sqrt(headDim), inputBias, outputBias, headNorms, 0, windows);
    }

    private static int headShare(ModelConfig c) {
        int hidden = c.count("hidden_size");
        int heads = c.count("num_attention_heads");
        if (hidden % heads != 0 && !c.has("head_dim")) {
            throw c.error("num_attention_heads", "is " + heads + ", which does not divide hidden_size = " + hidden);
        }
        return hidden / heads;
    }

    private static List<Integer> everywhere(ModelConfig c, int window) {
        return windows(c, window, layer -> true);
    }

    /** A window in the upper layers, if switched on. */
    private static List<Integer> qwenWindows(ModelConfig c) {
        boolean on = c.flag("use_sliding_window", false);
        int window = c.count("sliding_window", 4096);
        double full = c.number("max_window_layers", 28);
        return windows(c, on ? window : 0, layer -> layer >= full);
    }

    /**
     * The window in the layers that {@code layer_types} names, or where that is absent, in those of the architecture.
     */
    private static List<Integer> windows(ModelConfig c, int window, IntPredicate sliding) {
        int layers = c.count("num_hidden_layers");
        if (!c.has("layer_types")) {
            return IntStream.range(0, layers)
                    .mapToObj(layer -> sliding.test(layer) ? window : 0)
                    .toList();
        }
        List<Integer> windows = new ArrayList<>();
        for (JsonNode type : c.node("layer_types")) {
            windows.add(
                    switch (type.asText()) {
                        case "full_attention" -> 0;
                        case "sliding_attention" -> window;
                        default ->
                            throw c.error(
                                    "layer_types",
                                    "names " + type + ": known are full_attention and sliding_attention");
                    });
        }
        if (windows.size() != layers) {
            throw c.error("layer_types", "has " + windows.size() + " entries for " + layers + " layers");
        }
        return windows;
    }
}
