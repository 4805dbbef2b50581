package org.edgeprune.tracr.compile;

import java.util.Optional;
import org.edgeprune.tracr.rasp.Predicate;
import org.edgeprune.tracr.rasp.SOp;

/**
 * Makes the block of each s-op. Attention heads are built here, MLPs by {@link MlpBuilder}.
 *
 * <p>All blocks rely on one invariant and keep it: the BOS position holds nothing but its token direction and
 * {@link Direction#ONE}. So a head that attends to it reads zero.
 */
final class BlockBuilder {
    /**
     * What the BOS position scores for a head that shall fall back on it: less than a selected key, more than others.
     */
    private static final double FALLBACK_SCORE = 0.5;

    private final ProgramGraph graph;
    private final ValueSets values;
    private final Direction bos;
    private final MlpBuilder mlps;

    BlockBuilder(ProgramGraph graph, ValueSets values, Direction bos, double exactness) {
        this.graph = graph;
        this.values = values;
        this.bos = bos;
        this.mlps = new MlpBuilder(values, bos, exactness);
    }

    /** The block that computes {@code node}; none for tokens and indices, which the embeddings hold. */
    Optional<Block> build(ProgramGraph.Node node) {
        return ValueSets.named(node, () -> switch (node.sop()) {
            case SOp.Tokens s -> Optional.empty();
            case SOp.Indices s -> Optional.empty();
            case SOp.Full s -> throw new IllegalStateException("constants are lowered to maps");
            case SOp.Map s -> Optional.of(Block.of(mlps.map(node, s.f())));
            case SOp.SequenceMap s -> Optional.of(Block.of(mlps.sequenceMap(node, s.f())));
            case SOp.LinearSequenceMap s -> Optional.of(Block.of(mlps.linear(node, s.firstFactor(), s.secondFactor())));
            case SOp.Aggregate s -> Optional.of(Block.of(aggregate(node, s)));
            case SOp.SelectorWidth s -> Optional.of(selectorWidth(node, s));
        });
    }

    /** Moves the values of the selected positions; nothing selected reads BOS, that is zero. */
    private Block.Head aggregate(ProgramGraph.Node node, SOp.Aggregate aggregate) {
        ProgramGraph.Node source = node.input(2);
        Linear move = new Linear(values.space(source), values.space(node));
        for (Direction from : move.from().basis()) {
            move.add(from, new Direction(node.label(), from.value()), 1);
        }
        return new Block.Head(scores(node, aggregate.selector().predicate(), FALLBACK_SCORE), move);
    }

    /**
     * A head that attends to BOS besides the {@code d} selected positions and moves the BOS direction, which gives
     * {@code 1 / (d + 1)}, and an MLP that makes {@code d} of it.
     */
    private Block selectorWidth(ProgramGraph.Node node, SOp.SelectorWidth width) {
        Direction fraction = new Direction(graph.newLabel(node.label() + "_selector_width_attn_output"));
        Linear move = new Linear(Space.of(bos), Space.of(fraction));
        move.add(bos, fraction, 1);
        return Block.of(
                new Block.Head(scores(node, width.selector().predicate(), 1), move), mlps.width(node, fraction));
    }

    private Linear scores(ProgramGraph.Node node, Predicate predicate, double bosScore) {
        Space keys = values.space(node.input(0));
        Space queries = values.space(node.input(1));
        Linear scores = new Linear(queries.with(bos, Direction.ONE), keys.with(bos));
        for (Direction query : queries.basis()) {
            for (Direction key : keys.basis()) {
                if (predicate.test(key.value(), query.value())) {
                    scores.add(query, key, 1);
                }
            }
        }
        scores.add(Direction.ONE, bos, bosScore);
        return scores;
    }
}
