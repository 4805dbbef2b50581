package org.edgeprune.tracr.compile;

import java.util.List;
import java.util.Optional;

/**
 * The part of a layer that computes one s-op: an attention head, an MLP, or (for a selector width) a head and an MLP of
 * the same layer that reads its output.
 */
record Block(Optional<Head> head, Optional<Mlp> mlp) {

    /**
     * An attention head.
     *
     * @param scores the attention score of each pair (query direction, key direction), before it is scaled: 1 where the
     *     key is selected, less where it only serves if no other is
     * @param values from the directions that are moved to those that they are written to
     */
    record Head(Linear scores, Linear values) {
        List<Space> spaces() {
            return List.of(scores.from(), scores.to(), values.from(), values.to());
        }

        /** The width of queries, keys and values that this head needs. */
        int size() {
            return Math.max(
                    values.to().size(),
                    Math.max(scores.from().size(), scores.to().size()));
        }
    }

    /** {@code second(relu(first(x)))}. */
    record Mlp(Linear first, Linear second) {
        List<Space> spaces() {
            return List.of(first.from(), second.to());
        }

        int hiddenSize() {
            return first.to().size();
        }
    }

    static Block of(Head head) {
        return new Block(Optional.of(head), Optional.empty());
    }

    static Block of(Mlp mlp) {
        return new Block(Optional.empty(), Optional.of(mlp));
    }

    static Block of(Head head, Mlp mlp) {
        return new Block(Optional.of(head), Optional.of(mlp));
    }

    boolean isHeadOnly() {
        return head.isPresent() && mlp.isEmpty();
    }

    boolean isMlpOnly() {
        return mlp.isPresent() && head.isEmpty();
    }
}
