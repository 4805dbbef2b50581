package org.edgeprune.prune;

import java.util.Map;
import java.util.Optional;
import org.edgeprune.graph.Circuit;
import org.edgeprune.mask.MaskValues;

/**
 * Keeps the circuit with the fewest edges among the faithful ones of a run. As the target sparsity rises, circuits
 * first lose what is superfluous and at last what is needed, so the best one lies in between. It is for masks that are
 * the same at all positions.
 */
public final class SparsestFaithful implements Pruner.Listener {
    private final double maxKl;
    private Found found;

    /**
     * A faithful circuit.
     *
     * @param step index of the step after which it was evaluated
     * @param circuit its edges
     * @param kl its mean KL on the validation part, nats
     */
    public record Found(int step, Circuit circuit, double kl) {}

    /**
     * A listener that has not found a circuit yet.
     *
     * @param maxKl mean KL on the validation part up to which a circuit counts as faithful, nats
     */
    public SparsestFaithful(double maxKl) {
        this.maxKl = maxKl;
    }

    /**
     * The sparsest faithful circuit so far.
     *
     * @return the last one of those that are equally sparse; empty if none was faithful
     */
    public Optional<Found> found() {
        return Optional.ofNullable(found);
    }

    @Override
    public void evaluated(int step, MaskValues binary, Map<String, Double> metrics) {
        Circuit circuit = binary.circuit();
        if (metrics.get("kl") <= maxKl
                && (found == null || circuit.size() <= found.circuit().size())) {
            found = new Found(step, circuit, metrics.get("kl"));
        }
    }
}
