package org.edgeprune.mask;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.graph.ReaderGroup;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.GradMode;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;

/**
 * What a pruning run trains: log_alpha of every edge and node mask, and the four Lagrange multipliers. Owns its
 * tensors, which are leaves that require gradients, until closed.
 */
public final class MaskParameters implements AutoCloseable {
    static final double INITIAL_STANDARD_DEVIATION = 0.01;

    /** log_alphas are far smaller; shifted by so much, all masks are 0 or all are 1. */
    private static final double MOST_SHIFTED = 1000;

    private static final double SHIFT_TOLERANCE = 1e-4;

    private final MaskLayout layout;
    private final HardConcrete distribution;
    private final Tensor edges;
    private final Tensor nodes;
    private final List<Tensor> multipliers;
    private final Optional<NeuronParameters> neurons;

    /** The Lagrange multipliers of {@link Lagrangian}, each a tensor of one element. */
    public enum Multiplier {
        /** lambda_1 of the edge constraint. */
        EDGES_1,
        /** lambda_2 of the edge constraint. */
        EDGES_2,
        /** lambda_1 of the node constraint. */
        NODES_1,
        /** lambda_2 of the node constraint. */
        NODES_2
    }

    /**
     * Parameters with given values, which are copied.
     *
     * @param layout how the edges' values are laid out
     * @param distribution the distribution that masks are sampled from
     * @param edges log_alpha of the edges, flat, {@code [layout.size()]}
     * @param nodes log_alpha of the nodes, {@code [nodes]}
     * @param multipliers the Lagrange multipliers in the order of {@link Multiplier}
     * @param device where the tensors are made
     * @throws IllegalArgumentException if a number of values is not right
     */
    public MaskParameters(
            MaskLayout layout,
            HardConcrete distribution,
            float[] edges,
            float[] nodes,
            float[] multipliers,
            Device device) {
        if (edges.length != layout.size() || nodes.length != layout.graph().nodeCount() || multipliers.length != 4) {
            throw new IllegalArgumentException(edges.length + " edge and " + nodes.length + " node parameters for "
                    + layout.size() + " and " + layout.graph().nodeCount());
        }
        this.layout = layout;
        this.distribution = distribution;
        try (TensorScope scope = TensorScope.open()) {
            this.edges = leaf(scope, edges, device);
            this.nodes = leaf(scope, nodes, device);
            List<Tensor> list = new ArrayList<>();
            for (float value : multipliers) {
                list.add(leaf(scope, new float[] {value}, device));
            }
            this.multipliers = List.copyOf(list);
        }
        this.neurons = Optional.empty();
    }

    private MaskParameters(MaskParameters others, NeuronParameters neurons) {
        this.layout = others.layout;
        this.distribution = others.distribution;
        this.edges = others.edges;
        this.nodes = others.nodes;
        this.multipliers = others.multipliers;
        this.neurons = Optional.of(neurons);
    }

    /**
     * These parameters with those of neurons beside them. They take over the tensors of both, so that only they are to
     * be closed.
     *
     * @param its the neurons' parameters, on the same device
     * @return parameters that the caller closes instead of these
     */
    public MaskParameters withNeurons(NeuronParameters its) {
        return new MaskParameters(this, its);
    }

    /**
     * Parameters at the start of a run: log_alpha ~ N(mean, 0.01), and multipliers of zero.
     *
     * @param layout how the edges' values are laid out
     * @param distribution the distribution that masks are sampled from
     * @param mean mean of log_alpha; 10 as published
     * @param noise source of the normal noise
     * @param device where the tensors are made
     * @return parameters that the caller closes
     */
    public static MaskParameters initial(
            MaskLayout layout, HardConcrete distribution, double mean, Noise noise, Device device) {
        return initial(layout, distribution, mean, mean, noise, device);
    }

    /**
     * The same with another mean for the nodes than for the edges.
     *
     * @param layout how the edges' values are laid out
     * @param distribution the distribution that masks are sampled from
     * @param edgeMean mean of the edges' log_alpha
     * @param nodeMean mean of the nodes' log_alpha
     * @param noise source of the normal noise
     * @param device where the tensors are made
     * @return parameters that the caller closes
     */
    public static MaskParameters initial(
            MaskLayout layout,
            HardConcrete distribution,
            double edgeMean,
            double nodeMean,
            Noise noise,
            Device device) {
        return new MaskParameters(
                layout,
                distribution,
                noise.normal(Noise.Stream.INITIAL_EDGES, 0, layout.size(), edgeMean, INITIAL_STANDARD_DEVIATION),
                noise.normal(
                        Noise.Stream.INITIAL_NODES,
                        0,
                        layout.graph().nodeCount(),
                        nodeMean,
                        INITIAL_STANDARD_DEVIATION),
                new float[4],
                device);
    }

