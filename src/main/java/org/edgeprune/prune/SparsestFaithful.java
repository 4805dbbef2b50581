package org.edgeprune.prune;

import java.util.Map;
import java.util.Optional;
import org.edgeprune.graph.Circuit;

/**
 * Keeps the circuit with the fewest edges among those of a run that are faithful: as a run's target sparsity rises,
 * circuits lose what is superfluous and at last what is needed, and the one wanted lies between.
 */
public final class SparsestFaithful implements Pruner.Listener {
    private final double maxKl;
    private Found found;

    /**
     * @param step when it was seen
     * @param kl its mean KL on the validation part, nats
     */
    public record Found(int step, Circuit circuit, double kl) {}

    /** @param maxKl mean KL, in nats, up to which a circuit is faithful */
    public SparsestFaithful(double maxKl) {
        this.maxKl = maxKl;
    }

    /** Of equally sparse ones the last. Empty if none was faithful. */
    public Optional<Found> found() {
        return Optional.ofNullable(found);
    }

    @Override
    public void evaluated(int step, Circuit circuit, Map<String, Double> metrics) {
        if (metrics.get("kl") <= maxKl
                && (found == null || circuit.size() <= found.circuit().size())) {
            found = new Found(step, circuit, metrics.get("kl"));
        }
    }
}
