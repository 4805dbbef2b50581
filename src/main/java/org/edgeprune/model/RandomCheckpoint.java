package org.edgeprune.model;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongConsumer;
import org.edgeprune.io.AtomicDirectory;
import org.edgeprune.io.Complaint;
import org.edgeprune.io.InputException;
import org.edgeprune.io.Json;
import org.edgeprune.safetensors.CheckpointWriter;
import org.edgeprune.safetensors.SafeTensorsWriter;
import org.edgeprune.safetensors.StreamedTensor;
import org.edgeprune.safetensors.UnmadeTensor;
import org.edgeprune.torch.DType;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.LibTorch;
import org.edgeprune.torch.Tensor;

/**
 * A model directory of random weights, as HuggingFace's {@code from_config} and {@code save_pretrained} make one, for
 * any architecture. Matrices are N(0, {@code initializer_range}), norms one, biases zero. A parameter's values depend
 * on its name and the seed, not on the number of layers or shards.
 *
 * <p>Only one tensor at a time is in memory.
 */
public final class RandomCheckpoint {
    /** HuggingFace's, where the configuration does not say. */
    private static final double INITIALIZER_RANGE = 0.02;

    private final ConfigTemplate config;
    private final DType dtype;
    private final long seed;
    private final double deviation;
    private final ModelSizes sizes;
    private final Map<String, UnmadeTensor> tensors = new LinkedHashMap<>();

    /**
     * Plans a checkpoint; {@link #write} makes it.
     *
     * @param config the model's configuration
     * @param dtype dtype of the weights
     * @param seed seed of the random numbers
     * @throws InputException if no known architecture can read the configuration, or a field has an invalid value
     */
    public RandomCheckpoint(ConfigTemplate config, DType dtype, long seed) {
        this.config = config.withDtype(dtype);
        this.dtype = dtype;
        this.seed = seed;
        this.deviation = config.config().number("initializer_range", INITIALIZER_RANGE);
        if (deviation < 0) {
            throw config.config().error("initializer_range", "is " + deviation + ", expected a standard deviation");
        }
        Decoder decoder = Models.decoder(config.config());
        this.sizes = decoder.sizes();
        Blueprint.of(decoder, name -> true)
                .shapes()
                .forEach((name, shape) -> tensors.put(name, new UnmadeTensor(dtype, shape, () -> tensor(name, shape))));
    }

    /**
     * The model's sizes.
     *
     * @return the sizes
     */
    public ModelSizes sizes() {
        return sizes;
    }

    /**
     * The size of all weights.
     *
     * @return bytes
     */
    public long byteSize() {
        return tensors.values().stream().mapToLong(UnmadeTensor::byteSize).sum();
    }

    /**
     * The number of parameters.
     *
     * @return number of elements of all weights
     */
    public long parameters() {
        return byteSize() / dtype.byteSize();
    }

    /**
     * Writes the directory completely or not at all.
     *
     * @param directory must not exist, or be empty
     * @param shardBytes size limit of a file, bytes; a larger tensor gets its own file
     * @param copied further files to put there, such as a tokenizer's
     * @param listener receives the number of bytes written so far
     * @return the names of the weights' files
     * @throws InputException if the directory cannot be written
     */
    public List<String> write(Path directory, long shardBytes, List<Path> copied, LongConsumer listener) {
        Map<String, StreamedTensor> streamed = new LinkedHashMap<>();
        tensors.forEach((name, tensor) -> streamed.put(name, SafeTensorsWriter.streamed(name, tensor)));
        CheckpointWriter writer = new CheckpointWriter(streamed, shardBytes);
        AtomicDirectory.requireNew(directory);
        writer.requireSpace(directory);
        List<String> files = new ArrayList<>();
        AtomicDirectory.write(directory, part -> {
            files.addAll(writer.write(part, listener));
            Json.write(part.resolve("config.json"), config.json());
            copied.forEach(file -> copy(file, part));
        });
        return files;
    }

    private Tensor tensor(String name, long[] shape) {
        if (shape.length == 1) {
            return Tensor.full(name.endsWith("bias") ? 0 : 1, dtype, Device.CPU, shape);
        }
        // drawn in F32: a generator of half precision has few different numbers
        LibTorch.seed(seed ^ name.hashCode() * 0x9E3779B97F4A7C15L);
        return Tensor.empty(DType.F32, Device.CPU, shape).normal_(0, deviation).to(dtype);
    }

    private static void copy(Path file, Path directory) {
        try {
            Files.copy(file, directory.resolve(file.getFileName()));
        } catch (IOException e) {
            throw new InputException(
                    file + ": cannot be copied (" + Complaint.reason(e) + "): check it and the free space", e);
        }
    }
}
