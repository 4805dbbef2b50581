package org.edgeprune.draw;

import java.util.Comparator;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.edgeprune.io.InputException;

/**
 * A node of a drawing. An MLP is one node, both reader and writer; a head is its output node and up to three input
 * nodes.
 *
 * @param name its name in {@code edges.json}
 * @param layer its layer; -1 for embeddings and constants, {@link Integer#MAX_VALUE} for the output
 * @param head its head, or -1
 */
record DrawnNode(String name, NodeType type, int layer, int head) {
    private static final Pattern MLP = Pattern.compile("m(\\d{1,4})");
    private static final Pattern HEAD = Pattern.compile("a(\\d{1,4})\\.h(\\d{1,4})(?:\\.([qkv]))?");

    /** Order of computation, then by head and kind: the order in which nodes are listed and drawn. */
    static final Comparator<DrawnNode> ORDER = Comparator.comparingInt(DrawnNode::rank)
            .thenComparingInt(DrawnNode::head)
            .thenComparing(DrawnNode::type)
            .thenComparing(DrawnNode::name);

    static DrawnNode constant(String name) {
        return new DrawnNode(name, NodeType.CONSTANT, -1, -1);
    }

    /** The output node of a head. */
    static DrawnNode head(int layer, int head) {
        return new DrawnNode("a" + layer + ".h" + head, NodeType.HEAD, layer, head);
    }

    /**
     * The node of a name.
     *
     * @param role "writer" or "reader", for the error
     * @throws InputException if there is no node of this name and role
     */
    static DrawnNode parse(String name, Predicate<NodeType> allowed, String role) {
        DrawnNode node = parse(name);
        if (node == null || !allowed.test(node.type)) {
            String known = role.equals("writer")
                    ? "tok_embeds, pos_embeds, embeds, a3.h7, m3"
                    : "a3.h7.q, a3.h7.k, a3.h7.v, m3, resid_post";
            throw new InputException("unknown " + role + " '" + name + "': " + role + "s have names such as " + known);
        }
        return node;
    }

    /** The node of that name, or null if no node has that name. */
    static DrawnNode parse(String name) {
        NodeType fixed =
                switch (name) {
                    case "tok_embeds", "token_embeds", "embeds" -> NodeType.TOKEN_EMBEDDING;
                    case "pos_embeds" -> NodeType.POSITION_EMBEDDING;
                    case "resid_post" -> NodeType.OUTPUT;
                    default -> null;
                };
        if (fixed != null) {
            return new DrawnNode(name, fixed, fixed == NodeType.OUTPUT ? Integer.MAX_VALUE : -1, -1);
        }
        Matcher mlp = MLP.matcher(name);
        if (mlp.matches()) {
            return new DrawnNode(name, NodeType.MLP, Integer.parseInt(mlp.group(1)), -1);
        }
        Matcher head = HEAD.matcher(name);
        if (!head.matches()) {
            return null;
        }
        NodeType type =
                switch (head.group(3)) {
                    case null -> NodeType.HEAD;
                    case "q" -> NodeType.QUERY;
                    case "k" -> NodeType.KEY;
                    default -> NodeType.VALUE;
                };
        return new DrawnNode(name, type, Integer.parseInt(head.group(1)), Integer.parseInt(head.group(2)));
    }

    /** The position in the order of computation: all heads of a layer have the same, its MLP the next. */
    int rank() {
        return switch (type) {
            case TOKEN_EMBEDDING, POSITION_EMBEDDING, CONSTANT -> 0;
            case QUERY, KEY, VALUE, HEAD -> 2 * layer + 1;
            case MLP -> 2 * layer + 2;
            case OUTPUT -> Integer.MAX_VALUE;
        };
    }
}
