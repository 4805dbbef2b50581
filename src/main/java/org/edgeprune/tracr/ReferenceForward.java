package org.edgeprune.tracr;

import java.util.Arrays;
import java.util.Optional;
import java.util.stream.IntStream;
import org.edgeprune.tracr.TransformerWeights.Attention;
import org.edgeprune.tracr.TransformerWeights.Mlp;

/**
 * The forward pass of a compiled transformer in double precision, edge by edge: the input of a reader is the sum of the
 * outputs of the writers before it, some of which can be ablated. Written for exhaustive checks of small models.
 */
public final class ReferenceForward {
    private static final double MASKED = -1e30;

    private final TransformerConfig config;
    private final TransformerWeights weights;
    private final Wiring wiring;
    private final boolean[][] connected; // [reader][writer]
    private final int[][] written; // [writer]: its dimensions

    /**
     * Analyses which writers and readers share residual dimensions.
     *
     * @param config the shape
     * @param weights the weights, of that shape
     */
    public ReferenceForward(TransformerConfig config, TransformerWeights weights) {
        this.config = config;
        this.weights = weights;
        this.wiring = new Wiring(config, weights);
        this.connected = new boolean[wiring.readers().size()][wiring.writers().size()];
        for (int r = 0; r < connected.length; r++) {
            for (int w = 0; w < connected[r].length; w++) {
                connected[r][w] = wiring.connected(w, r);
            }
        }
        this.written = new int[wiring.writers().size()][];
        for (int w = 0; w < written.length; w++) {
            int writer = w;
            written[w] = IntStream.range(0, config.modelSize())
                    .filter(d -> wiring.writes(writer, d))
                    .toArray();
        }
    }

    /**
     * The writers and readers of this model.
     *
     * @return the same instance at every call
     */
    public Wiring wiring() {
        return wiring;
    }

    /**
     * The activations of a run.
     *
     * @param writers the output of each writer, [writers][positions][model size]
     * @param outputs the unembedded residual stream, [positions][outputs]
     */
    public record States(double[][][] writers, double[][] outputs) {}

    /**
     * The outputs of the whole model.
     *
     * @param ids token ids, BOS first
     * @return [positions][outputs]
     */
    public double[][] run(int[] ids) {
        return states(ids).outputs();
    }

    /**
     * Runs the whole model.
     *
     * @param ids token ids, BOS first
     * @return all activations
     */
    public States states(int[] ids) {
        boolean[][] none = new boolean[connected.length][written.length];
        return new Run(ids, new EdgeAblation(none, Optional.empty())).from(0);
    }

    /**
     * Runs the model with edges ablated.
     *
     * @param ids token ids, BOS first
     * @param clean the states of the whole model for the same ids; layers before the first ablated edge are taken from
     *     it
     * @param cuts the ablated edges
     * @return the outputs, [positions][outputs]
     */
    public double[][] run(int[] ids, States clean, EdgeAblation cuts) {
        int first = 0;
        while (first < connected.length && !cuts(cuts, first)) {
            first++;
        }
        if (first == connected.length) {
            return clean.outputs();
        }
        Run run = new Run(ids, cuts);
        int layer = wiring.layerOf(first);
        System.arraycopy(clean.writers(), 0, run.states, 0, wiring.writerOfHead(layer, 0));
        return run.from(layer).outputs();
    }

    private boolean cuts(EdgeAblation cuts, int reader) {
        for (int w = 0; w < wiring.visible(reader); w++) {
            if (cuts.cut()[reader][w]) {
                return true;
            }
        }
        return false;
    }

    private final class Run {
        private final int length;
        private final EdgeAblation cuts;
        private final double[][][] states = new double[written.length][][];

        Run(int[] ids, EdgeAblation cuts) {
            this.length = ids.length;
            this.cuts = cuts;
            states[0] = new double[length][];
            states[1] = new double[length][];
            for (int t = 0; t < length; t++) {
                states[0][t] = weights.tokenEmbed()[ids[t]];
                states[1][t] = weights.posEmbed()[t];
            }
        }

