package org.edgeprune.model;

import java.util.HashSet;
import java.util.Set;
import org.edgeprune.torch.DType;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.LibTorch;
import org.edgeprune.torch.Tensor;

/**
 * Random parameters for benchmarks and for training from scratch: N(0, 0.02), norm weights one, biases zero, as GPT-2
 * is initialised. Reproducible by its seed, in the order in which parameters are asked for, each once: not for a model
 * that is offloaded.
 */
public final class RandomWeights implements Weights {
    private static final double STANDARD_DEVIATION = 0.02;

    private final Set<String> given = new HashSet<>();

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
