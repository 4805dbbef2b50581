package org.edgeprune.mask;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.graph.Reader;
import org.edgeprune.graph.ReaderGroup;
import org.edgeprune.torch.Device;

/**
 * Names and layout of the parameters in the published implementation, for exchanging checkpoints with it.
 *
 * <p>It keeps read log_alphas as {@code [writers, readers]} for each group of queries, keys or values and as
 * {@code [writers]} for an MLP and {@code resid_post}, with rows for all writers.
 */
public enum ReferenceFormat {
    /** GPT-2. */
    GPT2("transformer.", "h.", "", "attn_write_log_alphas", "", "final_read_log_alphas", true),
    /** Llama. */
    LLAMA("model.", "layers.", "", "attn_write_log_alphas", "", "final_read_log_alphas", true),
    /** Tracr models with an unembedding. */
    TRACR("Erazr_model.", "blocks.", "attn.", "write_log_alphas", "mlp.", "final_read_log_alpha", false),
    /** Tracr models without an unembedding, such as {@code xproportion}. */
    TRACR_HEADLESS("", "blocks.", "attn.", "write_log_alphas", "mlp.", "final_read_log_alpha", false);

    private static final String[] EMBEDDINGS = {"token_write_log_alpha", "pos_write_log_alpha"};

    private final String prefix;
    private final String layers;
    private final String attention;
    private final String headWrite;
    private final String mlp;
    private final String last;
    private final boolean singlesAreVectors;

    ReferenceFormat(
            String prefix,
            String layers,
            String attention,
            String headWrite,
            String mlp,
            String last,
            boolean singlesAreVectors) {
        this.prefix = prefix;
        this.layers = layers;
        this.attention = attention;
        this.headWrite = headWrite;
        this.mlp = mlp;
        this.last = last;
        this.singlesAreVectors = singlesAreVectors;
    }

    /** The name of a reader group's log_alphas. */
    String edges(ReaderGroup group) {
        String layer = prefix + layers + group.layer() + ".";
        return switch (group.kind()) {
            case QUERY -> layer + attention + "q_read_log_alphas";
            case KEY -> layer + attention + "k_read_log_alphas";
            case VALUE -> layer + attention + "v_read_log_alphas";
            case MLP -> layer + mlp + "mlp_read_log_alphas";
            case RESID_POST -> prefix + last;
        };
    }

    /**
     * The name of an embedding node's log_alpha.
     *
     * @param index 0 for token embeddings, 1 for position embeddings
     * @return a tensor's name
     */
    public String embedding(int index) {
        return prefix + EMBEDDINGS[index];
    }

    /**
     * The name of the log_alphas of a layer's heads.
     *
     * @param layer the layer's index, from 0
     * @return a tensor's name
     */
    public String heads(int layer) {
        return prefix + layers + layer + "." + attention + headWrite;
    }

    /** The name of the log_alpha of a layer's MLP. */
    String mlp(int layer) {
        return prefix + layers + layer + "." + mlp + "mlp_write_log_alphas";
    }

    /**
     * The name of a Lagrange multiplier.
     *
     * @param which which one
     * @return a tensor's name
     */
    public String multiplier(MaskParameters.Multiplier which) {
        return prefix + "sparsity_lambda_" + which.name().toLowerCase(java.util.Locale.ROOT);
    }

    /**
     * Reads values of all edges.
     *
     * @param layout the layout to return them in
     * @param tensor gives a tensor's values, row-major, by name
     * @return flat, {@code [layout.size()]}
     * @throws org.edgeprune.io.InputException if a tensor has another size
     */
    public float[] readEdges(MaskLayout layout, Function<String, float[]> tensor) {
        float[] flat = new float[layout.size()];
        for (ReaderGroup group : layout.graph().groups()) {
            float[] values = sized(edges(group), tensor, layout.graph().nodeCount() * group.count());
            for (int row = 0; row < group.count(); row++) {
                for (int w = 0; w < layout.rowLength(group); w++) {
                    flat[layout.offset(group) + row * layout.rowLength(group) + w] = values[w * group.count() + row];
                }
            }
        }
        return flat;
    }

