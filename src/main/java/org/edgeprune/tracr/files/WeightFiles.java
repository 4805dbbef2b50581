package org.edgeprune.tracr.files;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.edgeprune.io.InputException;
import org.edgeprune.safetensors.SafeTensorsFile;
import org.edgeprune.safetensors.SafeTensorsWriter;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;
import org.edgeprune.tracr.TransformerConfig;
import org.edgeprune.tracr.TransformerWeights;

/** The weights of compiled transformers as safetensors. */
public final class WeightFiles {
    private WeightFiles() {}

    /** The names of the tensors. */
    public enum Naming {
        /**
         * {@code token_embed}, {@code layer_0.attn.w_q}: the names of the edge pruning reference, which {@link #write}
         * uses.
         */
        ERAZR("token_embed", "pos_embed", "unembed", "layer_%d.", Map.of()),

        /** {@code transformer/layer_0/attn/query_w}: the names of the published compiler. */
        PUBLISHED(
                "token_embed_embeddings",
                "pos_embed_embeddings",
                "unembedding_mtx",
                "transformer/layer_%d/",
                Map.ofEntries(
                        Map.entry("attn.w_q", "attn/query_w"), Map.entry("attn.b_q", "attn/query_b"),
                        Map.entry("attn.w_k", "attn/key_w"), Map.entry("attn.b_k", "attn/key_b"),
                        Map.entry("attn.w_v", "attn/value_w"), Map.entry("attn.b_v", "attn/value_b"),
                        Map.entry("attn.w_o", "attn/linear_w"), Map.entry("attn.b_o", "attn/linear_b"),
                        Map.entry("mlp.w_up", "mlp/linear_1_w"), Map.entry("mlp.b_up", "mlp/linear_1_b"),
                        Map.entry("mlp.w_down", "mlp/linear_2_w"), Map.entry("mlp.b_down", "mlp/linear_2_b")));

        private final String tokenEmbed;
        private final String posEmbed;
        private final String unembed;
        private final String layer;
        private final Map<String, String> parts;

        Naming(String tokenEmbed, String posEmbed, String unembed, String layer, Map<String, String> parts) {
            this.tokenEmbed = tokenEmbed;
            this.posEmbed = posEmbed;
            this.unembed = unembed;
            this.layer = layer;
            this.parts = parts;
        }

        private String part(int l, String part) {
            return layer.formatted(l) + parts.getOrDefault(part, part);
        }
    }

