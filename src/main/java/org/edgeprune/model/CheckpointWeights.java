package org.edgeprune.model;

import java.util.Arrays;
import org.edgeprune.InputException;
import org.edgeprune.safetensors.Checkpoint;
import org.edgeprune.torch.DType;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.Tensor;

/** Parameters from a safetensors checkpoint: mapped without a copy where the file's dtype is the compute dtype. */
final class CheckpointWeights implements Weights {
    private final Checkpoint checkpoint;
    private final DType dtype;
    private final Device device;

    /** Takes ownership of the checkpoint. */
    CheckpointWeights(Checkpoint checkpoint, DType dtype, Device device) {
        this.checkpoint = checkpoint;
        this.dtype = dtype;
        this.device = device;
    }

    @Override
    public boolean has(String name) {
        return checkpoint.contains(name);
    }

    @Override
    public Tensor get(String name, long... shape) {
        if (!checkpoint.contains(name)) {
            throw new InputException(checkpoint + ": tensor '" + name + "' is missing: is this the checkpoint that config.json describes?");
        }
        long[] stored = checkpoint.info(name).shape();
        if (!Arrays.equals(stored, shape)) {
            throw new InputException(checkpoint + ": tensor '" + name + "' has shape " + Arrays.toString(stored)
                    + ", config.json asks for " + Arrays.toString(shape));
        }
        if (!device.equals(Device.CPU)) {
            return checkpoint.load(name, dtype, device);
        }
        Tensor mapped = checkpoint.tensor(name);
        return mapped.dtype() == dtype ? mapped : mapped.to(dtype);
    }

    @Override
    public void close() {
        checkpoint.close();
    }
}
