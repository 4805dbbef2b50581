package org.example;

import java.util.List;
import org.edgeprune.model.ModelConfig;
import org.edgeprune.model.ModelSizes;
import org.edgeprune.model.NormKind;
import org.edgeprune.model.Positions;
import org.edgeprune.model.RotaryConfig;
import org.edgeprune.model.RotaryFields;

/**
 * What a {@code config.json} of this architecture says.
 *
 * @param sizes of the model
 * @param norm every norm
 * @param rotary position embedding
 */
record NanoReluConfig(ModelSizes sizes, NormKind norm, RotaryConfig rotary) {
    static NanoReluConfig of(ModelConfig config) {
        int hidden = config.count("hidden_size");
        int headDim = config.headShare("hidden_size", "num_attention_heads");
        ModelSizes sizes = new ModelSizes(
                config.modelType(),
                config.graph(List.of("embeds"), false),
                hidden,
                headDim,
                config.count("intermediate_size", 4 * hidden), // a default where the field is absent
                false,
                config.count("vocab_size"),
                Positions.computed(config.count("max_position_embeddings")));
        NormKind norm = new NormKind.Rms(config.number("rms_norm_eps", 1e-6), 0);
        NanoReluConfig read =
                new NanoReluConfig(sizes, norm, RotaryFields.of(config, headDim).read());
        config.refuseOthers();
        return read;
    }
}