    /**
     * Writes weights in F32, named by {@link Naming#ERAZR}.
     *
     * @param file the safetensors file, replaced if it exists
     * @param weights the weights
     * @throws InputException if the file cannot be written
     */
    public static void write(Path file, TransformerWeights weights) {
        try (TensorScope _ = TensorScope.open()) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            tensors.put(Naming.ERAZR.tokenEmbed, matrix(weights.tokenEmbed()));
            tensors.put(Naming.ERAZR.posEmbed, matrix(weights.posEmbed()));
            tensors.put(Naming.ERAZR.unembed, matrix(weights.unembed()));
            for (int l = 0; l < weights.layers().size(); l++) {
                TransformerWeights.Attention attention = weights.layers().get(l).attention();
                TransformerWeights.Mlp mlp = weights.layers().get(l).mlp();
                tensors.put(Naming.ERAZR.part(l, "attn.w_q"), matrix(attention.wQ()));
                tensors.put(Naming.ERAZR.part(l, "attn.b_q"), vector(attention.bQ()));
                tensors.put(Naming.ERAZR.part(l, "attn.w_k"), matrix(attention.wK()));
                tensors.put(Naming.ERAZR.part(l, "attn.b_k"), vector(attention.bK()));
                tensors.put(Naming.ERAZR.part(l, "attn.w_v"), matrix(attention.wV()));
                tensors.put(Naming.ERAZR.part(l, "attn.b_v"), vector(attention.bV()));
                tensors.put(Naming.ERAZR.part(l, "attn.w_o"), matrix(attention.wO()));
                tensors.put(Naming.ERAZR.part(l, "attn.b_o"), vector(attention.bO()));
                tensors.put(Naming.ERAZR.part(l, "mlp.w_up"), matrix(mlp.wUp()));
                tensors.put(Naming.ERAZR.part(l, "mlp.b_up"), vector(mlp.bUp()));
                tensors.put(Naming.ERAZR.part(l, "mlp.w_down"), matrix(mlp.wDown()));
                tensors.put(Naming.ERAZR.part(l, "mlp.b_down"), vector(mlp.bDown()));
            }
            SafeTensorsWriter.write(file, tensors, Map.of("format", "pt"));
        }
    }

    /**
     * Reads weights.
     *
     * @param file the safetensors file; its tensors may have any floating-point dtype
     * @param naming the names of its tensors
     * @param config the shape that the weights must have
     * @return the weights
     * @throws InputException if the file is damaged, or a tensor is missing or has another shape than {@code config}
     *     requires
     */
    public static TransformerWeights read(Path file, Naming naming, TransformerConfig config) {
        try (TensorScope _ = TensorScope.open();
                SafeTensorsFile tensors = SafeTensorsFile.open(file)) {
            int model = config.modelSize();
            int heads = config.numHeads() * config.keySize();
            int hidden = config.mlpHiddenSize();
            Source source = new Source(file, tensors);
            List<TransformerWeights.Layer> layers = new ArrayList<>();
            for (int l = 0; l < config.numLayers(); l++) {
                layers.add(new TransformerWeights.Layer(
                        new TransformerWeights.Attention(
                                source.matrix(naming.part(l, "attn.w_q"), model, heads),
                                source.vector(naming.part(l, "attn.b_q"), heads),
                                source.matrix(naming.part(l, "attn.w_k"), model, heads),
                                source.vector(naming.part(l, "attn.b_k"), heads),
                                source.matrix(naming.part(l, "attn.w_v"), model, heads),
                                source.vector(naming.part(l, "attn.b_v"), heads),
                                source.matrix(naming.part(l, "attn.w_o"), heads, model),
                                source.vector(naming.part(l, "attn.b_o"), model)),
                        new TransformerWeights.Mlp(
                                source.matrix(naming.part(l, "mlp.w_up"), model, hidden),
                                source.vector(naming.part(l, "mlp.b_up"), hidden),
                                source.matrix(naming.part(l, "mlp.w_down"), hidden, model),
                                source.vector(naming.part(l, "mlp.b_down"), model))));
            }
            return new TransformerWeights(
                    source.matrix(naming.tokenEmbed, config.vocabSize(), model),
                    source.matrix(naming.posEmbed, config.maxPositions(), model),
                    source.matrix(naming.unembed, model, config.unembedSize()),
                    layers);
        }
    }

    private record Source(Path file, SafeTensorsFile tensors) {

        double[] vector(String name, int size) {
            return values(name, size);
        }

        double[][] matrix(String name, int rows, int columns) {
            double[] flat = values(name, rows, columns);
            double[][] matrix = new double[rows][];
            for (int i = 0; i < rows; i++) {
                matrix[i] = Arrays.copyOfRange(flat, i * columns, (i + 1) * columns);
            }
            return matrix;
        }

        private double[] values(String name, long... shape) {
            if (!tensors.contains(name)) {
                throw new InputException(file + ": tensor " + name + " is missing");
            }
            if (!Arrays.equals(tensors.info(name).shape(), shape)) {
                throw new InputException(file + ": tensor " + name + " has the shape "
                        + Arrays.toString(tensors.info(name).shape()) + ", but the configuration says "
                        + Arrays.toString(shape));
            }
            return tensors.tensor(name).toDoubles();
        }
    }

    private static Tensor matrix(double[][] rows) {
        float[] flat = new float[rows.length * rows[0].length];
        for (int i = 0; i < flat.length; i++) {
            flat[i] = (float) rows[i / rows[0].length][i % rows[0].length];
        }
        return Tensor.of(flat, rows.length, rows[0].length);
    }

    private static Tensor vector(double[] values) {
        float[] flat = new float[values.length];
        for (int i = 0; i < flat.length; i++) {
            flat[i] = (float) values[i];
        }
        return Tensor.of(flat, flat.length);
    }
}
