package org.edgeprune.mask;

import java.util.function.DoubleUnaryOperator;

/** The binary search for the threshold at which binary masks are as sparse as the soft ones. */
final class ThresholdSearch {
    private static final double TOLERANCE = 1e-5;

    private ThresholdSearch() {}

    /**
     * Halves [0,1] down to 1e-5 and returns the last threshold tried, as the reference does.
     *
     * @param sparsityAt sparsity of the masks {@code soft > threshold}, non-decreasing in the threshold
     * @param target the sparsity wanted
     */
    static double find(DoubleUnaryOperator sparsityAt, double target) {
        double low = 0;
        double high = 1;
        double threshold = 0;
        while (high - low > TOLERANCE) {
            threshold = (low + high) / 2;
            if (sparsityAt.applyAsDouble(threshold) > target) {
                high = threshold;
            } else {
                low = threshold;
            }
        }
        return threshold;
    }
}
