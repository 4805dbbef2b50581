package org.edgeprune.prune;

import java.util.LinkedHashMap;
import java.util.Map;
import org.edgeprune.eval.Evaluation;
import org.edgeprune.graph.Circuit;
import org.edgeprune.mask.MaskValues;

/**
 * What a run found.
 *
 * @param soft deterministic soft masks
 * @param thresholds at which binary masks are as sparse as the soft ones
 * @param binary the masks above their thresholds
 * @param evaluation of the binary masks on the test part
 * @param seconds that the run took
 */
public record PruneResult(
        MaskValues soft, MaskValues.Thresholds thresholds, MaskValues binary, Evaluation evaluation, double seconds) {
    /** The edges that are kept: their mask and their writer's mask are one. */
    public Circuit circuit() {
        return binary.circuit();
    }

    /** {@code metrics.json}: sparsities, the circuit's metrics by name and the full model's with the prefix {@code full_model_}. */
    public Map<String, Object> metrics() {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("edge_sparsity", binary.edgeSparsity());
        all.put("node_sparsity", binary.nodeSparsity());
        all.put("effective_edge_sparsity", binary.effectiveEdgeSparsity());
        all.put("num_edges", circuit().size());
        all.put("total_edges", binary.edges().length);
        all.put("edge_threshold", thresholds.edges());
        all.put("node_threshold", thresholds.nodes());
        all.put("examples", evaluation.examples().size());
        all.putAll(evaluation.metrics());
        evaluation.fullModelMetrics().forEach((name, value) -> all.put("full_model_" + name, value));
        all.put("seconds", seconds);
        return all;
    }
}
