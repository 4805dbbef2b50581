package org.edgeprune.task;

/** The formulas of evaluation, over rows of logits. */
public final class Metrics {
    private Metrics() {}

    /** Index of the highest value, the first of equals. */
    public static int argmax(float[] row) {
        int best = 0;
        for (int i = 1; i < row.length; i++) {
            if (row[i] > row[best]) {
                best = i;
            }
        }
        return best;
    }

    /** Natural logarithm of the softmax of a row. */
    public static double[] logSoftmax(float[] row) {
        double max = row[argmax(row)];
        double sum = 0;
        for (float x : row) {
            sum += Math.exp(x - max);
        }
        double shift = max + Math.log(sum);
        double[] out = new double[row.length];
        for (int i = 0; i < row.length; i++) {
            out[i] = row[i] - shift;
        }
        return out;
    }

    /** Softmax of a row. */
    public static double[] softmax(float[] row) {
        double[] out = logSoftmax(row);
        for (int i = 0; i < out.length; i++) {
            out[i] = Math.exp(out[i]);
        }
        return out;
    }

    /** KL(full || other) in nats: sum of p_full (log p_full - log p_other), mean over rows. */
    public static double kl(float[][] full, float[][] other) {
        double sum = 0;
        for (int r = 0; r < full.length; r++) {
            double[] p = logSoftmax(full[r]);
            double[] q = logSoftmax(other[r]);
            for (int i = 0; i < p.length; i++) {
                double weight = Math.exp(p[i]);
                // A probability that underflows to zero adds nothing, whatever the other model says.
                sum += weight == 0 ? 0 : weight * (p[i] - q[i]);
            }
        }
        return sum / full.length;
    }

    /** Logit of the target minus logit of the distractor, mean over rows. */
    public static double logitDifference(float[][] logits, int[] targets, int[] distractors) {
        double sum = 0;
        for (int r = 0; r < logits.length; r++) {
            sum += (double) logits[r][targets[r]] - logits[r][distractors[r]];
        }
        return sum / logits.length;
    }

    /**
     * Greater-than's probability difference: the probability of the years after {@code start} less that of the years
     * before it. The start year itself counts for neither, as in the Edge Pruning evaluation.
     *
     * @param p probabilities of the two-digit years 00 to 99
     */
    public static double probabilityDifference(double[] p, int start) {
        return probabilityDifference(p, start, p.length);
    }

    /** The same over the {@code reach} years on either side only; 10 gives PD10. */
    public static double probabilityDifference(double[] p, int start, int reach) {
        double sum = 0;
        for (int y = Math.max(0, start - reach); y <= Math.min(p.length - 1, start + reach); y++) {
            sum += y > start ? p[y] : y < start ? -p[y] : 0;
        }
        return sum;
    }

    /**
     * Kendall's tau-b of two rankings of the same items: (concordant - discordant) / sqrt((n0 - ties in x) (n0 - ties
     * in y)), with n0 all pairs. Zero where one side ranks nothing because all its values are equal.
     */
    public static double kendallTau(float[] x, float[] y) {
        long difference = 0;
        long rankedX = 0;
        long rankedY = 0;
        for (int i = 0; i < x.length; i++) {
            for (int j = 0; j < i; j++) {
                int a = Float.compare(x[i] + 0.0f, x[j] + 0.0f);
                int b = Float.compare(y[i] + 0.0f, y[j] + 0.0f);
                difference += (long) Integer.signum(a) * Integer.signum(b);
                rankedX += a != 0 ? 1 : 0;
                rankedY += b != 0 ? 1 : 0;
            }
        }
        return rankedX == 0 || rankedY == 0 ? 0 : difference / Math.sqrt((double) rankedX * rankedY);
    }
}
