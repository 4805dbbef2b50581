package org.edgeprune.cli;

import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;
import org.edgeprune.io.InputException;
import org.edgeprune.model.DeviceMap;
import org.edgeprune.model.Execution;
import org.edgeprune.model.ModelSizes;
import org.edgeprune.model.Models;
import org.edgeprune.torch.DType;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.LibTorch;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** How and where a model is run. */
final class ExecutionOptions {
    @Mixin
    private ComputeOptions compute;

    @Option(
            names = "--compute-dtype",
            paramLabel = "TYPE",
            description =
                    "f32, bf16 or f16 (default: f32). For GPUs; most CPUs are slower in bf16 and f16. In f16 small gradients"
                            + " can underflow: prefer bf16.")
    private DType dtype;

    @Option(
            names = "--device-map",
            paramLabel = "MAP",
            description =
                    "Devices of the layers in order, such as cuda:0,cuda:1 or cuda:0=24,cuda:1=16 (default: all on --device).")
    private DeviceMap map;

    @Option(
            names = "--offload",
            description =
                    "Leave the weights in the memory-mapped checkpoint and load them layer by layer: for models larger than memory.")
    private boolean offload;

    @Option(
            names = "--micro-batch",
            paramLabel = "N",
            description = {
                "Largest number of tokens in a micro-batch, which one worker runs; 0 for whole batches.",
                "Sums depend on it in their last digits (default: 160, more for small models; whole batches on GPUs and with --offload)."
            })
    private Integer microBatch;

    @Option(
            names = "--workers",
            paramLabel = "N",
            description =
                    "Micro-batches that are run at the same time, each on its own core. Affects only time and memory"
                            + " (default: one per core, or one where that is faster).")
    private Integer workers;

    /** Loads libtorch as these options say for batches of a model; nothing may have loaded it before. */
    Execution start(Path modelDirectory) {
        return start(Models.sizes(modelDirectory));
    }

    /** Loads libtorch as these options say for batches of a model; nothing may have loaded it before. */
    Execution start(ModelSizes model) {
        prepare();
        boolean whole = over(Execution.on(Device.CPU)).microBatchOf(model) == 0;
        return start(whole ? ComputeOptions.threadsAlone(model.hidden()) : 1);
    }

    /** The same for passes of a model that are not cut. */
    Execution startAlone(Path modelDirectory) {
        return start(ComputeOptions.threadsAlone(modelDirectory));
    }

    private Execution start(int threads) {
        return required(over(Execution.on(compute.start(threads, home(Device.CPU)))));
    }

    /** The same, with an earlier run's values where options were not given. */
    Execution start(int threads, Execution earlier) {
        Device device = compute.start(threads, home(earlier.device()));
        return required(over(earlier.withDevice(device)));
    }

    /** See {@link ComputeOptions#prepare}. */
    void prepare() {
        compute.prepare();
        requireCount("--workers", workers, 1, 1024);
        requireCount("--micro-batch", microBatch, 0, Integer.MAX_VALUE);
    }

    private static void requireCount(String option, Integer value, int least, int most) {
        if (value != null && (value < least || value > most)) {
            throw new InputException(option + " " + value + ": must be from " + least + " to " + most);
        }
    }

    /** Embeddings are on the first layer's device by default. */
    private Device home(Device other) {
        return map == null ? other : map.spans().get(0).device();
    }

    private Execution over(Execution other) {
        return new Execution(
                other.device(),
                dtype == null ? other.dtype() : dtype,
                Optional.ofNullable(map).or(other::layers),
                offload || other.offload(),
                other.recompute(),
                microBatch == null ? other.microBatch() : OptionalInt.of(microBatch),
                workers == null ? other.workers() : OptionalInt.of(workers));
    }

    private static Execution required(Execution chosen) {
        chosen.layers().ifPresent(m -> m.spans().forEach(span -> LibTorch.require(span.device())));
        return chosen;
    }
}