    /**
     * Reads values of all nodes.
     *
     * @param graph the graph
     * @param tensor gives a tensor's values, row-major, by name
     * @return {@code [nodes]}
     * @throws org.edgeprune.io.InputException if a tensor has another size
     */
    public float[] readNodes(ComputationGraph graph, Function<String, float[]> tensor) {
        float[] nodes = new float[graph.nodeCount()];
        int next = 0;
        for (int i = 0; i < graph.shape().embeddings().size(); i++) {
            nodes[next++] = sized(embedding(i), tensor, 1)[0];
        }
        int heads = graph.shape().heads();
        for (int layer = 0; layer < graph.shape().layers(); layer++) {
            System.arraycopy(sized(heads(layer), tensor, heads), 0, nodes, next, heads);
            nodes[next + heads] = sized(mlp(layer), tensor, 1)[0];
            next += heads + 1;
        }
        return nodes;
    }

    /**
     * Reads all parameters.
     *
     * @param layout the layout of the new parameters
     * @param distribution the distribution that masks are sampled from
     * @param tensor gives a tensor's values, row-major, by name
     * @param device where the tensors are made
     * @return parameters that the caller closes
     * @throws org.edgeprune.io.InputException if a tensor has another size
     */
    public MaskParameters read(
            MaskLayout layout, HardConcrete distribution, Function<String, float[]> tensor, Device device) {
        float[] multipliers = new float[4];
        for (MaskParameters.Multiplier which : MaskParameters.Multiplier.values()) {
            multipliers[which.ordinal()] = sized(multiplier(which), tensor, 1)[0];
        }
        return new MaskParameters(
                layout,
                distribution,
                readEdges(layout, tensor),
                readNodes(layout.graph(), tensor),
                multipliers,
                device);
    }

    /**
     * A tensor of a published checkpoint.
     *
     * @param shape its sizes; empty for a scalar
     * @param values its values, row-major
     */
    public record NamedValues(long[] shape, float[] values) {}

    /**
     * Converts parameters to the tensors of the published implementation.
     *
     * @param parameters log_alphas and multipliers
     * @param unused value of log_alphas that do not belong to an edge, if the layout has none for them
     * @return tensors by name, in order
     */
    public Map<String, NamedValues> write(MaskParameters parameters, float unused) {
        ComputationGraph graph = parameters.layout().graph();
        MaskLayout reference = MaskLayout.reference(graph);
        float[] edges = parameters.edges().toFloats();
        float[] flat = parameters.layout().hasUnusedRows() ? edges : reference.flatOf(edges, unused);
        Map<String, NamedValues> tensors = new LinkedHashMap<>();
        int writers = graph.nodeCount();
        for (ReaderGroup group : graph.groups()) {
            float[] values = new float[writers * group.count()];
            for (int row = 0; row < group.count(); row++) {
                for (int w = 0; w < writers; w++) {
                    values[w * group.count() + row] = flat[reference.offset(group) + row * writers + w];
                }
            }
            boolean vector = group.kind() == Reader.Kind.MLP || group.kind() == Reader.Kind.RESID_POST;
            long[] shape = vector ? new long[] {writers} : new long[] {writers, group.count()};
            tensors.put(edges(group), new NamedValues(shape, values));
        }
        float[] nodes = parameters.nodes().toFloats();
        long[] single = singlesAreVectors ? new long[] {1} : new long[0];
        int next = 0;
        for (int i = 0; i < graph.shape().embeddings().size(); i++) {
            tensors.put(embedding(i), new NamedValues(single, new float[] {nodes[next++]}));
        }
        int heads = graph.shape().heads();
        for (int layer = 0; layer < graph.shape().layers(); layer++) {
            float[] values = java.util.Arrays.copyOfRange(nodes, next, next + heads);
            tensors.put(heads(layer), new NamedValues(new long[] {heads}, values));
            tensors.put(mlp(layer), new NamedValues(single, new float[] {nodes[next + heads]}));
            next += heads + 1;
        }
        float[] multipliers = parameters.multiplierValues();
        for (MaskParameters.Multiplier which : MaskParameters.Multiplier.values()) {
            tensors.put(multiplier(which), new NamedValues(single, new float[] {multipliers[which.ordinal()]}));
        }
        return tensors;
    }

    private static float[] sized(String name, Function<String, float[]> tensor, int size) {
        float[] values = tensor.apply(name);
        if (values.length != size) {
            throw new org.edgeprune.io.InputException(
                    "tensor '" + name + "' has " + values.length + " values, expected " + size
                            + ": is it a checkpoint of this model, with the same embedding nodes?");
        }
        return values;
    }
}
