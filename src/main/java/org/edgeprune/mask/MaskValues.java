package org.edgeprune.mask;

import java.util.Arrays;
import java.util.BitSet;
import java.util.stream.IntStream;
import org.edgeprune.graph.Circuit;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.graph.PositionCircuit;
import org.edgeprune.graph.Reader;
import org.edgeprune.graph.ReaderGroup;
import org.edgeprune.graph.Writer;

/**
 * Masks as plain numbers, without noise: soft ones in [0,1], or binary. Edges have one mask each, or one at each
 * position of prompts that all have as many tokens.
 *
 * @param graph the graph that they mask
 * @param edges one mask per edge, by edge number; position by position where these have masks of their own
 * @param nodes one mask per writer
 * @param neurons one mask per neuron of every MLP, layer by layer; none where neurons have no masks, so that all are
 *     kept
 */
public record MaskValues(ComputationGraph graph, float[] edges, float[] nodes, float[] neurons) {
    /**
     * Masks of edges and nodes alone.
     *
     * @param graph the graph that they mask
     * @param edges one mask per edge, by edge number
     * @param nodes one mask per writer
     * @throws IllegalArgumentException if their numbers are not the graph's
     */
    public MaskValues(ComputationGraph graph, float[] edges, float[] nodes) {
        this(graph, edges, nodes, new float[0]);
    }

    /**
     * Checks the numbers of masks.
     *
     * @throws IllegalArgumentException if they are not the graph's
     */
    public MaskValues {
        if (neurons.length % graph.shape().layers() != 0) {
            throw new IllegalArgumentException(
                    neurons.length + " neuron masks for " + graph.shape().layers() + " layers, which all have as many");
        }
        if (edges.length == 0 || edges.length % graph.edgeCount() != 0 || nodes.length != graph.nodeCount()) {
            throw new IllegalArgumentException(edges.length + " edge and " + nodes.length
                    + " node masks for a graph of " + graph.edgeCount() + " edges and " + graph.nodeCount() + " nodes");
        }
    }

    /**
     * The masks of the full model.
     *
     * @param graph the graph
     * @return masks that are all one
     */
    public static MaskValues full(ComputationGraph graph) {
        return of(Circuit.full(graph));
    }

    /**
     * The masks of a circuit: one for its edges and for every node, zero for the other edges.
     *
     * @param circuit the circuit
     * @return binary masks
     */
    public static MaskValues of(Circuit circuit) {
        ComputationGraph graph = circuit.graph();
        float[] edges = new float[graph.edgeCount()];
        for (int i = 0; i < edges.length; i++) {
            edges[i] = circuit.contains(i) ? 1 : 0;
        }
        float[] nodes = new float[graph.nodeCount()];
        Arrays.fill(nodes, 1);
        return new MaskValues(graph, edges, nodes);
    }

    /**
     * The number of positions that have masks of their own.
     *
     * @return tokens of each prompt; 1 where all tokens have the same masks
     */
    public int positions() {
        return edges.length / graph.edgeCount();
    }

    /**
     * Whether positions have masks of their own, so that there is no one circuit of all tokens.
     *
     * @return whether there is more than one
     */
    public boolean byPosition() {
        return positions() > 1;
    }

    /**
     * Nodes whose mask is exactly one.
     *
     * @return their number
     */
    public int nodeCount() {
        return count(nodes);
    }

    /**
     * Whether neurons have masks.
     *
     * @return whether {@link #neurons} are there
     */
    public boolean hasNeurons() {
        return neurons.length > 0;
    }

    /**
     * Neurons whose mask is exactly one.
     *
     * @return their number; 0 where neurons have no masks
     */
    public int neuronCount() {
        return count(neurons);
    }

    private static int count(float[] masks) {
        int count = 0;
        for (float mask : masks) {
            count += mask == 1 ? 1 : 0;
        }
        return count;
    }

    /**
     * 1 - mean neuron mask.
     *
     * @return 0 to 1; 0 where neurons have no masks
     */
    public double neuronSparsity() {
        return hasNeurons() ? 1 - sum(neurons) / neurons.length : 0;
    }

