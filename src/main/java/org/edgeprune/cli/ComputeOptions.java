package org.edgeprune.cli;

import java.nio.file.Path;
import org.edgeprune.io.InputException;
import org.edgeprune.model.Models;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.LibTorch;
import picocli.CommandLine.Option;

/** {@code --device}, {@code --threads}, {@code --libtorch}: what computes. */
final class ComputeOptions {
    /**
     * Width of a model from which several threads help. Below, they wait for each other: on a busy machine ten times
     * longer.
     */
    private static final int WORTH_SHARING = 512;

    @Option(names = "--device", paramLabel = "DEVICE", description = "cpu, cuda or cuda:N (default: cpu).")
    private Device device;

    @Option(
            names = "--threads",
            paramLabel = "N",
            description = "CPU threads of one operation (default: one per core; one for a small model).")
    private Integer threads;

    @Option(
            names = "--libtorch",
            paramLabel = "DIR",
            description =
                    "Your own libtorch, such as pip's torch/lib (default: $EDGEPRUNE_LIBTORCH, else the one that Maven fetched).")
    private Path libtorch;

    /** Loads libtorch as these options say; nothing may have loaded it before. */
    Device start() {
        return start((Integer) null, Device.CPU);
    }

    /**
     * The same for work on a model of some width: one thread where its matrices are too small to share among several.
     */
    Device start(int width) {
        return start(threadsFor(width), Device.CPU);
    }

    static Integer threadsFor(int width) {
        return width < WORTH_SHARING ? 1 : null;
    }

    /** The same for the model in a directory. */
    Device start(Path modelDirectory) {
        return start(modelDirectory, Device.CPU);
    }

    /** The same, on another device where none was given. */
    Device start(Path modelDirectory, Device otherDevice) {
        return start(threadsFor(Models.sizes(modelDirectory).hidden()), otherDevice);
    }

    /** The same, with other values where options were not given; {@code null} threads for one per core. */
    Device start(Integer otherThreads, Device otherDevice) {
        prepare();
        Integer count = threads == null ? otherThreads : threads;
        if (count != null) {
            LibTorch.setThreads(count);
        }
        Device chosen = device == null ? otherDevice : device;
        LibTorch.require(chosen);
        return chosen;
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
