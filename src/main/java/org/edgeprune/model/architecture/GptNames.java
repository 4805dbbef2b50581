package org.edgeprune.model.architecture;

import org.edgeprune.model.Parameters;

/**
 * What a decoder of GPT's kind calls its parameters.
 *
 * @param base prefix of all but the unembedding; checkpoints saved from the base model lack its first part
 * @param tokens the token embedding
 * @param layers prefix of a layer's number
 * @param layer in each layer
 * @param finalNorm the norm before the unembedding
 */
record GptNames(String base, String tokens, String layers, Layer layer, String finalNorm) {
    /**
     * @param attentionNorm the norm before attention
     * @param attention prefix of {@code q_proj}, {@code k_proj} and {@code v_proj}, or where they are one parameter,
     *     its name
     * @param output attention's output projection
     * @param mlpNorm the norm before the MLP; the same as before attention where both read the same
     * @param up the MLP's first projection
     * @param down the MLP's second
     */
    record Layer(String attentionNorm, String attention, String output, String mlpNorm, String up, String down) {}

    /** The prefix that a checkpoint has. */
    String base(Parameters p) {
        String weight = tokens + ".weight";
        return p.has(base + weight) ? base : withoutModel();
    }

    /** The same without the model that has the head: {@code transformer.} or {@code model.}. */
    private String withoutModel() {
        return base.substring(base.indexOf('.') + 1);
    }

    /** The prefix of one layer's parameters. */
    String layer(Parameters p, int number) {
        return base(p) + layers + number + ".";
    }
}