    /**
     * The neurons of an MLP whose mask is exactly one.
     *
     * @param layer the MLP's layer
     * @return their numbers, ascending; none where neurons have no masks
     */
    public int[] keptNeurons(int layer) {
        int inner = neurons.length / graph.shape().layers();
        return IntStream.range(0, inner)
                .filter(neuron -> neurons[layer * inner + neuron] == 1)
                .toArray();
    }

    /**
     * 1 - mean edge mask.
     *
     * @return 0 to 1
     */
    public double edgeSparsity() {
        return 1 - sum(edges) / edges.length;
    }

    /**
     * 1 - mean node mask.
     *
     * @return 0 to 1
     */
    public double nodeSparsity() {
        return 1 - sum(nodes) / nodes.length;
    }

    /**
     * 1 - mean over edges of (edge mask x mask of the edge's writer): the share that is cut by either.
     *
     * @return 0 to 1
     */
    public double effectiveEdgeSparsity() {
        int[] writers = writers();
        double kept = 0;
        for (int i = 0; i < edges.length; i++) {
            kept += (double) edges[i] * nodes[writers[i % writers.length]];
        }
        return 1 - kept / edges.length;
    }

    /** The index of each edge's writer, by edge number. */
    private int[] writers() {
        int[] writers = new int[graph.edgeCount()];
        for (ReaderGroup group : graph.groups()) {
            for (int i = 0; i < group.edgeCount(); i++) {
                writers[group.firstEdge() + i] = i % group.visibleWriters();
            }
        }
        return writers;
    }

    /**
     * The same masks with one writer cut off: all edges out of it carry what an ablated edge carries.
     *
     * @param writer a writer of the graph
     * @return new masks
     */
    public MaskValues without(Writer writer) {
        float[] others = nodes.clone();
        others[writer.index()] = 0;
        return new MaskValues(graph, edges, others, neurons);
    }

    /**
     * Binary masks: 1 where a mask is above its threshold, else 0.
     *
     * @param thresholds the thresholds
     * @return new masks
     */
    public MaskValues binary(Thresholds thresholds) {
        return new MaskValues(
                graph,
                above(edges, thresholds.edges()),
                above(nodes, thresholds.nodes()),
                above(neurons, thresholds.neurons()));
    }

    /**
     * Binary masks with the thresholds that the published Tracr model uses to list edges: it takes the node threshold
     * for attention reads and the edge threshold for head writes.
     *
     * @param thresholds the thresholds
     * @return new masks
     */
    public MaskValues referenceTracrBinary(Thresholds thresholds) {
        if (byPosition()) {
            throw new IllegalStateException("the published model has no masks of positions");
        }
        float[] binaryEdges = above(edges, thresholds.edges());
        for (ReaderGroup group : graph.groups()) {
            if (group.kind() == Reader.Kind.QUERY
                    || group.kind() == Reader.Kind.KEY
                    || group.kind() == Reader.Kind.VALUE) {
                for (int i = group.firstEdge(); i < group.firstEdge() + group.edgeCount(); i++) {
                    binaryEdges[i] = edges[i] > thresholds.nodes() ? 1 : 0;
                }
            }
        }
        float[] binaryNodes = above(nodes, thresholds.nodes());
        for (Writer writer : graph.writers()) {
            if (writer.kind() == Writer.Kind.HEAD) {
                binaryNodes[writer.index()] = nodes[writer.index()] > thresholds.edges() ? 1 : 0;
            }
        }
        return new MaskValues(graph, binaryEdges, binaryNodes);
    }

    /**
     * The thresholds at which binary masks are as sparse as these, to the nearest mask.
     *
     * @return thresholds for {@link #binary}
     */
    public Thresholds thresholds() {
        return new Thresholds(threshold(edges), threshold(nodes), neuronThreshold());
    }

    /**
     * The thresholds at which the circuit of the binary masks has a given sparsity, to the nearest mask. Nodes are cut
     * as by {@link #thresholds()}; edges of nodes that go do not count as kept. Masks of exactly zero are not kept.
     *
     * @param sparsity share of the graph's edges that are not in the circuit, 0 to 1
     * @return thresholds for {@link #binary}
     */
    public Thresholds thresholdsAt(double sparsity) {
        double least = threshold(nodes);
        float[] ofKeptNodes = edges.clone();
        int[] writers = writers();
        for (int i = 0; i < ofKeptNodes.length; i++) {
            if (!(nodes[writers[i % writers.length]] > least)) {
                ofKeptNodes[i] = 0;
            }
        }
        return new Thresholds(threshold(ofKeptNodes, (1 - sparsity) * edges.length), least, neuronThreshold());
    }

