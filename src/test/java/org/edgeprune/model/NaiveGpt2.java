package org.edgeprune.model;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.graph.Edge;
import org.edgeprune.graph.GraphShape;
import org.edgeprune.graph.Reader;
import org.edgeprune.model.architecture.Gpt2Config;
import org.edgeprune.torch.Tensor;

/**
 * GPT-2 with every edge, node and MLP neuron patched by brute force, token by token in double loops. It shares nothing
 * with the engine that it is compared with: no delta form, no baselines, no batches.
 *
 * @param config sizes; tied unembedding
 * @param weights row-major parameters by name
 */
public record NaiveGpt2(Gpt2Config config, RandomParameters weights) {
    /** Parameters that are drawn when they are first asked for; biases and norm weights are random, too. */
    public static final class RandomParameters implements Weights {
        private final Map<String, float[]> values = new HashMap<>();
        private final long seed;

        public RandomParameters(long seed) {
            this.seed = seed;
        }

        @Override
        public boolean has(String name) {
            return !name.startsWith("transformer.");
        }

        float[] of(String name, int count) {
            return values.computeIfAbsent(name, _ -> {
                SplittableRandom random = new SplittableRandom(seed + name.hashCode());
                float[] drawn = new float[count];
                for (int i = 0; i < count; i++) {
                    double centre = name.contains("ln_") && name.endsWith("weight") ? 1 : 0;
                    drawn[i] = (float) (centre + random.nextGaussian() * (name.endsWith("bias") ? 0.2 : 0.35));
                }
                return drawn;
            });
        }

        @Override
        public Tensor get(String name, long... shape) {
            long count = 1;
            for (long size : shape) {
                count *= size;
            }
            return Tensor.of(of(name, (int) count), shape);
        }

        @Override
        public void close() {}
    }

    /**
     * What a run computed.
     *
     * @param states what each writer adds, {@code [writers][tokens][hidden]}
     * @param neurons activations of each MLP, {@code [layers][tokens][inner]}
     * @param logits {@code [tokens][vocab]}
     */
    public record Run(double[][][] states, double[][][] neurons, double[][] logits) {}

    /**
     * Masks of everything, and what takes the place of what they cut.
     *
     * @param edges by edge number
     * @param nodes by writer
     * @param neurons by layer and neuron
     * @param ablated what the ablation has for states and neurons
     * @param position the only one at which edges and nodes are masked; -1 for all
     */
    public record Patch(
            ComputationGraph graph, float[] edges, float[] nodes, float[][] neurons, Run ablated, int position) {}

    public ComputationGraph graph() {
        return new ComputationGraph(new GraphShape(
                config.layers(), config.heads(), config.heads(), List.of("tok_embeds", "pos_embeds"), false));
    }

    /** The whole model. */
    public Run run(int[] tokens) {
        return run(tokens, null);
    }

    /** The model under masks. */
    public Run run(int[] tokens, Patch patch) {
        ComputationGraph graph = graph();
        int hidden = config.hiddenSize();
        int headDim = hidden / config.heads();
        List<double[][]> states = new ArrayList<>();
        double[][] embedded = new double[tokens.length][hidden];
        double[][] positions = new double[tokens.length][hidden];
        for (int t = 0; t < tokens.length; t++) {
            for (int i = 0; i < hidden; i++) {
                embedded[t][i] = parameter("wte.weight", config.vocabSize() * hidden)[tokens[t] * hidden + i];
                positions[t][i] = parameter("wpe.weight", config.maxPositions() * hidden)[t * hidden + i];
            }
        }
        states.add(embedded);
        states.add(positions);
        double[][][] neurons = new double[config.layers()][][];
        for (int layer = 0; layer < config.layers(); layer++) {
            String name = "h." + layer + ".";
            List<double[][]> heads = new ArrayList<>();
            for (int head = 0; head < config.heads(); head++) {
                double[][][] qkv = new double[3][][];
                Reader.Kind[] kinds = {Reader.Kind.QUERY, Reader.Kind.KEY, Reader.Kind.VALUE};
                for (int part = 0; part < 3; part++) {
                    double[][] read = norm(read(graph, kinds[part], layer, head, states, patch), name + "ln_1");
                    double[][] all = linear(read, name + "attn.c_attn", 3 * hidden);
                    qkv[part] = columns(all, part * hidden + head * headDim, headDim);
                }
                heads.add(written(attend(qkv[0], qkv[1], qkv[2]), name + "attn.c_proj", head, headDim));
            }
            states.addAll(heads);
            double[][] inner = linear(
                    norm(read(graph, Reader.Kind.MLP, layer, 0, states, patch), name + "ln_2"),
                    name + "mlp.c_fc",
                    config.innerSize());
            for (int t = 0; t < inner.length; t++) {
                for (int i = 0; i < inner[t].length; i++) {
                    double x = inner[t][i];
                    double active = 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
                    double z = patch == null ? 1 : patch.neurons()[layer][i];
                    inner[t][i] = z == 1
                            ? active
                            : z * active + (1 - z) * patch.ablated().neurons()[layer][t][i];
                }
            }
            neurons[layer] = inner;
            states.add(linear(inner, name + "mlp.c_proj", hidden));
        }
        double[][] last = norm(read(graph, Reader.Kind.RESID_POST, 0, 0, states, patch), "ln_f");
        double[][] logits = new double[tokens.length][config.vocabSize()];
        for (int t = 0; t < tokens.length; t++) {
            for (int v = 0; v < config.vocabSize(); v++) {
                for (int i = 0; i < hidden; i++) {
                    logits[t][v] += last[t][i] * parameter("wte.weight", 0)[v * hidden + i];
                }
            }
        }
        return new Run(states.toArray(double[][][]::new), neurons, logits);
    }

