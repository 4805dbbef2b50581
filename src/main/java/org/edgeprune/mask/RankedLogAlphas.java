package org.edgeprune.mask;

/**
 * log_alphas for masks of which only a ranking is known, such as that of attribution scores:
 *
 * <pre>  log_alpha(r) = c + min(10, max(-10, 5 (logit(q) - logit(S)))),   q = 1 - (r + 1/2) / n</pre>
 *
 * for the mask of rank r of n, 0 being the best, and sparsity S. The number c is found by bisection, so that masks
 * sampled from these log_alphas have the sparsity S in the mean. The factor 5 makes the noise of the samples small:
 * they are nearly the circuit of the best edges, and training exchanges those whose rank is near the border.
 */
final class RankedLogAlphas {
    private static final double SLOPE = 5;
    private static final double MOST = 10;

    /** Beyond it masks are 0 or 1 for any noise. */
    private static final double SHIFT = 40;

    /** Points of the two integrals, over the ranks and over the noise. */
    private static final int RANKS = 4000;

    private static final int NOISE = 100;
    private static final int HALVINGS = 40;

    private final double sparsity;
    private final double centre;

    private RankedLogAlphas(double sparsity) {
        this.sparsity = sparsity;
        this.centre = logit(sparsity);
    }

    /**
     * Values for the masks in the order of their numbers.
     *
     * @param ranking the masks' numbers from the best to the worst, each once
     * @param sparsity expected sparsity of sampled masks, above 0 and below 1
     */
    static float[] of(int[] ranking, double sparsity) {
        return new RankedLogAlphas(sparsity).values(ranking);
    }

    private float[] values(int[] ranking) {
        double shift = shift();
        float[] values = new float[ranking.length];
        for (int rank = 0; rank < ranking.length; rank++) {
            values[ranking[rank]] = (float) (shift + spread(rank, ranking.length));
        }
        return values;
    }

    private double spread(int rank, int count) {
        double share = 1 - (rank + 0.5) / count;
        return Math.min(MOST, Math.max(-MOST, SLOPE * (logit(share) - centre)));
    }

    private static double logit(double share) {
        return Math.log(share / (1 - share));
    }

    private double shift() {
        double low = -SHIFT;
        double high = SHIFT;
        for (int i = 0; i < HALVINGS; i++) {
            double middle = (low + high) / 2;
            if (sampledSparsity(middle) < sparsity) {
                high = middle;
            } else {
                low = middle;
            }
        }
        return (low + high) / 2;
    }

    /** 1 - E[z], the mean over all ranks; it falls as the shift rises. */
    private double sampledSparsity(double shift) {
        double kept = 0;
        for (int rank = 0; rank < RANKS; rank++) {
            for (int i = 0; i < NOISE; i++) {
                kept += HardConcrete.mask(shift + spread(rank, RANKS), (i + 0.5) / NOISE);
            }
        }
        return 1 - kept / RANKS / NOISE;
    }
}