        States from(int firstLayer) {
            for (int l = firstLayer; l < config.numLayers(); l++) {
                Attention attention = weights.layers().get(l).attention();
                for (int h = 0; h < config.numHeads(); h++) {
                    int w = wiring.writerOfHead(l, h);
                    states[w] = written[w].length == 0 ? new double[length][config.modelSize()] : head(attention, l, h);
                }
                states[wiring.writerOfMlp(l)] = mlp(weights.layers().get(l).mlp(), wiring.readerOfMlp(l));
            }
            double[] none = new double[config.unembedSize()];
            double[][] outputs = multiply(read(wiring.lastReader()), weights.unembed(), none, 0, none.length);
            return new States(states, outputs);
        }

        /** The input of a reader. Edges without a common dimension add nothing that it reads. */
        private double[][] read(int reader) {
            double[][] sum = new double[length][config.modelSize()];
            for (int w = 0; w < wiring.visible(reader); w++) {
                if (!connected[reader][w]) {
                    continue;
                }
                double[][] state = states[w];
                if (cuts.cut()[reader][w]) {
                    if (cuts.corrupted().isEmpty()) {
                        continue;
                    }
                    state = cuts.corrupted().get().writers()[w];
                }
                for (int t = 0; t < length; t++) {
                    for (int d : written[w]) {
                        sum[t][d] += state[t][d];
                    }
                }
            }
            return sum;
        }

        private double[][] head(Attention a, int layer, int head) {
            int start = head * config.keySize();
            double[][] q = multiply(read(wiring.readerOfHead(layer, 0, head)), a.wQ(), a.bQ(), start, config.keySize());
            double[][] k = multiply(read(wiring.readerOfHead(layer, 1, head)), a.wK(), a.bK(), start, config.keySize());
            double[][] v = multiply(read(wiring.readerOfHead(layer, 2, head)), a.wV(), a.bV(), start, config.keySize());
            double[][] out = new double[length][config.modelSize()];
            for (int t = 0; t < length; t++) {
                double[] probabilities = attend(q[t], k, t);
                double[] mixed = new double[config.keySize()];
                for (int s = 0; s < length; s++) {
                    addScaled(mixed, v[s], probabilities[s], 0);
                }
                addScaled(out[t], a.bO(), 1.0 / config.numHeads(), 0);
                for (int i = 0; i < mixed.length; i++) {
                    if (mixed[i] != 0) {
                        addScaled(out[t], a.wO()[start + i], mixed[i], 0);
                    }
                }
            }
            return out;
        }

        private double[] attend(double[] query, double[][] keys, int position) {
            double[] scores = new double[length];
            double max = MASKED;
            for (int s = 0; s < length; s++) {
                double score = 0;
                for (int i = 0; i < query.length; i++) {
                    score += query[i] * keys[s][i];
                }
                scores[s] = config.causal() && s > position ? MASKED : score / Math.sqrt(config.keySize());
                max = Math.max(max, scores[s]);
            }
            double sum = 0;
            for (int s = 0; s < length; s++) {
                scores[s] = Math.exp(scores[s] - max);
                sum += scores[s];
            }
            for (int s = 0; s < length; s++) {
                scores[s] /= sum;
            }
            return scores;
        }

        private double[][] mlp(Mlp mlp, int reader) {
            double[][] hidden = multiply(read(reader), mlp.wUp(), mlp.bUp(), 0, config.mlpHiddenSize());
            for (double[] row : hidden) {
                for (int i = 0; i < row.length; i++) {
                    row[i] = Math.max(row[i], 0);
                }
            }
            return multiply(hidden, mlp.wDown(), mlp.bDown(), 0, config.modelSize());
        }
    }

    /** {@code x @ w[:, start : start + width] + bias[start : start + width]}; compiled models are mostly zeros. */
    private static double[][] multiply(double[][] x, double[][] w, double[] bias, int start, int width) {
        double[][] y = new double[x.length][];
        for (int t = 0; t < x.length; t++) {
            y[t] = Arrays.copyOfRange(bias, start, start + width);
            for (int i = 0; i < w.length; i++) {
                if (x[t][i] != 0) {
                    addScaled(y[t], w[i], x[t][i], start);
                }
            }
        }
        return y;
    }

    private static void addScaled(double[] target, double[] row, double factor, int start) {
        for (int i = 0; i < target.length; i++) {
            target[i] += factor * row[start + i];
        }
    }
}
