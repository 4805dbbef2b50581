package org.edgeprune.mask;

import java.util.Optional;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.Tensor;

/**
 * Masks as the engine takes them.
 *
 * @param layout how {@code edges} is laid out
 * @param edges all edge masks, flat, {@code [layout.size()]}, F32
 * @param nodes one mask per writer, {@code [nodes]}, F32
 * @param neurons one mask per neuron of every MLP, layer by layer, {@code [layers * inner]}, F32; empty where neurons
 *     have no masks
 */
public record Masks(MaskLayout layout, Tensor edges, Tensor nodes, Optional<Tensor> neurons) {
    /**
     * Masks of edges and nodes alone.
     *
     * @param layout how {@code edges} is laid out
     * @param edges all edge masks, flat, {@code [layout.size()]}, F32
     * @param nodes one mask per writer, {@code [nodes]}, F32
     * @throws IllegalArgumentException if the shapes are not those of the layout and its graph
     */
    public Masks(MaskLayout layout, Tensor edges, Tensor nodes) {
        this(layout, edges, nodes, Optional.empty());
    }

    /**
     * Checks the shapes.
     *
     * @throws IllegalArgumentException if they are not those of the layout and its graph
     */
    public Masks {
        if (edges.rank() != 1 || edges.size(0) != layout.size()) {
            throw new IllegalArgumentException("edge masks: expected " + layout.size() + " in one dimension");
        }
        if (nodes.rank() != 1 || nodes.size(0) != layout.graph().nodeCount()) {
            throw new IllegalArgumentException(
                    "node masks: expected " + layout.graph().nodeCount() + " in one dimension");
        }
        int layers = layout.graph().shape().layers();
        if (neurons.filter(masks -> masks.rank() != 1 || masks.size(0) % layers != 0)
                .isPresent()) {
            throw new IllegalArgumentException(
                    "neuron masks: expected as many for each of " + layers + " layers, in one dimension");
        }
    }

    /**
     * 1 - mean edge mask, over the edges that exist, at every position that has masks of its own. Differentiable.
     *
     * @return a scalar
     */
    public Tensor edgeSparsity() {
        Tensor kept = layout.hasUnusedRows()
                ? Tensor.cat(
                                0,
                                layout.graph().groups().stream()
                                        .map(g -> layout.block(edges, g).sum().view(1))
                                        .toList())
                        .sum()
                : edges.sum();
        return kept.mul(-1.0 / layout.positions() / layout.graph().edgeCount()).add(1);
    }

    /**
     * 1 - mean node mask. Differentiable.
     *
     * @return a scalar
     */
    public Tensor nodeSparsity() {
        return nodes.mean().neg().add(1);
    }

    /**
     * 1 - mean neuron mask. Differentiable.
     *
     * @return a scalar; empty where neurons have no masks
     */
    public Optional<Tensor> neuronSparsity() {
        return neurons.map(masks -> masks.mean().neg().add(1));
    }

    /**
     * The masks of one MLP's neurons.
     *
     * @param layer the MLP's layer
     * @return {@code [inner]}; empty where neurons have no masks
     */
    public Optional<Tensor> neurons(int layer) {
        return neurons.map(masks -> {
            long inner = masks.size(0) / layout.graph().shape().layers();
            return masks.narrow(0, layer * inner, inner);
        });
    }

    /**
     * The same edge masks with node masks of one, whose gradient is zero.
     *
     * @return masks that do not cut nodes
     */
    public Masks withoutNodes() {
        return new Masks(layout, edges, nodes.mul(0).add(1), neurons);
    }

    /**
     * The same node masks with edge masks of one, whose gradient is zero.
     *
     * @return masks that do not cut edges
     */
    public Masks withoutEdges() {
        return new Masks(layout, edges.mul(0).add(1), nodes, neurons);
    }

    /**
     * The same masks outside any autograd graph.
     *
     * @return masks that share their memory with these
     */
    public Masks detach() {
        return new Masks(layout, edges.detach(), nodes.detach(), neurons.map(Tensor::detach));
    }

    /**
     * The same masks on a device.
     *
     * @param device the device
     * @return masks in the current scope; those of this object if they are there already
     */
    public Masks to(Device device) {
        return new Masks(layout, edges.to(device), nodes.to(device), neurons.map(masks -> masks.to(device)));
    }

    /**
     * Masks without noise as tensors.
     *
     * @param values soft or binary masks
     * @param device where the tensors are made
     * @return masks in the layout of one mask for each edge, or each edge and position, in the current scope
     */
    public static Masks of(MaskValues values, Device device) {
        return new Masks(
                MaskLayout.positions(values.graph(), values.positions()),
                Tensor.of(values.edges(), values.edges().length).to(device),
                Tensor.of(values.nodes(), values.nodes().length).to(device),
                values.hasNeurons()
                        ? Optional.of(Tensor.of(values.neurons(), values.neurons().length)
                                .to(device))
                        : Optional.empty());
    }
}
