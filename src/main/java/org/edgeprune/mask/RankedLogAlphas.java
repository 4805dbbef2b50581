package org.edgeprune.mask;

/**
 * log_alphas for masks of which only a ranking is known, such as that of attribution scores:
 *
 * <pre>  log_alpha(r) = c + min(4, max(-4, ln(q / (1 - q)))),   q = 1 - (r + 1/2) / n</pre>
 *
 * for the mask of rank r of n, 0 being the best. The number c is found by bisection, so that masks sampled from these
 * log_alphas have a given sparsity in the mean. No mask is so far from the others that training could not exchange
 * them.
 */
final class RankedLogAlphas {
    private static final double MOST = 4;
    /** Beyond it masks are 0 or 1 for any noise. */
    private static final double SHIFT = 40;

    /** Points of the two integrals, over the ranks and over the noise. */
    private static final int RANKS = 1000;

    private static final int NOISE = 100;
    private static final int HALVINGS = 40;

    private RankedLogAlphas() {}

    /**
     * Values for the masks in the order of their numbers.
     *
     * @param ranking the masks' numbers from the best to the worst, each once
     * @param sparsity expected sparsity of sampled masks, above 0 and below 1
     */
    static float[] of(int[] ranking, double sparsity) {
        double shift = shift(sparsity);
        float[] values = new float[ranking.length];
        for (int rank = 0; rank < ranking.length; rank++) {
            values[ranking[rank]] = (float) (shift + spread(rank, ranking.length));
        }
        return values;
    }

    private static double spread(int rank, int count) {
        double share = 1 - (rank + 0.5) / count;
        return Math.min(MOST, Math.max(-MOST, Math.log(share / (1 - share))));
    }

    private static double shift(double sparsity) {
        double low = -SHIFT;
        double high = SHIFT;
        for (int i = 0; i < HALVINGS; i++) {
            double middle = (low + high) / 2;
            if (sparsity(middle) < sparsity) {
                high = middle;
            } else {
                low = middle;
            }
        }
        return (low + high) / 2;
    }

    /** 1 - E[z], the mean over all ranks; it falls as the shift rises. */
    private static double sparsity(double shift) {
        double kept = 0;
        for (int rank = 0; rank < RANKS; rank++) {
            for (int i = 0; i < NOISE; i++) {
                kept += HardConcrete.mask(shift + spread(rank, RANKS), (i + 0.5) / NOISE);
            }
        }
        return 1 - kept / RANKS / NOISE;
    }
}
