package org.edgeprune.draw;

/**
 * The types of nodes, with the colours of the paper's figures (X11 colour names in the published drawing script).
 *
 * <p>{@code fill} is the colour of the node; {@code ink} has the same hue, is dark enough for a thin line on white, and
 * is the colour of the edges that leave the node.
 */
enum NodeType {
    TOKEN_EMBEDDING("token embeddings", 0xc0c0c0, 0x808080), // grey
    POSITION_EMBEDDING("position embeddings", 0xb0c4de, 0x7890b4), // lightsteelblue
    QUERY("Q: a head's query input", 0xffbbff, 0xc878c8), // plum1
    KEY("K: key input", 0xffb6c1, 0xe07890), // lightpink
    VALUE("V: value input", 0xfff68f, 0xc0aa20), // khaki1
    HEAD("O: a head's output", 0x79cdcd, 0x2f9a9a), // darkslategray3
    MLP("MLP", 0x8ee5ee, 0x2f9fd0), // cadetblue2
    OUTPUT("output", 0xf0ffff, 0x80a0a0), // azure
    CONSTANT("constant", 0xffffff, 0xa8a8a8); // its edges: gray66

    final String label;
    final int fill;
    final int ink;

    NodeType(String label, int fill, int ink) {
        this.label = label;
        this.fill = fill;
        this.ink = ink;
    }

    boolean isEmbedding() {
        return this == TOKEN_EMBEDDING || this == POSITION_EMBEDDING;
    }

    boolean isHeadInput() {
        return this == QUERY || this == KEY || this == VALUE;
    }

    boolean isWriter() {
        return isEmbedding() || this == HEAD || this == MLP;
    }

    boolean isReader() {
        return isHeadInput() || this == MLP || this == OUTPUT;
    }
}
