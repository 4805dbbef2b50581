package org.edgeprune.model;

import org.edgeprune.torch.Tensor;

/** Larger than the usual initialisation, so that attention and MLPs matter. */
public record LargeWeights(Weights small) implements Weights {
    @Override
    public boolean has(String name) {
        return small.has(name);
    }

    @Override
    public Tensor get(String name, long... shape) {
        return shape.length == 1
                ? small.get(name, shape)
                : small.get(name, shape).mul(12);
    }

    @Override
    public void close() {
        small.close();
    }
}
