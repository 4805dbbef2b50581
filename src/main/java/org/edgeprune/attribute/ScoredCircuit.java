package org.edgeprune.attribute;

import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.edgeprune.graph.Circuit;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.graph.EapIgFile;
import org.edgeprune.graph.EapIgGraph;
import org.edgeprune.graph.EapIgMapping;
import org.edgeprune.graph.Edge;
import org.edgeprune.graph.GraphShape;

/**
 * A circuit, scores of edges, or both: of one graph, which is the model's with or without embedding nodes, or EAP-IG's
 * of it.
 *
 * @param circuit empty where no edges were chosen by the scores
 * @param scores of every edge; empty for a bare list of edges
 */
public record ScoredCircuit(Optional<Circuit> circuit, Optional<EdgeScores> scores) {
    /**
     * Checks the graphs.
     *
     * @throws IllegalArgumentException if they differ, or there is neither a circuit nor scores
     */
    public ScoredCircuit {
        if (circuit.isEmpty() && scores.isEmpty()) {
            throw new IllegalArgumentException("neither a circuit nor scores");
        }
        if (circuit.isPresent()
                && scores.isPresent()
                && !scores.get().graph().shape().equals(circuit.get().graph().shape())) {
            throw new IllegalArgumentException("a circuit and scores of different graphs");
        }
    }

    /**
     * The graph that they are of.
     *
     * @return the graph
     */
    public ComputationGraph graph() {
        return circuit.map(Circuit::graph).orElseGet(() -> scores.orElseThrow().graph());
    }

    /**
     * The same in the model's graph, as {@link EapIgMapping} makes it where it is in EAP-IG's.
     *
     * @param model the shape of the model's graph, with embedding nodes
     * @return itself where it is in the model's graph already
     */
    public ScoredCircuit inModel(GraphShape model) {
        GraphShape shape = graph().shape();
        if (shape.equals(model) || !shape.equals(EapIgGraph.shape(model))) {
            return this;
        }
        ComputationGraph graph = new ComputationGraph(model);
        EapIgMapping mapping = EapIgMapping.of(graph);
        return new ScoredCircuit(
                circuit.map(mapping::toModel),
                scores.map(values -> EdgeScores.of(graph, mapping.toModel(values.toArray()))));
    }

    /**
     * As a graph file of EAP-IG. Without scores, edges of the circuit have the score 1 and the others 0, so that tools
     * that rank edges find the circuit again; without a circuit, no edge is {@code in_graph}.
     *
     * @param model the shape of the model's graph, with embedding nodes
     * @param hidden width of its residual stream
     * @return in EAP-IG's graph of the model
     */
    public EapIgFile toEapIg(GraphShape model, int hidden) {
        EapIgGraph graph = new EapIgGraph(model);
        Circuit members = circuit.map(
                        chosen -> chosen.graph().shape().equals(graph.graph().shape())
                                ? chosen
                                : EapIgMapping.of(chosen.graph()).toEapIg(chosen))
                .orElseGet(() -> Circuit.of(graph.graph(), new BitSet()));
        float[] values = scores.map(
                        given -> CurveEvaluator.inEapIg(given, model).toArray())
                .orElseGet(() -> membership(members));
        return new EapIgFile(graph, hidden, values, members);
    }

    private static float[] membership(Circuit members) {
        float[] values = new float[members.graph().edgeCount()];
        members.edgeSet().stream().forEach(edge -> values[edge] = 1);
        return values;
    }

    /**
     * The edges to be listed: the circuit's in their order; all from the best to the worst where there are only scores.
     *
     * @param by what makes an edge the better one
     * @return the edges
     */
    public List<Edge> listed(Ranking by) {
        return circuit.map(Circuit::edges)
                .orElseGet(() -> IntStream.of(scores.orElseThrow().ranked(by))
                        .mapToObj(graph()::edge)
                        .toList());
    }

    /**
     * The same with no more edges than a drawing can show, chosen from the output upwards: always the best edge into a
     * node that is in, so that all are on a path to the output.
     *
     * @param most number of edges
     * @param by what makes an edge the better one
     * @return itself where it has no more edges
     * @throws IllegalStateException if it has more, and no scores
     */
    public ScoredCircuit strongest(int most, Ranking by) {
        Circuit all = circuit.orElseThrow();
        if (all.size() <= most) {
            return this;
        }
        EdgeScores values = scores.orElseThrow(() -> new IllegalStateException("no scores"));
        return new ScoredCircuit(Optional.of(new GreedySelection(values, by, all::contains).take(most)), scores);
    }

    /**
     * A table with the columns {@code writer,reader,score}, the last one empty where there are no scores.
     *
     * @param edges its rows
     * @return the text of a CSV file with a header
     */
    public String toCsv(List<Edge> edges) {
        return edges.stream()
                .map(edge -> edge.writer() + "," + edge.reader() + "," + score(edge) + "\n")
                .collect(Collectors.joining("", "writer,reader,score\n", ""));
    }

    /**
     * The score of an edge.
     *
     * @param edge an edge of the graph
     * @return its score; NaN where there are no scores
     */
    public double scoreOf(Edge edge) {
        return scores.map(values -> (double) values.at(edge.writer(), edge.reader()))
                .orElse(Double.NaN);
    }

    /** A number that Python and Java read; nothing where there is none. */
    String score(Edge edge) {
        return scores.map(values -> Float.toString(values.at(edge.writer(), edge.reader())))
                .orElse("")
                .toLowerCase(Locale.ROOT);
    }
}
