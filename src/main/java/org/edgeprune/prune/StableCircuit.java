package org.edgeprune.prune;

import java.util.BitSet;
import org.edgeprune.graph.Jaccard;

/**
 * Since which step a run's thresholded circuit has been the same, up to a hundredth of its edges.
 *
 * @param since index of the step at which {@code edges} were the circuit
 * @param edges its edges by number
 */
record StableCircuit(int since, BitSet edges) {
    private static final double LEAST_OVERLAP = 0.99;

    /**
     * What is known after the circuit of a step: this where it is close to the earlier circuit, else a new beginning.
     */
    StableCircuit then(int step, BitSet circuit) {
        return Jaccard.of(edges, circuit) >= LEAST_OVERLAP ? this : new StableCircuit(step, circuit);
    }
}