    private double neuronThreshold() {
        return hasNeurons() ? threshold(neurons) : 0;
    }

    /**
     * Between the masks that stay and those that go: as many stay as the sum of all, rounded; equal masks go together.
     */
    private static double threshold(float[] masks) {
        return threshold(masks, sum(masks));
    }

    /** Between the masks that stay and those that go, so that about {@code sum} of those above zero stay. */
    private static double threshold(float[] masks, double sum) {
        float[] sorted = masks.clone();
        Arrays.sort(sorted);
        double threshold = sorted[sorted.length - 1];
        double distance = sum;
        for (int kept = 1; kept <= sorted.length; kept++) {
            float least = sorted[sorted.length - kept];
            float next = kept == sorted.length ? 0 : sorted[sorted.length - kept - 1];
            if (least > next && Math.abs(kept - sum) < distance) {
                distance = Math.abs(kept - sum);
                threshold = ((double) least + next) / 2;
            }
        }
        return threshold;
    }

    /**
     * The thresholds that the published implementation finds. Its search ends next to the mask where sparsity passes
     * that of the soft masks, and may cut one mask more than {@link #thresholds()}, which on a small graph can be one
     * that matters. It leaves the second embedding node (position embeddings) out when it counts nodes.
     *
     * @return thresholds for {@link #binary}
     */
    public Thresholds referenceThresholds() {
        return new Thresholds(referenceThreshold(edges), referenceThreshold(counted()));
    }

    private float[] counted() {
        if (graph.shape().embeddings().size() < 2) {
            return nodes;
        }
        float[] counted = new float[nodes.length - 1];
        counted[0] = nodes[0];
        System.arraycopy(nodes, 2, counted, 1, counted.length - 1);
        return counted;
    }

    private static double referenceThreshold(float[] masks) {
        return ThresholdSearch.find(
                t -> 1 - (double) countAbove(masks, t) / masks.length, 1 - sum(masks) / masks.length);
    }

    /**
     * The circuit of binary masks: the edges whose mask and whose writer's mask are both exactly one.
     *
     * @return the circuit
     * @throws IllegalStateException if positions have masks of their own, see {@link #positionCircuit}
     */
    public Circuit circuit() {
        if (byPosition()) {
            throw new IllegalStateException("masks of " + positions() + " positions are not one circuit");
        }
        return Circuit.of(graph, kept());
    }

    /**
     * The circuit of binary masks at each position: the edges whose mask there and whose writer's mask are both exactly
     * one.
     *
     * @return one circuit for each position
     */
    public PositionCircuit positionCircuit() {
        return PositionCircuit.of(graph, positions(), kept());
    }

    /**
     * The edges that are kept: those whose mask and whose writer's mask are both exactly one.
     *
     * @return their indices in {@link #edges}
     */
    public BitSet kept() {
        int[] writers = writers();
        BitSet kept = new BitSet();
        for (int i = 0; i < edges.length; i++) {
            if (edges[i] == 1 && nodes[writers[i % writers.length]] == 1) {
                kept.set(i);
            }
        }
        return kept;
    }

    /**
     * Where soft masks are cut.
     *
     * @param edges edge masks above this are kept
     * @param nodes node masks above this are kept
     * @param neurons neuron masks above this are kept
     */
    public record Thresholds(double edges, double nodes, double neurons) {
        /**
         * Thresholds of masks without neurons.
         *
         * @param edges edge masks above this are kept
         * @param nodes node masks above this are kept
         */
        public Thresholds(double edges, double nodes) {
            this(edges, nodes, 0);
        }
    }

    private static double sum(float[] values) {
        double sum = 0;
        for (float value : values) {
            sum += value;
        }
        return sum;
    }

    private static int countAbove(float[] values, double threshold) {
        int count = 0;
        for (float value : values) {
            if (value > threshold) {
                count++;
            }
        }
        return count;
    }

    private static float[] above(float[] values, double threshold) {
        float[] binary = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            binary[i] = values[i] > threshold ? 1 : 0;
        }
        return binary;
    }
}
