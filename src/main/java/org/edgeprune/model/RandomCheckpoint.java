package org.edgeprune.model;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongConsumer;
import org.edgeprune.io.AtomicDirectory;
import org.edgeprune.io.InputException;
import org.edgeprune.io.Json;
import org.edgeprune.safetensors.Checkpoint;
import org.edgeprune.safetensors.SafeTensorsWriter;
import org.edgeprune.safetensors.UnmadeTensor;
import org.edgeprune.torch.DType;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.LibTorch;
import org.edgeprune.torch.Tensor;

/**
 * A model directory of random weights, as HuggingFace's {@code from_config} and {@code save_pretrained} make one, for
 * any architecture: which parameters there are is found by letting the architecture ask for them. Matrices are N(0,
 * {@code initializer_range}), norms one, biases zero. A parameter's values depend on its name and the seed, not on how
 * many layers or shards there are.
 *
 * <p>One tensor at a time is in memory.
 */
public final class RandomCheckpoint {
    /** HuggingFace's, where the configuration does not say. */
    private static final double INITIALIZER_RANGE = 0.02;

    private static final Map<String, String> METADATA = Map.of("format", "pt");

    private final ConfigTemplate config;
    private final DType dtype;
    private final long seed;
    private final double deviation;
    private final ModelSizes sizes;
    private final Map<String, UnmadeTensor> tensors = new LinkedHashMap<>();

    /**
     * @param config what to make
     * @param dtype of the weights
     * @param seed of the random numbers
     * @throws InputException if the configuration is of no architecture that is known, or has a field with no such
     *     value
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

    public ModelSizes sizes() {
        return sizes;
    }

    /** How many bytes all weights are. */
    public long byteSize() {
        return tensors.values().stream().mapToLong(UnmadeTensor::byteSize).sum();
    }

    /** How many numbers all weights are. */
    public long parameters() {
        return byteSize() / dtype.byteSize();
    }

    /**
     * Makes the directory, or nothing.
     *
     * @param directory must not exist, or be empty
     * @param shardBytes the most in one file, but for a single tensor that is larger
     * @param copied further files to put there, such as a tokenizer's
     * @param listener hears how many bytes are written
     * @return the names of the weights' files
     * @throws InputException if the directory cannot be written
     */
    public List<String> write(Path directory, long shardBytes, List<Path> copied, LongConsumer listener) {
        AtomicDirectory.requireNew(directory);
        requireSpace(directory, byteSize());
        List<Map<String, UnmadeTensor>> shards = shards(shardBytes);
        List<String> files = names(shards.size());
        AtomicDirectory.write(directory, part -> {
            long[] done = {0};
            for (int i = 0; i < files.size(); i++) {
                SafeTensorsWriter.writeUnmade(
                        part.resolve(files.get(i)), heard(shards.get(i), done, listener), METADATA);
            }
            if (files.size() > 1) {
                Json.write(part.resolve(Checkpoint.INDEX), index(shards, files));
            }
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

    /** As {@code save_pretrained} does: a new file where the next tensor would be too much. */
    private List<Map<String, UnmadeTensor>> shards(long shardBytes) {
        List<Map<String, UnmadeTensor>> shards = new ArrayList<>();
        long filled = 0;
        for (var entry : tensors.entrySet()) {
            long bytes = entry.getValue().byteSize();
            if (shards.isEmpty() || filled + bytes > shardBytes) {
                shards.add(new LinkedHashMap<>());
                filled = 0;
            }
            shards.getLast().put(entry.getKey(), entry.getValue());
            filled += bytes;
        }
        return shards;
    }

    private static List<String> names(int shards) {
        if (shards == 1) {
            return List.of(Checkpoint.SINGLE);
        }
        List<String> names = new ArrayList<>();
        for (int i = 1; i <= shards; i++) {
            names.add("model-%05d-of-%05d.safetensors".formatted(i, shards));
        }
        return names;
    }

    private static Map<String, UnmadeTensor> heard(
            Map<String, UnmadeTensor> shard, long[] done, LongConsumer listener) {
        Map<String, UnmadeTensor> heard = new LinkedHashMap<>();
        shard.forEach((name, tensor) -> heard.put(name, new UnmadeTensor(tensor.dtype(), tensor.shape(), () -> {
            listener.accept(done[0]);
            done[0] += tensor.byteSize();
            return tensor.maker().get();
        })));
        return heard;
    }

    private ObjectNode index(List<Map<String, UnmadeTensor>> shards, List<String> files) {
        ObjectNode root = Json.object();
        root.putObject("metadata").put("total_size", byteSize());
        ObjectNode places = root.putObject("weight_map");
        for (int i = 0; i < files.size(); i++) {
            String file = files.get(i);
            shards.get(i).keySet().forEach(name -> places.put(name, file));
        }
        return root;
    }

    private static void requireSpace(Path directory, long bytes) {
        Path there = directory.toAbsolutePath();
        while (Files.notExists(there)) {
            there = there.getParent();
        }
        try {
            long free = Files.getFileStore(there).getUsableSpace();
            if (free < bytes) {
                throw new InputException(directory
                        + ": needs %,d MB, the disk has %,d MB free; free some space, or ask for fewer layers"
                                .formatted(bytes / 1_000_000, free / 1_000_000));
            }
        } catch (IOException e) {
            throw new InputException(directory + ": cannot be written: " + e, e);
        }
    }

    private static void copy(Path file, Path directory) {
        try {
            Files.copy(file, directory.resolve(file.getFileName()));
        } catch (IOException e) {
            throw new InputException(file + ": cannot be copied: " + e, e);
        }
    }
}
