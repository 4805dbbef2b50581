package org.edgeprune.model;

import java.nio.file.Path;
import java.util.OptionalLong;
import org.edgeprune.AvailableMemory;
import org.edgeprune.graph.GraphShape;
import org.edgeprune.io.InputException;
import org.edgeprune.safetensors.Checkpoint;
import org.edgeprune.torch.Device;

/** Opens HuggingFace model directories of every {@link Architecture} on the class path. */
public final class Models {
    private Models() {}

    /**
     * Opens a model directory in F32 on one device; see {@link #open(Path, Execution)}.
     *
     * @param directory {@code config.json} and safetensors
     * @param device where weights and states are
     * @return the model; the caller closes it
     */
    public static TransformerModel open(Path directory, Device device) {
        return open(directory, Execution.on(device));
    }

    /**
     * Opens a model directory: {@code config.json} and safetensors.
     *
     * @param directory the directory
     * @param execution how the model is run
     * @return the model; the caller closes it
     * @throws InputException naming the file and field if anything is missing, malformed or not supported
     */
    public static TransformerModel open(Path directory, Execution execution) {
        return open(directory, decoder(directory), execution);
    }

    /**
     * Opens a model directory whose configuration was read already.
     *
     * @param directory the directory
     * @param decoder what {@link #decoder(Path)} returned for it
     * @param execution how the model is run
     * @return the model; the caller closes it
     * @throws InputException if a weight is missing, malformed or not supported
     */
    public static TransformerModel open(Path directory, Decoder decoder, Execution execution) {
        ModelConfig config = ModelConfig.read(directory);
        decoder(config);
        Checkpoint checkpoint = Checkpoint.open(directory);
        try {
            requireRoom(directory, checkpoint, execution);
            Weights weights = new CheckpointWeights(checkpoint, decoder, config.notes());
            return TransformerModel.of(decoder, weights, execution);
        } catch (RuntimeException e) {
            checkpoint.close();
            throw e;
        }
    }

    /** Checks that there is memory for the weights that must be copied. */
    private static void requireRoom(Path directory, Checkpoint weights, Execution execution) {
        OptionalLong room = AvailableMemory.withOwn();
        if (execution.offload() || !execution.isOnCpu() || room.isEmpty()) {
            return;
        }
        long copied = execution.copies().size() * copied(weights, execution);
        if (copied > room.getAsLong()) {
            throw new InputException(
                    "%s: its weights take %.1f GB in %s, and %.1f GB of memory are available: --offload leaves them in the file, --compute-dtype bf16 and --device-map are for GPUs"
                            .formatted(directory, copied / 1e9, execution.dtype(), room.getAsLong() / 1e9));
        }
    }

    /**
     * The size of the weights that each copy of a model cannot use as they lie in the mapped files, and must copy.
     *
     * @param directory the directory
     * @param execution how the model is run
     * @return bytes in the compute dtype
     */
    public static long copied(Path directory, Execution execution) {
        try (Checkpoint weights = Checkpoint.open(directory)) {
            return copied(weights, execution);
        }
    }

    /** On another device everything is a copy; here, only what is stored in another dtype. */
    private static long copied(Checkpoint weights, Execution execution) {
        return execution.isOnCpu()
                ? CheckpointWeights.bytesUnless(weights, execution.dtype())
                : CheckpointWeights.bytes(weights, execution.dtype());
    }

    /**
     * A model's sizes from its {@code config.json} alone.
     *
     * @param directory the directory
     * @return the sizes
     * @throws InputException as {@link #decoder(Path)}
     */
    public static ModelSizes sizes(Path directory) {
        return decoder(directory).sizes();
    }

    /**
     * Reads what a model directory's {@code config.json} describes.
     *
     * @param directory the directory
     * @return the model without weights
     * @throws InputException naming the file and field if anything is missing, malformed or not supported
     */
    public static Decoder decoder(Path directory) {
        return decoder(ModelConfig.read(directory));
    }

    /**
     * The model that a configuration describes.
     *
     * @param config the configuration
     * @return the model without weights
     * @throws InputException naming the file and field if anything is missing, malformed or not supported
     */
    public static Decoder decoder(ModelConfig config) {
        Decoder decoder = Architectures.find().decoder(config);
        GraphShape graph = decoder.sizes().graph();
        if (graph.isTooLarge()) {
            throw new InputException(
                    "%s: %d layers of %d heads have more edges than the 2,147,483,647 that edgeprune can count"
                            .formatted(config, graph.layers(), graph.heads()));
        }
        return decoder;
    }
}