    /** What a reader sees: each earlier writer's states, or those of the ablation, as far as the masks say. */
    private double[][] read(
            ComputationGraph graph, Reader.Kind kind, int layer, int head, List<double[][]> states, Patch patch) {
        double[][] seen = new double[states.get(0).length][config.hiddenSize()];
        for (int number = 0; number < graph.edgeCount(); number++) {
            Edge edge = graph.edge(number);
            Reader reader = edge.reader();
            boolean attention = kind != Reader.Kind.MLP && kind != Reader.Kind.RESID_POST;
            if (reader.kind() == kind
                    && (kind == Reader.Kind.RESID_POST || reader.layer() == layer)
                    && (!attention || reader.head() == head)) {
                int writer = edge.writer().index();
                double everywhere = patch == null ? 1 : (double) patch.edges()[number] * patch.nodes()[writer];
                for (int t = 0; t < seen.length; t++) {
                    double z = patch == null || t == patch.position() || patch.position() < 0 ? everywhere : 1;
                    for (int i = 0; i < seen[t].length; i++) {
                        seen[t][i] += z * states.get(writer)[t][i]
                                + (z == 1 ? 0 : (1 - z) * patch.ablated().states()[writer][t][i]);
                    }
                }
            }
        }
        return seen;
    }

    private float[] parameter(String name, int count) {
        return weights.of(name, count);
    }

    /** x W + b, with W [in, out]. */
    private double[][] linear(double[][] x, String name, int out) {
        int in = x[0].length;
        float[] weight = parameter(name + ".weight", in * out);
        float[] bias = parameter(name + ".bias", out);
        double[][] y = new double[x.length][out];
        for (int t = 0; t < x.length; t++) {
            for (int o = 0; o < out; o++) {
                y[t][o] = bias[o];
                for (int i = 0; i < in; i++) {
                    y[t][o] += x[t][i] * weight[i * out + o];
                }
            }
        }
        return y;
    }

    /** A head's part of the output projection, with an equal share of its bias. */
    private double[][] written(double[][] values, String name, int head, int headDim) {
        int hidden = config.hiddenSize();
        float[] weight = parameter(name + ".weight", hidden * hidden);
        float[] bias = parameter(name + ".bias", hidden);
        double[][] y = new double[values.length][hidden];
        for (int t = 0; t < values.length; t++) {
            for (int o = 0; o < hidden; o++) {
                y[t][o] = bias[o] / config.heads();
                for (int i = 0; i < headDim; i++) {
                    y[t][o] += values[t][i] * weight[(head * headDim + i) * hidden + o];
                }
            }
        }
        return y;
    }

    private double[][] norm(double[][] x, String name) {
        int hidden = config.hiddenSize();
        float[] weight = parameter(name + ".weight", hidden);
        float[] bias = parameter(name + ".bias", hidden);
        double[][] y = new double[x.length][hidden];
        for (int t = 0; t < x.length; t++) {
            double mean = 0;
            for (double value : x[t]) {
                mean += value / hidden;
            }
            double variance = 0;
            for (double value : x[t]) {
                variance += (value - mean) * (value - mean) / hidden;
            }
            for (int i = 0; i < hidden; i++) {
                y[t][i] = (x[t][i] - mean) / Math.sqrt(variance + config.layerNormEpsilon()) * weight[i] + bias[i];
            }
        }
        return y;
    }

    private static double[][] attend(double[][] q, double[][] k, double[][] v) {
        int dim = q[0].length;
        double[][] out = new double[q.length][dim];
        for (int t = 0; t < q.length; t++) {
            double[] p = new double[t + 1];
            double sum = 0;
            for (int s = 0; s <= t; s++) {
                double score = 0;
                for (int i = 0; i < dim; i++) {
                    score += q[t][i] * k[s][i];
                }
                p[s] = Math.exp(score / Math.sqrt(dim));
                sum += p[s];
            }
            for (int s = 0; s <= t; s++) {
                for (int i = 0; i < dim; i++) {
                    out[t][i] += p[s] / sum * v[s][i];
                }
            }
        }
        return out;
    }

    private static double[][] columns(double[][] x, int from, int count) {
        double[][] y = new double[x.length][];
        for (int t = 0; t < x.length; t++) {
            y[t] = java.util.Arrays.copyOfRange(x[t], from, from + count);
        }
        return y;
    }
}
