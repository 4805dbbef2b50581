package org.edgeprune.attribute;

/**
 * How the steps of a {@link MatryoshkaAttribution} change from the first to the last.
 *
 * @param smallest the smallest circuit that a step may draw, as a share of all edges; at least one edge
 * @param largest the largest one, as a share of all edges, above {@code smallest} and at most 1
 * @param cooling what the temperature nears at the end, as a share of the first step's, above 0 and at most 1; it falls
 *     geometrically, so that masks come close to 0 and 1
 * @param decay whether the learning rate falls linearly to 0
 * @param unitGradients whether each step's gradient is divided by its norm. A step has circuits of one size, and the KL
 *     of small ones is a thousand times that of large ones: without it, only small circuits get better
 */
public record MatryoshkaSchedule(
        double smallest, double largest, double cooling, boolean decay, boolean unitGradients) {
    /** All sizes, and every step alike. */
    public static final MatryoshkaSchedule PUBLISHED = new MatryoshkaSchedule(0, 1, 1, false, false);

    /** Circuits of 0.5 to 20% of the edges, masks that become hard, and steps that become small. */
    public static final MatryoshkaSchedule ANNEALED = new MatryoshkaSchedule(0.005, 0.2, 0.2, true, true);

    /**
     * Checks the values.
     *
     * @throws IllegalArgumentException if one is out of range
     */
    public MatryoshkaSchedule {
        if (!(smallest >= 0 && smallest < largest && largest <= 1)) {
            throw new IllegalArgumentException("sizes from " + smallest + " to " + largest
                    + " of the edges: must be shares from 0 to 1, the smaller one first");
        }
        if (!(cooling > 0 && cooling <= 1)) {
            throw new IllegalArgumentException("cooling to " + cooling + ": must be above 0 and at most 1");
        }
    }

    /**
     * The same for other sizes.
     *
     * @param newSmallest the smallest circuit, as a share of all edges
     * @param newLargest the largest one
     * @return a new schedule
     * @throws IllegalArgumentException if they are out of range
     */
    public MatryoshkaSchedule withSizes(double newSmallest, double newLargest) {
        return new MatryoshkaSchedule(newSmallest, newLargest, cooling, decay, unitGradients);
    }

    /** The number of edges for a number drawn from 0 to 1: log-uniform between the sizes, below {@code edges}. */
    double size(double uniform, int edges) {
        double least = Math.max(1, smallest * edges);
        double most = Math.max(least, largest * edges);
        return Math.min(least * Math.exp(uniform * Math.log(most / least)), edges - 1e-3);
    }

    /** By what the temperature is multiplied at a step. */
    double temperature(int step, int steps) {
        return Math.pow(cooling, (double) step / steps);
    }

    /** By what the learning rate is multiplied at a step. */
    double learningRate(int step, int steps) {
        return decay ? 1 - (double) step / steps : 1;
    }
}
