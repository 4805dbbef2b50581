package org.edgeprune.engine;

import org.edgeprune.torch.Tensor;

/**
 * Gradients of a loss with respect to masks; zero for masks that are exactly 0 or 1.
 *
 * @param edges flat, in the layout of the masks
 * @param nodes {@code [nodes]}
 */
public record MaskGradients(Tensor edges, Tensor nodes) {}
