package org.edgeprune.engine;

import java.util.Optional;
import org.edgeprune.torch.Tensor;

/**
 * Gradients of a loss with respect to masks. They are zero for masks that are exactly 0 or 1, where the hard concrete
 * distribution has no gradient.
 *
 * @param edges flat, in the layout of the masks ({@link org.edgeprune.mask.MaskLayout}), F32
 * @param nodes {@code [nodes]}, F32
 * @param neurons of every MLP, layer by layer, {@code [layers * inner]}, F32; empty where neurons have no masks
 */
public record MaskGradients(Tensor edges, Tensor nodes, Optional<Tensor> neurons) {}
