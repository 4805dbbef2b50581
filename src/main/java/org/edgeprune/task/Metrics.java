package org.edgeprune.task;

/** The formulas of the metrics, on rows of logits. */
public final class Metrics {
    private Metrics() {}

    /**
     * The index of the highest value.
     *
     * @param row at least one value
     * @return its index, the first one among equal values
     */
    public static int argmax(float[] row) {
        int best = 0;
        for (int i = 1; i < row.length; i++) {
            if (row[i] > row[best]) {
                best = i;
            }
        }
        return best;
    }

    /**
     * The natural logarithm of the softmax: {@code x - log sum exp x}.
     *
     * @param row the logits
     * @return as many log-probabilities
     */
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

    /**
     * The softmax: {@code exp x / sum exp x}.
     *
     * @param row the logits
     * @return as many probabilities
     */
    public static double[] softmax(float[] row) {
        double[] out = logSoftmax(row);
        for (int i = 0; i < out.length; i++) {
            out[i] = Math.exp(out[i]);
        }
        return out;
    }

    /**
     * The Kullback-Leibler divergence from the full model, {@code KL(full || other) = sum p_full (log p_full - log
     * p_other)}.
     *
     * @param full [rows][columns]: logits of the full model
     * @param other [rows][columns]: logits of the other model
     * @return the mean over rows, in nats
     */
    public static double kl(float[][] full, float[][] other) {
        double sum = 0;
        for (int r = 0; r < full.length; r++) {
            double[] p = logSoftmax(full[r]);
            double[] q = logSoftmax(other[r]);
            for (int i = 0; i < p.length; i++) {
                double weight = Math.exp(p[i]);
                // A probability that underflows to zero adds nothing, whatever the other model's is.
                sum += weight == 0 ? 0 : weight * (p[i] - q[i]);
            }
        }
        return sum / full.length;
    }

    /**
     * The logit of the target minus that of the distractor.
     *
     * @param logits [rows][columns]
     * @param targets [rows]: the column of each row's target
     * @param distractors [rows]: the column of each row's distractor
     * @return the mean over rows
     */
    public static double logitDifference(float[][] logits, int[] targets, int[] distractors) {
        double sum = 0;
        for (int r = 0; r < logits.length; r++) {
            sum += (double) logits[r][targets[r]] - logits[r][distractors[r]];
        }
        return sum / logits.length;
    }

    /**
     * The probability difference of greater-than (Hanna et al., 2023): the probability of the years after {@code start}
     * minus that of the years before it. The start year counts for neither, as in the evaluation of Edge Pruning.
     *
     * @param p [100]: probabilities of the two-digit years 00 to 99
     * @param start the start year, 0 to 99
     * @return from -1 to 1
     */
    public static double probabilityDifference(double[] p, int start) {
        return probabilityDifference(p, start, p.length);
    }

    /**
     * The same over only the {@code reach} years on either side of the start year.
     *
     * @param p [100]: probabilities of the two-digit years 00 to 99
     * @param start the start year, 0 to 99
     * @param reach the number of years on either side; 10 gives the paper's PD10
     * @return from -1 to 1
     */
    public static double probabilityDifference(double[] p, int start, int reach) {
        double sum = 0;
        for (int y = Math.max(0, start - reach); y <= Math.min(p.length - 1, start + reach); y++) {
            sum += y > start ? p[y] : y < start ? -p[y] : 0;
        }
        return sum;
    }

    /**
     * Kendall's tau-b of two rankings of the same items: {@code (concordant - discordant) / sqrt((n0 - ties in x) (n0 -
     * ties in y))}, where {@code n0} is the number of pairs.
     *
     * @param x the first ranking's values
     * @param y the second ranking's values, as many
     * @return from -1 to 1; 0 if all values of one side are equal
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
