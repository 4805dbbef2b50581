package org.edgeprune.model;

import java.util.Optional;
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
 */
public record Execution(Device device, DType dtype, Optional<DeviceMap> layers, boolean offload, boolean recompute) {
    public Execution {
        if (!dtype.isFloatingPoint() || dtype == DType.F64) {
            throw new InputException("compute dtype " + dtype + ": use f32, bf16 or f16");
        }
        recompute |= offload;
    }

    /** In F32, all on one device, everything kept. */
    public static Execution on(Device device) {
        return new Execution(device, DType.F32, Optional.empty(), false, false);
    }

    public Execution withDtype(DType newDtype) {
        return new Execution(device, newDtype, layers, offload, recompute);
    }

    public Execution withLayers(DeviceMap map) {
        return new Execution(device, dtype, Optional.of(map), offload, recompute);
    }

    public Execution offloading() {
        return new Execution(device, dtype, layers, true, true);
    }

    public Execution recomputing() {
        return new Execution(device, dtype, layers, offload, true);
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
