package org.edgeprune.prune;

import java.util.LinkedHashMap;
import java.util.Map;
import org.edgeprune.eval.Evaluation;
import org.edgeprune.graph.Circuit;
import org.edgeprune.mask.MaskValues;
import org.edgeprune.task.HeldOut;

/**
 * What a run found.
 *
 * @param soft masks in [0, 1] without noise
 * @param thresholds thresholds at which the binary masks are as sparse as the soft ones
 * @param binary masks that are one where the soft mask is above its threshold, else zero
 * @param evaluation the binary masks' evaluation on the test part
 * @param heldOut the binary masks' evaluation on other held-out prompts, by what is new in them
 * @param steps number of steps that were made, fewer than asked for after an early exit
 * @param seconds wall-clock time of the run since it was started or resumed
 */
public record PruneResult(
        MaskValues soft,
        MaskValues.Thresholds thresholds,
        MaskValues binary,
        Evaluation evaluation,
        Map<HeldOut, Evaluation> heldOut,
        int steps,
        double seconds) {
    /**
     * The circuit: the edges whose mask and whose writer's mask are one.
     *
     * @return the edges that are kept
     * @throws IllegalStateException if positions have masks of their own, see {@link MaskValues#positionCircuit}
     */
    public Circuit circuit() {
        return binary.circuit();
    }

    /**
     * The content of {@code metrics.json}: {@link Evaluation#summary}, under {@code held_out} {@link Evaluation#brief}
     * by kind of held-out prompts, the thresholds, the number of steps, and the time that the run took.
     *
     * @return values by name; a new map that the caller may change
     */
    public Map<String, Object> metrics() {
        Map<String, Object> all = evaluation.summary(binary);
        if (!heldOut.isEmpty()) {
            Map<String, Object> kinds = new LinkedHashMap<>();
            heldOut.forEach((kind, result) -> kinds.put(kind.key(), result.brief()));
            all.put("held_out", kinds);
        }
        all.put("edge_threshold", thresholds.edges());
        all.put("node_threshold", thresholds.nodes());
        if (binary.hasNeurons()) {
            all.put("neuron_threshold", thresholds.neurons());
        }
        all.put("steps", steps);
        all.put("seconds", seconds);
        return all;
    }
}
