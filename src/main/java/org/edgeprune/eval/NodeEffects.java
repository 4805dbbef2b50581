package org.edgeprune.eval;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;
import org.edgeprune.graph.Circuit;
import org.edgeprune.graph.Edge;
import org.edgeprune.graph.Writer;
import org.edgeprune.io.Json;
import org.edgeprune.mask.MaskValues;

/**
 * How much each node of a circuit matters: one node after the other is knocked out, of the circuit and of the full
 * model, and the rest evaluated.
 *
 * @param examples number of examples that the metrics are means over
 * @param circuit metrics of the whole circuit, by name
 * @param fullModel metrics of the full model, by name
 * @param nodes the nodes, from the one without which the circuit's KL is highest to the one that matters least
 */
public record NodeEffects(
        int examples, Map<String, Double> circuit, Map<String, Double> fullModel, List<NodeEffect> nodes) {
    private static final String KL = "kl";

    /** Sorts the nodes. */
    public NodeEffects {
        nodes = nodes.stream()
                .sorted(Comparator.comparingDouble(
                                (NodeEffect effect) -> -effect.inCircuit().getOrDefault(KL, 0.0))
                        .thenComparingInt(effect -> effect.node().index()))
                .toList();
    }

    /**
     * The nodes that a circuit has an edge out of.
     *
     * @param masks binary masks
     * @param most how many at most: those with the most edges out of them, the first ones where they have as many
     * @return writers in the order of the graph
     */
    public static List<Writer> nodesOf(MaskValues masks, int most) {
        Circuit circuit = anywhere(masks);
        int[] edges = circuit.edgesByWriter();
        return circuit.edgeWriters().stream()
                .sorted(Comparator.comparingInt((Writer writer) -> -edges[writer.index()])) // which is stable
                .limit(most)
                .sorted(Comparator.comparingInt(Writer::index))
                .toList();
    }

    /** The circuit, or the edges that are kept at any position. */
    private static Circuit anywhere(MaskValues masks) {
        return masks.byPosition() ? masks.positionCircuit().anywhere() : masks.circuit();
    }

    /**
     * Knocks nodes out, each alone, at all positions.
     *
     * @param evaluate evaluates masks, always on the same examples
     * @param masks the circuit's binary masks
     * @param nodes the nodes to knock out
     * @param measured told of each node when it has been measured
     * @return the effects of all of them
     */
    public static NodeEffects measure(
            Function<MaskValues, Evaluation> evaluate,
            MaskValues masks,
            List<Writer> nodes,
            Consumer<NodeEffect> measured) {
        Evaluation whole = evaluate.apply(masks);
        MaskValues model = MaskValues.full(masks.graph());
        Circuit circuit = anywhere(masks);
        List<NodeEffect> effects = new ArrayList<>();
        for (Writer node : nodes) {
            effects.add(NodeEffect.of(
                    circuit,
                    node,
                    evaluate.apply(masks.without(node)).metrics(),
                    evaluate.apply(model.without(node)).metrics()));
            measured.accept(effects.getLast());
        }
        return new NodeEffects(whole.examples().size(), whole.metrics(), whole.fullModelMetrics(), effects);
    }

    /**
     * The content of {@code heads.json}.
     *
     * @return an object with {@code examples}, the metrics of {@code circuit} and {@code full_model}, and
     *     {@code nodes}: for each its name, the metrics {@code in_circuit} and {@code in_model} without it, and the
     *     circuit's edges into it and out of it as {@code [writer, reader]} pairs, {@code inputs} and {@code outputs}:
     *     those at any position where positions have masks of their own
     */
    public ObjectNode toJson() {
        ObjectNode json = Json.object();
        json.put("examples", examples);
        json.set("circuit", Json.PLAIN.tree(circuit));
        json.set("full_model", Json.PLAIN.tree(fullModel));
        ArrayNode all = json.putArray("nodes");
        for (NodeEffect effect : nodes) {
            ObjectNode one = all.addObject().put("node", effect.node().name());
            one.set("in_circuit", Json.PLAIN.tree(effect.inCircuit()));
            one.set("in_model", Json.PLAIN.tree(effect.inModel()));
            pairs(one.putArray("inputs"), effect.inputs());
            pairs(one.putArray("outputs"), effect.outputs());
        }
        return json;
    }

    private static void pairs(ArrayNode array, List<Edge> edges) {
        edges.forEach(edge ->
                array.addArray().add(edge.writer().name()).add(edge.reader().name()));
    }
}