    /**
     * Parameters at the start of a run for which a ranking of the edges is known. Edges are spread by their ranks, so
     * that sampled masks have the sparsity S in the mean and are nearly the circuit of the best edges: {@code log_alpha
     * = c + min(10, max(-10, 5 (logit(q) - logit(S))))} for the share q of the edges that rank lower, with c found by
     * bisection. The nodes' log_alpha ~ N(mean, 0.01), and multipliers are zero.
     *
     * @param graph the graph
     * @param distribution the distribution that masks are sampled from
     * @param ranking the edges' numbers from the best to the worst, each once
     * @param sparsity expected edge sparsity of sampled masks, above 0 and below 1
     * @param nodeMean mean of the nodes' log_alpha
     * @param noise source of the normal noise of the nodes
     * @param device where the tensors are made
     * @return parameters in the layout {@link MaskLayout#edges} that the caller closes
     * @throws IllegalArgumentException if the ranking is not of the graph's edges, or the sparsity is out of range
     */
    public static MaskParameters ranked(
            ComputationGraph graph,
            HardConcrete distribution,
            int[] ranking,
            double sparsity,
            double nodeMean,
            Noise noise,
            Device device) {
        if (ranking.length != graph.edgeCount()
                || IntStream.of(ranking).distinct().count() != ranking.length
                || !IntStream.of(ranking).allMatch(edge -> edge >= 0 && edge < graph.edgeCount())) {
            throw new IllegalArgumentException("a ranking of " + ranking.length + " numbers for " + graph.edgeCount()
                    + " edges: each must occur once");
        }
        if (!(sparsity > 0 && sparsity < 1)) {
            throw new IllegalArgumentException(
                    "masks cannot start at a sparsity of " + sparsity + ": it must be above 0 and below 1");
        }
        return new MaskParameters(
                MaskLayout.edges(graph),
                distribution,
                RankedLogAlphas.of(ranking, sparsity),
                noise.normal(Noise.Stream.INITIAL_NODES, 0, graph.nodeCount(), nodeMean, INITIAL_STANDARD_DEVIATION),
                new float[4],
                device);
    }

    private static Tensor leaf(TensorScope scope, float[] values, Device device) {
        return scope.release(Tensor.of(values, values.length).to(device)).requiresGrad_(true);
    }

    /**
     * How the edges' values are laid out.
     *
     * @return the layout
     */
    public MaskLayout layout() {
        return layout;
    }

    /**
     * The distribution that masks are sampled from.
     *
     * @return the distribution
     */
    public HardConcrete distribution() {
        return distribution;
    }

    /**
     * log_alpha of the edges.
     *
     * @return flat, {@code [layout.size()]}, F32
     */
    public Tensor edges() {
        return edges;
    }

    /**
     * log_alpha of the nodes.
     *
     * @return {@code [nodes]}, F32
     */
    public Tensor nodes() {
        return nodes;
    }

    /**
     * The parameters of the neurons' masks.
     *
     * @return empty where neurons have no masks
     */
    public Optional<NeuronParameters> neurons() {
        return neurons;
    }

    /**
     * log_alpha of the graph's edges, whatever the layout.
     *
     * @return a copy, by edge number, {@code [edges]}; position by position where these have masks of their own,
     *     {@code [positions * edges]}
     */
    public float[] edgeLogAlphas() {
        return layout.edgesOf(edges.toFloats());
    }

    /**
     * One of the Lagrange multipliers.
     *
     * @param which which one
     * @return {@code [1]}, F32
     */
    public Tensor multiplier(Multiplier which) {
        return multipliers.get(which.ordinal());
    }

    /**
     * All Lagrange multipliers.
     *
     * @return a copy, in the order of {@link Multiplier}, {@code [4]}, F32, outside any autograd graph, in the current
     *     scope
     */
    public Tensor multipliers() {
        try (GradMode _ = GradMode.disabled();
                TensorScope scope = TensorScope.open()) {
            return scope.keep(
                    Tensor.cat(0, multipliers.stream().map(m -> m.view(1)).toList()));
        }
    }

    /**
     * Copies the multipliers to the host.
     *
     * @return their values in the order of {@link Multiplier}
     */
    public float[] multiplierValues() {
        try (TensorScope _ = TensorScope.open()) {
            return multipliers().toFloats();
        }
    }

    /**
     * Samples masks, differentiable in the parameters.
     *
     * @param edgeNoise uniform noise u for the edges, flat, {@code [layout.size()]}, in [eps, 1 - eps]
     * @param nodeNoise uniform noise u for the nodes, {@code [nodes]}
     * @return masks of edges and nodes on the parameters' device, in the caller's scope
     */
    public Masks sample(float[] edgeNoise, float[] nodeNoise) {
        return sample(edgeNoise, nodeNoise, Optional.empty());
    }

