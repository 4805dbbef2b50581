package org.edgeprune.cli;

import java.nio.file.Path;
import java.util.List;
import org.edgeprune.io.InputException;
import org.edgeprune.model.Models;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.LibTorch;
import picocli.CommandLine.Option;

/** {@code --device}, {@code --threads}, {@code --libtorch}: where the model is run. */
final class ComputeOptions {
    /**
     * Width of a model from which several threads help a single pass. Below, their synchronisation dominates: ten times
     * slower on a busy machine.
     */
    private static final int WORTH_SHARING = 512;

    @Option(
            names = "--device",
            paramLabel = "DEVICE",
            description = {
                "cpu, cuda or cuda:N (default: cpu). Commands that run batches of prompts also take several GPUs, cuda:0,cuda:1 or",
                "cuda:all: each has its own copy of the model and runs its share of the micro-batches."
            })
    private Devices devices;

    @Option(
            names = "--threads",
            paramLabel = "N",
            description =
                    "CPU threads of an operation (default: one, as micro-batches share the cores; one per core if batches are not split).")
    private Integer threads;

    @Option(
            names = "--libtorch",
            paramLabel = "DIR",
            description =
                    "Directory of a libtorch to use, such as pip's torch/lib (default: $EDGEPRUNE_LIBTORCH, or the bundled one).")
    private Path libtorch;

    /** Loads libtorch as these options say, with operations of one thread; nothing may have loaded it before. */
    Device start() {
        return start(1, Device.CPU);
    }

    /**
     * Loads libtorch with other values where options were not given; nothing may have loaded it before.
     *
     * @param otherThreads CPU threads of one operation
     */
    Device start(int otherThreads, Device otherDevice) {
        load(otherThreads);
        Device chosen = devices == null ? otherDevice : devices.one();
        LibTorch.require(chosen);
        return chosen;
    }

    /**
     * The same for a command that can use several devices.
     *
     * @param otherDevices where none was named
     */
    List<Device> startAll(int otherThreads, List<Device> otherDevices) {
        load(otherThreads);
        return devices == null ? otherDevices : devices.here();
    }

    private void load(int otherThreads) {
        prepare();
        LibTorch.setThreads(threads == null ? otherThreads : threads);
    }

    /** Whether devices are named, and several of them. */
    boolean namesSeveral() {
        return devices != null && devices.areSeveral();
    }

    /** Whether a device is named. */
    boolean namesDevice() {
        return devices != null;
    }

    /** CPU threads of an operation of the model in a directory that is run alone. */
    static int threadsAlone(Path modelDirectory) {
        return threadsAlone(Models.sizes(modelDirectory).hidden());
    }

    /** CPU threads of an operation of a model of some width that is run alone. */
    static int threadsAlone(int width) {
        return width < WORTH_SHARING ? 1 : Runtime.getRuntime().availableProcessors();
    }

    /** Checks the options and names the libtorch to load, but loads nothing yet. */
    void prepare() {
        if (threads != null) {
            try {
                LibTorch.requireThreads(threads);
            } catch (InputException e) {
                throw new InputException("--threads: " + e.getMessage(), e);
            }
        }
        if (libtorch != null) {
            LibTorch.use(libtorch);
        }
    }
}
