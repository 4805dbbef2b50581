package org.edgeprune.model;

import org.edgeprune.model.architecture.Gpt2;
import org.edgeprune.model.architecture.Gpt2Config;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.Tensor;

/** Larger than the usual initialisation, so that attention and MLPs matter. */
public record LargeWeights(Weights small) implements Weights {
    /** A GPT-2 of such weights, the same ones in every test, on the CPU; to be closed. */
    public static TransformerModel gpt2(Gpt2Config config) {
        return TransformerModel.of(
                Gpt2.decoder(config), new LargeWeights(new RandomWeights(11)), Execution.on(Device.CPU));
    }

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
