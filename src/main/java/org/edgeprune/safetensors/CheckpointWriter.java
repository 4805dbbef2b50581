package org.edgeprune.safetensors;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongConsumer;
import org.edgeprune.io.Complaint;
import org.edgeprune.io.InputException;
import org.edgeprune.io.Json;

/**
 * Writes a model's weights as HuggingFace's {@code save_pretrained} does: {@code model.safetensors}, or shards of a
 * limited size with {@code model.safetensors.index.json}. Only one tensor at a time is in memory.
 *
 * @param tensors tensors by name, in the order in which they fill the shards
 * @param shardBytes size limit of a file, bytes; a larger tensor gets its own file
 */
public record CheckpointWriter(Map<String, StreamedTensor> tensors, long shardBytes) {
    private static final Map<String, String> METADATA = Map.of("format", "pt");

    /**
     * The size of all tensors.
     *
     * @return bytes of data
     */
    public long byteSize() {
        return tensors.values().stream().mapToLong(StreamedTensor::byteSize).sum();
    }

    /**
     * Checks that there is room for the weights.
     *
     * @param directory that the weights will be written to; it need not exist yet
     * @throws InputException if its disk has too little room
     */
    public void requireSpace(Path directory) {
        Path there = directory.toAbsolutePath();
        while (Files.notExists(there)) {
            there = there.getParent();
        }
        try {
            long free = Files.getFileStore(there).getUsableSpace();
            if (free < byteSize()) {
                throw new InputException(directory
                        + ": needs %,d MB, the disk has %,d MB free: free some space, or write to another disk"
                                .formatted(byteSize() / 1_000_000, free / 1_000_000));
            }
        } catch (IOException e) {
            throw new InputException(
                    directory + ": cannot be written (" + Complaint.reason(e) + "): free some space or choose another",
                    e);
        }
    }

    /**
     * Writes the files.
     *
     * @param directory an existing directory
     * @param listener receives the number of bytes written so far, before each tensor
     * @return the names of the weights' files, without the index
     * @throws InputException if they cannot be written
     */
    public List<String> write(Path directory, LongConsumer listener) {
        List<Map<String, StreamedTensor>> shards = shards();
        List<String> files = names(shards.size());
        long[] done = {0};
        for (int i = 0; i < files.size(); i++) {
            SafeTensorsWriter.writeStreamed(
                    directory.resolve(files.get(i)), reported(shards.get(i), done, listener), METADATA);
        }
        if (files.size() > 1) {
            Json.write(directory.resolve(Checkpoint.INDEX), index(shards, files));
        }
        return files;
    }

    private List<Map<String, StreamedTensor>> shards() {
        List<Map<String, StreamedTensor>> shards = new ArrayList<>(List.of(new LinkedHashMap<>()));
        long filled = 0;
        for (var entry : tensors.entrySet()) {
            long bytes = entry.getValue().byteSize();
            if (filled > 0 && filled + bytes > shardBytes) {
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

    private static Map<String, StreamedTensor> reported(
            Map<String, StreamedTensor> shard, long[] done, LongConsumer listener) {
        Map<String, StreamedTensor> reported = new LinkedHashMap<>();
        shard.forEach((name, tensor) -> reported.put(name, new StreamedTensor(tensor.dtype(), tensor.shape(), out -> {
            listener.accept(done[0]);
            done[0] += tensor.byteSize();
            tensor.body().writeTo(out);
        })));
        return reported;
    }

    private ObjectNode index(List<Map<String, StreamedTensor>> shards, List<String> files) {
        ObjectNode root = Json.object();
        root.putObject("metadata").put("total_size", byteSize());
        ObjectNode places = root.putObject("weight_map");
        for (int i = 0; i < files.size(); i++) {
            String file = files.get(i);
            shards.get(i).keySet().forEach(name -> places.put(name, file));
        }
        return root;
    }
}
