package org.edgeprune.model;

import java.util.HashSet;
import java.util.Set;
import org.edgeprune.torch.DType;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.LibTorch;
import org.edgeprune.torch.Tensor;

/**
 * Random parameters for benchmarks and for training from scratch, initialised like GPT-2: N(0, 0.02), norm weights one,
 * biases zero. They are determined by the seed and by the order in which they are asked for. Each may be asked for
 * once, so they cannot be used for a model that is offloaded.
 */
public final class RandomWeights implements Weights {
    private static final double STANDARD_DEVIATION = 0.02;

    private final Set<String> given = new HashSet<>();

    /**
     * Weights that are made when they are asked for.
     *
     * @param seed seed of the random numbers
     */
    public RandomWeights(long seed) {
        LibTorch.seed(seed);
    }

    @Override
    public boolean has(String name) {
        return true;
    }

    @Override
    public Tensor get(String name, long... shape) {
        if (!given.add(name)) {
            throw new IllegalStateException(name + " is asked for again, and would have other numbers");
        }
        if (shape.length == 1) {
            return Tensor.full(name.endsWith("bias") ? 0 : 1, DType.F32, Device.CPU, shape);
        }
        return Tensor.empty(DType.F32, Device.CPU, shape).normal_(0, STANDARD_DEVIATION);
    }

    @Override
    public void close() {}
}
