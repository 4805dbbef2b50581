package org.edgeprune.cli;

import java.nio.file.Path;
import java.util.Optional;
import org.edgeprune.model.DeviceMap;
import org.edgeprune.model.Execution;
import org.edgeprune.torch.DType;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.LibTorch;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What computes, and how a model is run on it. */
final class ExecutionOptions {
    @Mixin
    private ComputeOptions compute;

    @Option(
            names = "--compute-dtype",
            paramLabel = "TYPE",
            description =
                    "f32, bf16 or f16 (default: f32). For GPUs; most CPUs are slower in the narrow types. In f16 small gradients"
                            + " may vanish: prefer bf16.")
    private DType dtype;

    @Option(
            names = "--device-map",
            paramLabel = "MAP",
            description =
                    "Devices of the layers in their order, like cuda:0,cuda:1 or cuda:0=24,cuda:1=16 (default: all on --device).")
    private DeviceMap map;

    @Option(
            names = "--offload",
            description =
                    "Leave the weights in the mapped checkpoint and bring them in layer by layer: for a model larger than the memory.")
    private boolean offload;

    /** Loads libtorch as these options say; nothing may have loaded it before. */
    Execution start(Path modelDirectory) {
        return over(Execution.on(compute.start(modelDirectory, home(Device.CPU))));
    }

    /** The same for a model of some width. */
    Execution start(int width) {
        return over(Execution.on(compute.start(ComputeOptions.threadsFor(width), home(Device.CPU))));
    }

    /** The same, with an earlier run's values where options were not given. */
    Execution start(int threads, Execution earlier) {
        Device device = compute.start(threads, home(earlier.device()));
        return over(new Execution(device, earlier.dtype(), earlier.layers(), earlier.offload(), earlier.recompute()));
    }

    /** See {@link ComputeOptions#prepare}. */
    void prepare() {
        compute.prepare();
    }

    /** Embeddings go where the first layer is, unless told otherwise. */
    private Device home(Device other) {
        return map == null ? other : map.spans().get(0).device();
    }

    private Execution over(Execution other) {
        Execution chosen = new Execution(
                other.device(),
                dtype == null ? other.dtype() : dtype,
                Optional.ofNullable(map).or(other::layers),
                offload || other.offload(),
                other.recompute());
        chosen.layers().ifPresent(m -> m.spans().forEach(span -> LibTorch.require(span.device())));
        return chosen;
    }
}
