package org.edgeprune.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import org.edgeprune.io.InputException;
import org.edgeprune.model.Execution;
import org.edgeprune.model.ModelSizes;
import org.edgeprune.model.Models;
import org.edgeprune.model.Placement;
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
            description = {
                "Devices of the layers in order, such as cuda:0,cuda:1 or cuda:0=24,cuda:1=16 (default: all on --device).",
                "A slash between the devices of several copies of the model: cuda:0,cuda:1/cuda:2,cuda:3."
            })
    private DeviceMaps maps = DeviceMaps.NONE;

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
                "Sums depend on it in their last digits (default: 160, more for small models; whole batches on one GPU and with --offload)."
            })
    private Integer microBatch;

    @Option(
            names = "--workers",
            paramLabel = "N",
            description =
                    "Micro-batches that are run at the same time, each on its own core. Affects only time and memory"
                            + " (default: one per core, or one where that is faster; with several GPUs one for each).")
    private Integer workers;

    /** Loads libtorch as these options say for batches of a model; nothing may have loaded it before. */
    Execution start(Path modelDirectory) {
        return start(Models.sizes(modelDirectory));
    }

    /** Loads libtorch as these options say for batches of a model; nothing may have loaded it before. */
    Execution start(ModelSizes model) {
        return required(planned(model));
    }

    /** The same for a prediction: devices that are named need not be there. */
    Execution planned(ModelSizes model) {
        prepare();
        boolean whole = !compute.namesSeveral()
                && !maps.areSeveral()
                && over(Execution.on(Device.CPU), List.of(Device.CPU)).microBatchOf(model) == 0;
        return over(whole ? ComputeOptions.threadsAlone(model.hidden()) : 1, Execution.on(Device.CPU));
    }

    /** The same for passes of a model that are not cut, and so run on one copy. */
    Execution startAlone(Path modelDirectory) {
        Execution chosen = over(ComputeOptions.threadsAlone(modelDirectory), Execution.on(Device.CPU));
        if (chosen.copies().size() > 1) {
            throw new InputException("copies of the model on %s: this command computes on one of them: name one"
                    .formatted(Placement.devices(chosen.copies())));
        }
        return required(chosen);
    }

    /** The same, with an earlier run's values where options were not given. */
    Execution start(int threads, Execution earlier) {
        return required(over(threads, earlier));
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

    /** Loads libtorch. */
    private Execution over(int threads, Execution other) {
        List<Device> others = maps.given()
                ? maps.firstDevices()
                : other.copies().stream().map(Placement::device).toList();
        return over(other, compute.startAll(threads, others));
    }

    /** @param devices of each copy: by default, embeddings are on the first layer's device */
    private Execution over(Execution other, List<Device> devices) {
        return new Execution(
                copies(other, devices),
                dtype == null ? other.dtype() : dtype,
                offload || other.offload(),
                other.recompute(),
                microBatch == null ? other.microBatch() : OptionalInt.of(microBatch),
                workers == null ? other.workers() : OptionalInt.of(workers));
    }

    private List<Placement> copies(Execution other, List<Device> devices) {
        if (maps.given()) {
            return Placement.of(devices, maps.ofCopies());
        }
        if (!compute.namesDevice()) {
            return other.copies();
        }
        // an earlier run's maps, as far as they say where these copies' layers are
        return Placement.of(
                devices,
                other.copies().stream().flatMap(copy -> copy.layers().stream()).toList());
    }

    private static Execution required(Execution chosen) {
        chosen.copies().stream()
                .flatMap(copy -> copy.devices().stream())
                .distinct()
                .forEach(LibTorch::require);
        return chosen;
    }
}
