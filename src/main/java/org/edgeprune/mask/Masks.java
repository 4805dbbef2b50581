package org.edgeprune.mask;

import org.edgeprune.torch.Device;
import org.edgeprune.torch.Tensor;

/**
 * Masks as the engine takes them.
 *
 * @param layout how {@code edges} is laid out
 * @param edges all edge masks, flat, {@code [layout.size()]}, F32
 * @param nodes one mask per writer, {@code [nodes]}, F32
 */
public record Masks(MaskLayout layout, Tensor edges, Tensor nodes) {
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
    }

    /**
     * 1 - mean edge mask, over the edges that exist. Differentiable.
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
        return kept.mul(-1.0 / layout.graph().edgeCount()).add(1);
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
     * The same edge masks with node masks of one, whose gradient is zero.
     *
     * @return masks that cut edges only
     */
    public Masks withoutNodes() {
        return new Masks(layout, edges, nodes.mul(0).add(1));
    }

    /**
     * The same node masks with edge masks of one, whose gradient is zero.
     *
     * @return masks that cut nodes only
     */
    public Masks withoutEdges() {
        return new Masks(layout, edges.mul(0).add(1), nodes);
    }

    /**
     * The same masks outside any autograd graph.
     *
     * @return masks that share their memory with these
     */
    public Masks detach() {
        return new Masks(layout, edges.detach(), nodes.detach());
    }

    /**
     * Masks without noise as tensors.
     *
     * @param values soft or binary masks
     * @param device where the tensors are made
     * @return masks in the layout {@link MaskLayout#edges}, in the current scope
     */
    public static Masks of(MaskValues values, Device device) {
        return new Masks(
                MaskLayout.edges(values.graph()),
                Tensor.of(values.edges(), values.edges().length).to(device),
                Tensor.of(values.nodes(), values.nodes().length).to(device));
    }
}
