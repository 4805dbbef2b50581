package org.edgeprune.eval;

import java.util.List;
import java.util.Map;
import org.edgeprune.graph.Circuit;
import org.edgeprune.graph.Edge;
import org.edgeprune.graph.Writer;

/**
 * What one node does: the metrics that are left when all edges out of it are ablated.
 *
 * @param node the attention head, MLP or embedding
 * @param inputs the circuit's edges into it; of a head, those into its query, and into the key and value that it uses
 * @param outputs the circuit's edges out of it
 * @param inCircuit mean metrics of the circuit without the node, by name
 * @param inModel mean metrics of the full model without the node, by name
 */
public record NodeEffect(
        Writer node,
        List<Edge> inputs,
        List<Edge> outputs,
        Map<String, Double> inCircuit,
        Map<String, Double> inModel) {

    /** The node's edges in a circuit, with its metrics. */
    static NodeEffect of(Circuit circuit, Writer node, Map<String, Double> inCircuit, Map<String, Double> inModel) {
        return new NodeEffect(node, circuit.edgesInto(node), circuit.edgesOutOf(node), inCircuit, inModel);
    }
}
