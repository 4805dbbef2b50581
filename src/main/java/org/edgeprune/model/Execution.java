package org.edgeprune.model;

import java.util.Optional;
import java.util.OptionalInt;
import org.edgeprune.io.InputException;
import org.edgeprune.torch.DType;
import org.edgeprune.torch.Device;

/**
 * How a model runs: what it computes in, where its parameters are, and what it does to save memory.
 *
 * @param device of embeddings, unembedding, residual streams and masks
 * @param dtype of parameters and activations; masks, their gradients and losses are F32 in any case
 * @param layers where layers are, if not all on {@code device}
 * @param offload whether parameters stay in the mapped checkpoint, and come to their device when their part of the
 *     model is used. Blocks are then recomputed, too, since what a block keeps for its backward includes its parameters
 * @param recompute whether the masked model's blocks are computed a second time in the backward, and keep nothing in
 *     between
 * @param microBatch tokens of a micro-batch at most, 0 for whole batches ({@code engine.MicroBatches}); empty for what
 *     {@link #microBatchOf} says. Sums depend on it in their last digits
 * @param workers micro-batches that are computed at a time ({@code engine.Workers}); empty for as many as there are
 *     cores, or one where that is faster. Nothing depends on it but time and memory
 */
public record Execution(
        Device device,
        DType dtype,
        Optional<DeviceMap> layers,
        boolean offload,
        boolean recompute,
        OptionalInt microBatch,
        OptionalInt workers) {
    /**
     * Tokens of a micro-batch. From half as many tokens to this many, a token of GPT-2 small costs a quarter less;
     * beyond, little is gained.
     */
    private static final int ENOUGH_TOKENS = 160;

    /** Multiply-adds of a layer beside which the calls of its operations cost little. */
    private static final long ENOUGH_WORK = 48_000_000;

    public Execution {
        if (!dtype.isFloatingPoint() || dtype == DType.F64) {
            throw new InputException("compute dtype " + dtype + ": use f32, bf16 or f16");
        }
        recompute |= offload;
        if (microBatch.orElse(0) < 0) {
            throw new InputException("a micro-batch of " + microBatch.getAsInt()
                    + " tokens: must be at least 1, or 0 for whole batches");
        }
        if (workers.orElse(1) < 1) {
            throw new InputException(workers.getAsInt() + " workers: must be at least 1");
        }
    }

    /** In F32, all on one device, everything kept. */
    public static Execution on(Device device) {
        return new Execution(
                device, DType.F32, Optional.empty(), false, false, OptionalInt.empty(), OptionalInt.empty());
    }

    /** The same with embeddings, unembedding, residual streams and masks on another device. */
    public Execution withDevice(Device newDevice) {
        return new Execution(newDevice, dtype, layers, offload, recompute, microBatch, workers);
    }

    public Execution withDtype(DType newDtype) {
        return new Execution(device, newDtype, layers, offload, recompute, microBatch, workers);
    }

    public Execution withLayers(DeviceMap map) {
        return new Execution(device, dtype, Optional.of(map), offload, recompute, microBatch, workers);
    }

    public Execution offloading() {
        return new Execution(device, dtype, layers, true, true, microBatch, workers);
    }

    public Execution recomputing() {
        return new Execution(device, dtype, layers, offload, true, microBatch, workers);
    }

    /**
     * The same in micro-batches of another size.
     *
     * @param tokens at most in each, 0 for whole batches
     */
    public Execution withMicroBatch(int tokens) {
        return new Execution(device, dtype, layers, offload, recompute, OptionalInt.of(tokens), workers);
    }

    /**
     * The same with a fixed number of workers.
     *
     * @param count micro-batches computed at a time, at least 1
     */
    public Execution withWorkers(int count) {
        return new Execution(device, dtype, layers, offload, recompute, microBatch, OptionalInt.of(count));
    }

    /**
     * Tokens of a micro-batch of some model: what was asked for, else 160, or so many that a layer has 48 million
     * multiply-adds to do, for in smaller models calling operations costs more than computing them. Whole batches on
     * GPUs, and where weights are brought in, which would otherwise be once for each micro-batch. It does not depend on
     * the machine.
     *
     * @param model its sizes
     * @return tokens, 0 for whole batches
     */
    public int microBatchOf(ModelSizes model) {
        if (microBatch.isPresent()) {
            return microBatch.getAsInt();
        }
        return offload || !isOnCpu()
                ? 0
                : Math.clamp(ENOUGH_WORK / model.layerParameters(), ENOUGH_TOKENS, Integer.MAX_VALUE);
    }

    /** Whether all of it is in the machine's own memory. */
    public boolean isOnCpu() {
        return !device.isCuda()
                && map().spans().stream().noneMatch(span -> span.device().isCuda());
    }

    /** Where each layer is. */
    DeviceMap map() {
        return layers.orElseGet(() -> DeviceMap.all(device));
    }
}
