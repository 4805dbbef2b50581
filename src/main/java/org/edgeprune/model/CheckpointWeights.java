package org.edgeprune.model;

import java.util.Arrays;
import java.util.Optional;
import org.edgeprune.io.InputException;
import org.edgeprune.safetensors.Checkpoint;
import org.edgeprune.torch.DType;
import org.edgeprune.torch.Tensor;

/** Parameters from a safetensors checkpoint, mapped without a copy. */
final class CheckpointWeights implements Weights {
    private final Checkpoint checkpoint;

    /** Takes ownership of the checkpoint. */
    CheckpointWeights(Checkpoint checkpoint) {
        this.checkpoint = checkpoint;
    }

    @Override
    public boolean has(String name) {
        return checkpoint.contains(name);
    }

    @Override
    public Tensor get(String name, long... shape) {
        if (!checkpoint.contains(name)) {
            throw new InputException(checkpoint + ": tensor '" + name
                    + "' is missing: is this the checkpoint that config.json describes?");
        }
        long[] stored = checkpoint.info(name).shape();
        if (!Arrays.equals(stored, shape)) {
            throw new InputException(checkpoint + ": tensor '" + name + "' has shape " + Arrays.toString(stored)
                    + ", config.json asks for " + Arrays.toString(shape));
        }
        return checkpoint.tensor(name);
    }

    /** What all parameters take in a dtype. */
    long bytes(DType dtype) {
        return checkpoint.names().stream()
                .mapToLong(name -> checkpoint.info(name).elementCount() * dtype.byteSize())
                .sum();
    }

    /** What copies take in a dtype, of all parameters that are stored in another one. */
    long bytesUnless(DType dtype) {
        return checkpoint.names().stream()
                .map(checkpoint::info)
                .filter(info -> !info.dtype().tensorType().equals(Optional.of(dtype)))
                .mapToLong(info -> info.elementCount() * dtype.byteSize())
                .sum();
    }

    @Override
    public void prefetch(String name) {
        checkpoint.prefetch(name);
    }

    @Override
    public void unload(String name) {
        checkpoint.unload(name);
    }

    @Override
    public void requireUnchanged() {
        checkpoint.requireUnchanged();
    }

    @Override
    public void close() {
        checkpoint.close();
    }
}
