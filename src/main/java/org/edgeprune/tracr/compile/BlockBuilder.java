package org.edgeprune.tracr.compile;

import java.util.Optional;
import org.edgeprune.tracr.rasp.Predicate;
import org.edgeprune.tracr.rasp.SOp;
import org.edgeprune.tracr.rasp.SharedPredicate;

/**
 * Builds the block of each s-op. Attention heads are built here, MLPs by {@link MlpBuilder}.
 *
 * <p>All blocks rely on one invariant and preserve it: the BOS position is zero except on its token direction and
 * {@link Direction#ONE}. So a head that attends to it reads zero.
 */
final class BlockBuilder {
    /**
     * The score of BOS for a head that attends to it where nothing is selected: less than a selected key, more than
     * others.
     */
    private static final double FALLBACK_SCORE = 0.5;

    private final ProgramGraph graph;
    private final ValueSets values;
    private final Direction bos;
    private final MlpBuilder mlps;
    private final SizeLimit limit = new SizeLimit();

    /** @throws org.edgeprune.io.InputException if all blocks together would be too large, before any is made */
    BlockBuilder(ProgramGraph graph, ValueSets values, Direction bos, double exactness) {
        this.graph = graph;
        this.values = values;
        this.bos = bos;
        this.mlps = new MlpBuilder(values, bos, exactness);
        graph.nodes().forEach(this::addSizes);
    }

    /** The block that computes {@code node}; empty for tokens and indices, which the embeddings write. */
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

    /** Counts the matrices of a block before they are made. */
    private void addSizes(ProgramGraph.Node node) {
        String what = "s-op " + node.label();
        long output = width(node);
        switch (node.sop()) {
            case SOp.Map s
            when node.input(0).sop().isNumerical() ->
                limit.add(what, 2L * values.of(node.input(0)).size(), output);
            case SOp.Map s -> limit.add(what, width(node.input(0)) + output, output);
            case SOp.SequenceMap s ->
                limit.add(
                        what,
                        width(node.input(0)) * width(node.input(1)),
                        width(node.input(0)) + width(node.input(1)) + output);
            case SOp.Aggregate s -> {
                limit.add(what, width(node.input(1)), width(node.input(0)));
                limit.add(what, width(node.input(2)), output);
            }
            case SOp.SelectorWidth s -> {
                limit.add(what, width(node.input(1)), width(node.input(0)));
                limit.add(what, 2L * values.of(node).size(), output);
            }
            default -> {}
        }
    }

    /** How many directions hold an s-op. */
    private long width(ProgramGraph.Node node) {
        return node.sop().isCategorical() ? values.of(node).size() : 1;
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

    private Linear scores(ProgramGraph.Node node, Predicate selects, double bosScore) {
        Predicate predicate = SharedPredicate.of(selects);
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
