package org.edgeprune.model.architecture;

import java.util.List;
import java.util.Map;
import org.edgeprune.graph.GraphShape;
import org.edgeprune.model.Activation;
import org.edgeprune.model.ModelConfig;
import org.edgeprune.model.ModelSizes;
import org.edgeprune.model.NormKind;
import org.edgeprune.model.Positions;
import org.edgeprune.model.RotaryConfig;
import org.edgeprune.model.RotaryFields;

/**
 * The parts of a GPT-NeoX {@code config.json} that decide how the model computes.
 *
 * @param sizes of the model
 * @param activation of the MLPs
 * @param norm every norm
 * @param rotary position embedding, of a part of each head
 * @param attentionBias whether attention's projections have a bias
 * @param tiedHead whether the unembedding is the token embedding
 */
record GptNeoXConfig(
        ModelSizes sizes,
        Activation activation,
        NormKind norm,
        RotaryConfig rotary,
        boolean attentionBias,
        boolean tiedHead) {

    /** Of HuggingFace's GPTNeoXConfig. */
    private static final Map<String, ?> DEFAULTS = Map.of(
            "vocab_size", 50432,
            "hidden_size", 6144,
            "intermediate_size", 24576,
            "num_hidden_layers", 44,
            "num_attention_heads", 64,
            "max_position_embeddings", 2048);

    /** @throws org.edgeprune.io.InputException naming the field that is missing, wrong or not supported */
    public static GptNeoXConfig of(ModelConfig stated) {
        ModelConfig c = stated.withDefaults(DEFAULTS);
        int hidden = c.count("hidden_size");
        int headDim = c.headShare("hidden_size", "num_attention_heads");
        boolean parallel = c.flag("use_parallel_residual", true);
        int heads = c.count("num_attention_heads");
        GraphShape graph = new GraphShape(c.count("num_hidden_layers"), heads, heads, List.of("embeds"), parallel);
        RotaryConfig rotary = RotaryFields.of(c, headDim)
                .baseField("rotary_emb_base")
                .partial("rotary_pct", 0.25)
                .read();
        GptNeoXConfig read = new GptNeoXConfig(
                new ModelSizes(
                        c.modelType(),
                        graph,
                        hidden,
                        headDim,
                        c.count("intermediate_size"),
                        false,
                        c.count("vocab_size"),
                        Positions.computed(c.count("max_position_embeddings"))),
                c.activation("hidden_act", "gelu"),
                new NormKind.Layer(c.number("layer_norm_eps", 1e-5)),
                rotary,
                c.flag("attention_bias", true),
                c.flag("tie_word_embeddings", false));
        c.refuseOthers();
        return read;
    }
}
