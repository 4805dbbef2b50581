package org.edgeprune.model;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.edgeprune.io.InputException;
import org.edgeprune.torch.DType;
import org.edgeprune.torch.Device;

/**
 * How a model is run: its dtype, where its parameters are, and how it saves time or memory.
 *
 * @param copies where the model is. With several copies, normally one for each GPU, each is used by one worker of
 *     {@code engine.Workers}; masks and their optimiser are on the first. Numbers do not depend on how many there are
 * @param dtype dtype of parameters and activations; masks, their gradients and losses are F32 in any case
 * @param offload whether parameters stay in the mapped checkpoint, and are loaded when their part of the model is used.
 *     Blocks are then recomputed, too, since what a block keeps for its backward includes its parameters
 * @param recompute whether the masked model's blocks are computed a second time in the backward instead of being kept
 * @param microBatch largest number of tokens in a micro-batch, 0 for whole batches ({@code engine.MicroBatches}); empty
 *     for the default of {@link #microBatchOf}. The last bits of sums depend on it
 * @param workers number of micro-batches that are computed at the same time ({@code engine.Workers}); empty for the
 *     number of cores, or one if that is faster, and for one a copy where there are several. Only time and memory
 *     depend on it
 */
public record Execution(
        List<Placement> copies,
        DType dtype,
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

    /**
     * Offloading implies recomputation.
     *
     * @throws InputException if the dtype is not F32, BF16 or F16, a number is out of range, or copies are on devices
     *     of different kinds or on the same GPU
     */
    public Execution {
        copies = List.copyOf(copies);
        Placement.requireApart(copies);
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
        if (copies.size() > 1 && workers.orElse(1) > copies.size()) {
            throw new InputException(
                    "%d workers on %d devices: each device has one worker; leave the number of workers out"
                            .formatted(workers.getAsInt(), copies.size()));
        }
    }

    /**
     * The device of embeddings, unembedding, residual streams and masks; with several copies, that of the first.
     *
     * @return the device
     */
    public Device device() {
        return copies.getFirst().device();
    }

    /**
     * The devices of the layers, with several copies those of the first.
     *
     * @return the map; empty if they are all on {@link #device}
     */
    public Optional<DeviceMap> layers() {
        return copies.getFirst().layers();
    }

    /**
     * In F32, everything on one device, nothing recomputed.
     *
     * @param device the device
     * @return the execution
     */
    public static Execution on(Device device) {
        return new Execution(
                List.of(Placement.on(device)), DType.F32, false, false, OptionalInt.empty(), OptionalInt.empty());
    }

    /**
     * The same with the model in other places.
     *
     * @param placements where each copy is
     * @return a new execution
     */
    public Execution withCopies(List<Placement> placements) {
        return new Execution(placements, dtype, offload, recompute, microBatch, workers);
    }

    /**
     * The same for one of the copies alone.
     *
     * @param number of the copy, from 0
     * @param model its sizes
     * @return an execution with micro-batches of the same size
     */
    Execution ofCopy(int number, ModelSizes model) {
        return new Execution(
                List.of(copies.get(number)),
                dtype,
                offload,
                recompute,
                OptionalInt.of(microBatchOf(model)),
                OptionalInt.of(1));
    }

    /**
     * The same in another dtype.
     *
     * @param newDtype dtype of parameters and activations
     * @return a new execution
     */
    public Execution withDtype(DType newDtype) {
        return new Execution(copies, newDtype, offload, recompute, microBatch, workers);
    }

    /**
     * One copy of the model on the same device, with layers on other devices.
     *
     * @param map the device of each layer
     * @return a new execution
     */
    public Execution withLayers(DeviceMap map) {
        return withCopies(List.of(new Placement(device(), Optional.of(map))));
    }

    /**
     * The same with parameters that stay in the checkpoint.
     *
     * @return a new execution
     */
    public Execution offloading() {
        return new Execution(copies, dtype, true, true, microBatch, workers);
    }

    /**
     * The same with blocks that are computed again in the backward.
     *
     * @return a new execution
     */
    public Execution recomputing() {
        return new Execution(copies, dtype, offload, true, microBatch, workers);
    }

    /**
     * The same in micro-batches of another size.
     *
     * @param tokens the largest number of tokens in each, 0 for whole batches
     * @return a new execution
     */
    public Execution withMicroBatch(int tokens) {
        return new Execution(copies, dtype, offload, recompute, OptionalInt.of(tokens), workers);
    }

    /**
     * The same with a fixed number of workers.
     *
     * @param count number of micro-batches that are computed at the same time, at least 1
     * @return a new execution
     */
    public Execution withWorkers(int count) {
        return new Execution(copies, dtype, offload, recompute, microBatch, OptionalInt.of(count));
    }

    /**
     * Tokens of a micro-batch of some model: what was asked for, else 160, or so many that a layer has 48 million
     * multiply-adds to do, for in smaller models calling operations costs more than computing them. Whole batches on
     * one GPU, and where weights are brought in, which would otherwise be once for each micro-batch. It does not depend
     * on the machine, nor, from two on, on the number of copies.
     *
     * @param model its sizes
     * @return tokens, 0 for whole batches
     */
    public int microBatchOf(ModelSizes model) {
        if (microBatch.isPresent()) {
            return microBatch.getAsInt();
        }
        return copies.size() == 1 && (offload || !isOnCpu())
                ? 0
                : Math.clamp(ENOUGH_WORK / model.layerParameters(), ENOUGH_TOKENS, Integer.MAX_VALUE);
    }

    /**
     * Whether everything is in the machine's own memory.
     *
     * @return false if any part is on another device
     */
    public boolean isOnCpu() {
        return copies.stream().flatMap(copy -> copy.devices().stream()).allMatch(Device::isCpu);
    }
}
