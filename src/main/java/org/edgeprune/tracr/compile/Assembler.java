package org.edgeprune.tracr.compile;

import java.util.ArrayList;
import java.util.List;
import org.edgeprune.tracr.TransformerConfig;
import org.edgeprune.tracr.TransformerWeights;

/** Writes the blocks of a layer plan into the weights of a transformer. */
final class Assembler {
    /**
     * After the division by sqrt(key size), a selected key scores at least this much more than BOS, and BOS than the
     * keys that are not selected. The published compiler uses one coldness for all models, which leaks attention in
     * wide ones.
     */
    private static final double LEAST_MARGIN = 12;

    private final Space residual;
    private final LayerPlan plan;
    private final int numHeads;
    private final int keySize;
    private final int hiddenSize;
    private final double coldness;

    Assembler(LayerPlan plan, Space residual, double softmaxColdness) {
        this.plan = plan;
        this.residual = residual;
        this.numHeads = Math.max(
                1, plan.layers().stream().mapToInt(l -> heads(l).size()).max().orElse(0));
        this.keySize = plan.layers().stream()
                .flatMap(l -> heads(l).stream())
                .mapToInt(Block.Head::size)
                .max()
                .orElse(1);
        this.hiddenSize = Math.max(
                1,
                plan.layers().stream()
                        .mapToInt(l ->
                                mlps(l).stream().mapToInt(Block.Mlp::hiddenSize).sum())
                        .max()
                        .orElse(0));
        this.coldness = Math.max(softmaxColdness, 2 * LEAST_MARGIN * Math.sqrt(keySize));
    }

    /**
     * The weights of the planned layers.
     *
     * @param tokens the directions of all tokens, BOS and padding included
     * @param indices the directions of all positions after BOS
     * @param output the directions that the unembedding reads
     */
    TransformerWeights weights(Space tokens, Space indices, Space output) {
        addSizes(tokens.size() + indices.size() + 1L + output.size());
        double[][] tokenEmbed = new double[tokens.size()][residual.size()];
        for (int i = 0; i < tokenEmbed.length; i++) {
            tokenEmbed[i][residual.index(tokens.basis().get(i))] = 1;
            tokenEmbed[i][residual.index(Direction.ONE)] = 1;
        }
        double[][] posEmbed = new double[indices.size() + 1][residual.size()];
        for (int i = 0; i < indices.size(); i++) {
            posEmbed[i + 1][residual.index(indices.basis().get(i))] = 1; // none at BOS
        }
        double[][] unembed = new double[residual.size()][output.size()];
        for (int i = 0; i < output.size(); i++) {
            unembed[residual.index(output.basis().get(i))][i] = 1;
        }
        List<TransformerWeights.Layer> layers = new ArrayList<>();
        for (List<Block> layer : plan.layers()) {
            layers.add(new TransformerWeights.Layer(attention(heads(layer)), mlp(mlps(layer))));
        }
        if (layers.isEmpty()) {
            layers.add(new TransformerWeights.Layer(attention(List.of()), mlp(List.of())));
        }
        return new TransformerWeights(tokenEmbed, posEmbed, unembed, layers);
    }

    /** Counts the weights before they are made; the embeddings and the unembedding have that many rows. */
    private void addSizes(long rows) {
        SizeLimit limit = new SizeLimit();
        long width = residual.size();
        limit.add("embeddings", rows, width);
        long layers = Math.max(1, plan.layers().size());
        limit.add(layers + " layers of attention", layers * 4 * numHeads * keySize, width);
        limit.add(layers + " layers of MLPs", layers * 2 * hiddenSize, width);
    }

    TransformerConfig config(TransformerWeights weights, boolean causal) {
        return new TransformerConfig(
                residual.size(),
                weights.layers().size(),
                numHeads,
                keySize,
                hiddenSize,
                weights.tokenEmbed().length,
                weights.posEmbed().length,
                weights.unembed()[0].length,
                causal);
    }

    private TransformerWeights.Attention attention(List<Block.Head> heads) {
        int width = numHeads * keySize;
        double[][] query = new double[residual.size()][width];
        double[][] key = new double[residual.size()][width];
        double[][] value = new double[residual.size()][width];
        double[][] out = new double[width][residual.size()];
        for (int h = 0; h < heads.size(); h++) {
            Block.Head head = heads.get(h);
            int start = h * keySize;
            add(query, head.scores(), start, coldness);
            for (int i = 0; i < head.scores().to().size(); i++) {
                key[residual.index(head.scores().to().basis().get(i))][start + i] = 1;
            }
            add(value, head.values(), start, 1);
            for (int i = 0; i < head.values().to().size(); i++) {
                out[start + i][residual.index(head.values().to().basis().get(i))] = 1;
            }
        }
        return new TransformerWeights.Attention(
                query,
                new double[width],
                key,
                new double[width],
                value,
                new double[width],
                out,
                new double[residual.size()]);
    }

    private TransformerWeights.Mlp mlp(List<Block.Mlp> mlps) {
        double[][] up = new double[residual.size()][hiddenSize];
        double[][] down = new double[hiddenSize][residual.size()];
        int start = 0;
        for (Block.Mlp mlp : mlps) {
            add(up, mlp.first(), start, 1);
            Linear second = mlp.second();
            for (int i = 0; i < second.from().size(); i++) {
                for (int j = 0; j < second.to().size(); j++) {
                    down[start + i][residual.index(second.to().basis().get(j))] += second.weight(i, j);
                }
            }
            start += mlp.hiddenSize();
        }
        return new TransformerWeights.Mlp(up, new double[hiddenSize], down, new double[residual.size()]);
    }

    /** Adds a map out of the residual stream to the columns from {@code start} on. */
    private void add(double[][] weights, Linear map, int start, double factor) {
        for (int i = 0; i < map.from().size(); i++) {
            double[] row = weights[residual.index(map.from().basis().get(i))];
            for (int j = 0; j < map.to().size(); j++) {
                row[start + j] += factor * map.weight(i, j);
            }
        }
    }

    private static List<Block.Head> heads(List<Block> layer) {
        return layer.stream().flatMap(b -> b.head().stream()).toList();
    }

    private static List<Block.Mlp> mlps(List<Block> layer) {
        return layer.stream().flatMap(b -> b.mlp().stream()).toList();
    }
}
