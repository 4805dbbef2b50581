package org.edgeprune.graph;

import com.fasterxml.jackson.annotation.JsonIgnore;
import java.util.List;

/**
 * All that determines a model's computation graph.
 *
 * @param layers number of transformer layers
 * @param heads query heads a layer
 * @param kvHeads key/value heads a layer (fewer than {@code heads} under grouped-query attention)
 * @param embeddings names of the embedding nodes in order ({@code tok_embeds, pos_embeds} or {@code embeds}); empty
 *     where embeddings are not nodes and every reader sees them unmasked
 * @param parallelBlocks whether a layer's MLP reads beside its attention and not after it (GPT-NeoX)
 */
public record GraphShape(int layers, int heads, int kvHeads, List<String> embeddings, boolean parallelBlocks) {
    public GraphShape {
        embeddings = List.copyOf(embeddings);
        if (layers < 0 || heads < 1 || kvHeads < 1 || heads % kvHeads != 0) {
            throw new IllegalArgumentException(
                    "no such graph: " + layers + " layers, " + heads + " heads, " + kvHeads + " kv heads");
        }
    }

    /** Whether it has more edges than an int can count. */
    @JsonIgnore // not a property of its own in files
    public boolean isTooLarge() {
        double writers = embeddings.size() + (double) layers * (heads + 1);
        double readers = (double) layers * (heads + 2.0 * kvHeads + 1);
        return writers * readers / 2 > Integer.MAX_VALUE;
    }

    /** The same model with its embeddings outside the graph. */
    public GraphShape withoutEmbeddings() {
        return new GraphShape(layers, heads, kvHeads, List.of(), parallelBlocks);
    }

    public boolean hasEmbeddings() {
        return !embeddings.isEmpty();
    }
}