    /**
     * Samples masks, differentiable in the parameters.
     *
     * @param edgeNoise uniform noise u for the edges, flat, {@code [layout.size()]}, in [eps, 1 - eps]
     * @param nodeNoise uniform noise u for the nodes, {@code [nodes]}
     * @param neuronNoise uniform noise u for the neurons, {@code [layers * inner]}; empty to leave them without masks
     * @return masks on the parameters' device, in the caller's scope
     */
    public Masks sample(float[] edgeNoise, float[] nodeNoise, Optional<float[]> neuronNoise) {
        Device device = edges.device();
        return new Masks(
                layout,
                distribution.sample(
                        edges, Tensor.of(edgeNoise, edgeNoise.length).to(device)),
                distribution.sample(
                        nodes, Tensor.of(nodeNoise, nodeNoise.length).to(device)),
                neuronNoise.map(noise -> distribution.sample(
                        neurons.orElseThrow().logAlphas(),
                        Tensor.of(noise, noise.length).to(device))));
    }

    /**
     * Adds one number to all edges' log_alphas, so that the sparsity of masks sampled with this noise is within bounds.
     * The number is found by bisection: the one that is nearest to 0.
     *
     * @param edgeNoise uniform noise u for the edges, flat, {@code [layout.size()]}
     * @param least the least edge sparsity, 0 to 1
     * @param most the highest edge sparsity, at least {@code least}
     * @return the number that was added: negative where masks were not sparse enough, 0 where they are within bounds
     */
    public double shiftEdges(float[] edgeNoise, double least, double most) {
        try (GradMode _ = GradMode.disabled();
                TensorScope _ = TensorScope.open()) {
            Tensor u = Tensor.of(edgeNoise, edgeNoise.length).to(edges.device());
            double sparsity = sparsityShifted(u, 0);
            if (sparsity >= least && sparsity <= most) {
                return 0;
            }
            double bound = sparsity < least ? least : most;
            double near = 0;
            double far = sparsity < least ? -MOST_SHIFTED : MOST_SHIFTED;
            while (Math.abs(far - near) > SHIFT_TOLERANCE) {
                double middle = (near + far) / 2;
                if (sparsityShifted(u, middle) < bound == sparsity < bound) {
                    near = middle;
                } else {
                    far = middle;
                }
            }
            edges.copy_(edges.add(far));
            return far;
        }
    }

    private double sparsityShifted(Tensor u, double by) {
        try (TensorScope _ = TensorScope.open()) {
            return new Masks(layout, distribution.sample(edges.add(by), u), nodes)
                    .edgeSparsity()
                    .item();
        }
    }

    /**
     * Computes soft masks without noise: sigmoid(0.8 log_alpha / beta), of which the round(expected zeros) smallest are
     * set to 0. Expected zeros are rounded for each of the published implementation's parameter tensors: each reader
     * group, each layer's heads, each MLP, each embedding. A reader group's masks at all positions are one tensor.
     *
     * @return soft masks
     */
    public MaskValues deterministic() {
        ComputationGraph graph = layout.graph();
        float[] edgeValues = edges.toFloats();
        float[] flat = new float[edgeValues.length];
        for (ReaderGroup group : graph.groups()) {
            int size = layout.blockSize(group);
            float[] ofGroup = new float[layout.positions() * size];
            for (int position = 0; position < layout.positions(); position++) {
                System.arraycopy(edgeValues, first(group, position), ofGroup, position * size, size);
            }
            float[] masks = distribution.deterministic(ofGroup, 0, ofGroup.length);
            for (int position = 0; position < layout.positions(); position++) {
                System.arraycopy(masks, position * size, flat, first(group, position), size);
            }
        }
        float[] nodeValues = nodes.toFloats();
        float[] nodeMasks = new float[nodeValues.length];
        int next = 0;
        for (int size : nodeTensorSizes(graph)) {
            System.arraycopy(distribution.deterministic(nodeValues, next, next + size), 0, nodeMasks, next, size);
            next += size;
        }
        return new MaskValues(
                graph,
                layout.edgesOf(flat),
                nodeMasks,
                neurons.map(its -> its.deterministic(distribution)).orElseGet(() -> new float[0]));
    }

    /** The index of a group's first mask at a position. */
    private int first(ReaderGroup group, int position) {
        return position * layout.perPosition() + layout.offset(group);
    }

    /**
     * Sizes of the tensors in which the published implementation keeps nodes: each embedding, each layer's heads, each
     * MLP.
     */
    private static int[] nodeTensorSizes(ComputationGraph graph) {
        return IntStream.concat(
                        IntStream.generate(() -> 1)
                                .limit(graph.shape().embeddings().size()),
                        IntStream.range(0, 2 * graph.shape().layers())
                                .map(i -> i % 2 == 0 ? graph.shape().heads() : 1))
                .toArray();
    }

    @Override
    public void close() {
        edges.close();
        nodes.close();
        multipliers.forEach(Tensor::close);
        neurons.ifPresent(NeuronParameters::close);
    }
}
