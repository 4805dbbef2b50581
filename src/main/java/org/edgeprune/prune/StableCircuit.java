package org.edgeprune.prune;

import java.util.BitSet;
import org.edgeprune.graph.Jaccard;
import org.edgeprune.mask.MaskValues;

/**
 * Since which step a run's thresholded circuit has been the same, up to a hundredth of its edges and neurons.
 *
 * @param since index of the step at which {@code kept} was the circuit
 * @param kept its edges by number, at each position where these have masks of their own, and after the last one its
 *     neurons, where these have masks
 */
record StableCircuit(int since, BitSet kept) {
    private static final double LEAST_OVERLAP = 0.99;

    /** The edges and neurons of binary masks. */
    static BitSet kept(MaskValues binary) {
        BitSet kept = binary.kept();
        for (int neuron = 0; neuron < binary.neurons().length; neuron++) {
            if (binary.neurons()[neuron] == 1) {
                kept.set(binary.edges().length + neuron);
            }
        }
        return kept;
    }

    /**
     * What is known after the circuit of a step: this where it is close to the earlier circuit, else a new beginning.
     */
    StableCircuit then(int step, BitSet circuit) {
        return Jaccard.of(kept, circuit) >= LEAST_OVERLAP ? this : new StableCircuit(step, circuit);
    }
}
