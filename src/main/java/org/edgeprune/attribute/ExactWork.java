package org.edgeprune.attribute;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.edgeprune.engine.EdgeCuts;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.graph.Reader;
import org.edgeprune.torch.Tensor;

/**
 * What {@link ExactPatching} cuts, in its order: the edges into each reader, the nodes of each block, and the neurons
 * of each MLP. Sums of the scores lie in the same order.
 *
 * @param graph whose edges are cut
 * @param nodes whether nodes are cut
 * @param inner neurons of each MLP that are cut; 0 for none
 */
record ExactWork(ComputationGraph graph, boolean nodes, int inner) {
    static ExactWork of(AttributionSetting setting, ScoreLevels levels) {
        return new ExactWork(
                setting.graph(),
                levels.nodes(),
                levels.neurons() ? Math.toIntExact(setting.model().sizes().inner()) : 0);
    }

    /**
     * Things that are cut one by one, each in a copy of the prompts.
     *
     * @param first where their sums begin
     * @param count how many they are
     * @param cuts cuts some of them, by their numbers from 0 on
     */
    record Piece(int first, int count, Cuts cuts) {}

    /** See {@link Piece}. */
    @FunctionalInterface
    interface Cuts {
        /**
         * Cuts one thing in each copy.
         *
         * @return the final residual stream at the scored tokens, copy by copy, {@code [scored, hidden]}
         */
        Tensor finalResidual(EdgeCuts engine, int[] chosen);
    }

    /** How many sums there are. */
    int size() {
        return firstNeuron(graph.shape().layers());
    }

    private int firstNode() {
        return graph.edgeCount();
    }

    private int firstNeuron(int layer) {
        return firstNode() + (nodes ? graph.nodeCount() : 0) + layer * inner;
    }

    List<Piece> pieces() {
        List<Piece> pieces = new ArrayList<>();
        for (Reader reader : graph.readers()) {
            int writers = graph.groupOf(reader).visibleWriters();
            int first = writers == 0 ? 0 : graph.edgeIndex(graph.writers().getFirst(), reader);
            pieces.add(new Piece(first, writers, (engine, chosen) -> engine.finalResidual(reader, chosen)));
        }
        if (nodes) {
            int embeddings = graph.firstWriter(0);
            if (embeddings > 0) {
                pieces.add(block(0, embeddings));
            }
            for (int layer = 0; layer < graph.shape().layers(); layer++) {
                int heads = graph.shape().heads();
                pieces.add(block(graph.firstWriter(layer), heads));
                pieces.add(block(graph.firstWriter(layer) + heads, 1));
            }
        }
        for (int layer = 0; inner > 0 && layer < graph.shape().layers(); layer++) {
            int its = layer;
            pieces.add(new Piece(
                    firstNeuron(layer), inner, (engine, chosen) -> engine.finalResidualWithoutNeurons(its, chosen)));
        }
        return pieces;
    }

    private Piece block(int firstWriter, int count) {
        return new Piece(
                firstNode() + firstWriter,
                count,
                (engine, chosen) -> engine.finalResidualWithout(
                        IntStream.of(chosen).map(i -> firstWriter + i).toArray()));
    }

    /** The most things that a piece has. */
    int largest() {
        return Stream.of(graph.nodeCount(), inner).max(Integer::compare).orElseThrow();
    }

    LevelScores scores(float[] means) {
        EdgeScores edges = EdgeScores.of(graph, Arrays.copyOf(means, graph.edgeCount()));
        return new LevelScores(
                edges,
                nodes
                        ? Optional.of(Arrays.copyOfRange(means, firstNode(), firstNode() + graph.nodeCount()))
                        : Optional.empty(),
                inner > 0
                        ? Optional.of(IntStream.range(0, graph.shape().layers())
                                .mapToObj(l -> Arrays.copyOfRange(means, firstNeuron(l), firstNeuron(l + 1)))
                                .toArray(float[][]::new))
                        : Optional.empty(),
                List.of());
    }
}
