package org.edgeprune.graph;

import com.fasterxml.jackson.annotation.JsonIgnore;
import java.util.List;

/**
 * Everything that determines a model's computation graph.
 *
 * @param layers number of transformer layers
 * @param heads query heads per layer
 * @param kvHeads key/value heads per layer (fewer than {@code heads} under grouped-query attention)
 * @param embeddings names of the embedding nodes in order ({@code tok_embeds, pos_embeds} or {@code embeds}); empty if
 *     embeddings are not nodes and every reader sees them unmasked
 * @param parallelBlocks whether a layer's MLP reads the same residual stream as its attention (GPT-NeoX) and not the
 *     one after it
 */
public record GraphShape(int layers, int heads, int kvHeads, List<String> embeddings, boolean parallelBlocks) {
    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if they are negative, or {@code heads} is not a multiple of {@code kvHeads}
     */
    public GraphShape {
        embeddings = List.copyOf(embeddings);
        if (layers < 0 || heads < 1 || kvHeads < 1 || heads % kvHeads != 0) {
            throw new IllegalArgumentException(
                    "no such graph: " + layers + " layers, " + heads + " heads, " + kvHeads + " kv heads");
        }
    }

    /**
     * Whether it has more edges than an int can count.
     *
     * @return whether {@link ComputationGraph} refuses it
     */
    @JsonIgnore // not a property of its own in files
    public boolean isTooLarge() {
        double writers = embeddings.size() + (double) layers * (heads + 1);
        double readers = (double) layers * (heads + 2.0 * kvHeads + 1);
        return writers * readers / 2 > Integer.MAX_VALUE;
    }

    /**
     * The same model with its embeddings outside the graph.
     *
     * @return a shape without embedding nodes
     */
    public GraphShape withoutEmbeddings() {
        return new GraphShape(layers, heads, kvHeads, List.of(), parallelBlocks);
    }

    /**
     * Whether embeddings are nodes.
     *
     * @return whether there is an embedding node
     */
    public boolean hasEmbeddings() {
        return !embeddings.isEmpty();
    }
}
