package org.edgeprune.model;

/**
 * The order in which a forward pass uses a model's parts: the embedding, then attention and MLP of each layer, then the
 * unembedding. Each part has its place in it as a number.
 */
record PartOrder(int layers) {
    private static final int PARTS_A_LAYER = 2;

    int embedding() {
        return 0;
    }

    int attention(int layer) {
        return 1 + PARTS_A_LAYER * layer;
    }

    int mlp(int layer) {
        return attention(layer) + 1;
    }

    int unembedding() {
        return attention(layers);
    }
}
