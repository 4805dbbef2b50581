package org.edgeprune.prune;

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

    /** {@code metrics.json}: {@link Evaluation#summary}, the thresholds, and the time that the run took. */
    public Map<String, Object> metrics() {
        Map<String, Object> all = evaluation.summary(binary);
        all.put("edge_threshold", thresholds.edges());
        all.put("node_threshold", thresholds.nodes());
        all.put("seconds", seconds);
        return all;
    }
}
