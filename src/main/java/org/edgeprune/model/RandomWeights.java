package org.edgeprune.model;

import org.edgeprune.torch.DType;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.LibTorch;
import org.edgeprune.torch.Tensor;

/**
 * Random parameters for benchmarks and for training from scratch: N(0, 0.02), norm weights one, biases zero, as GPT-2 is
 * initialised. Reproducible by its seed, in the order in which parameters are asked for.
 */
public final class RandomWeights implements Weights {
    private static final double STANDARD_DEVIATION = 0.02;

    private final Device device;

    public RandomWeights(long seed, Device device) {
        LibTorch.seed(seed);
        this.device = device;
    }

    @Override
    public boolean has(String name) {
        return true;
    }

    @Override
    public Tensor get(String name, long... shape) {
        if (shape.length == 1) {
            return Tensor.full(name.endsWith("bias") ? 0 : 1, DType.F32, device, shape);
        }
        return Tensor.empty(DType.F32, device, shape).normal_(0, STANDARD_DEVIATION);
    }

    @Override
    public void close() {}
}
