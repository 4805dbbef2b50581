package org.edgeprune.safetensors;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.edgeprune.io.Complaint;
import org.edgeprune.io.InputException;
import org.edgeprune.torch.DType;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.Tensor;

/**
 * A model's weights, in one safetensors file or in shards: the same tensors by name either way.
 *
 * <p>Tensors have the lifetime and the limits that {@link SafeTensorsFile} states.
 */
public final class Checkpoint implements AutoCloseable {
    /** The file name that HuggingFace gives to the weights of a model in one file. */
    public static final String SINGLE = "model.safetensors";

    /** The file name that HuggingFace gives to the index of a model in shards. */
    public static final String INDEX = "model.safetensors.index.json";

    private final Path path;
    private final List<SafeTensorsFile> shards;
    private final Map<String, SafeTensorsFile> shardOf;

    /** @param listed which tensors belong to the checkpoint: an index is the authority on that */
    private Checkpoint(Path path, List<SafeTensorsFile> shards, Predicate<String> listed) {
        this.path = path;
        this.shards = List.copyOf(shards);
        this.shardOf = new LinkedHashMap<>();
        for (SafeTensorsFile shard : shards) {
            shard.names().stream().filter(listed).forEach(name -> shardOf.put(name, shard));
        }
    }

    /**
     * Opens a model directory ({@value #SINGLE}, else the shards of {@value #INDEX}), a safetensors file, or an index.
     *
     * @param path the directory or file
     * @return the checkpoint, to be closed
     * @throws InputException if there is none, if a file is malformed, if index and shards disagree, or if there is
     *     only a pickle checkpoint
     */
    public static Checkpoint open(Path path) {
        if (!Files.isDirectory(path)) {
            String name = String.valueOf(path.getFileName());
            return name.endsWith(".index.json") && Files.isRegularFile(path) ? openShards(path) : openSingle(path);
        }
        if (Files.exists(path.resolve(SINGLE))) {
            return openSingle(path.resolve(SINGLE));
        }
        if (Files.exists(path.resolve(INDEX))) {
            return openShards(path.resolve(INDEX));
        }
        throw nothingIn(path);
    }

    private static Checkpoint openSingle(Path file) {
        return new Checkpoint(file, List.of(SafeTensorsFile.open(file)), name -> true);
    }

    private static Checkpoint openShards(Path index) {
        Complaint complaint = new Complaint(index);
        Map<String, String> wanted = ShardIndex.read(index);
        List<SafeTensorsFile> opened = new ArrayList<>();
        try {
            Map<String, String> found = new LinkedHashMap<>();
            for (String name : new TreeSet<>(wanted.values())) {
                Path file = index.resolveSibling(name);
                if (Files.notExists(file)) {
                    throw complaint.about("shard " + Complaint.quote(name) + " is missing", "download it to " + file);
                }
                SafeTensorsFile shard = SafeTensorsFile.open(file);
                opened.add(shard);
                for (String tensor :
                        shard.names().stream().filter(wanted::containsKey).toList()) {
                    checkPlace(tensor, name, wanted.get(tensor), found.put(tensor, name), complaint);
                }
            }
            for (var entry : wanted.entrySet()) {
                if (!found.containsKey(entry.getKey())) {
                    throw complaint.damaged("tensor " + Complaint.quote(entry.getKey()) + " is not in its shard "
                            + Complaint.quote(entry.getValue()));
                }
            }
            return new Checkpoint(index, opened, wanted::containsKey);
        } catch (Throwable e) {
            opened.forEach(SafeTensorsFile::close);
            throw e;
        }
    }

    private static void checkPlace(String tensor, String shard, String wanted, String other, Complaint complaint) {
        String what = "tensor " + Complaint.quote(tensor) + " in shard " + Complaint.quote(shard);
        if (other != null) {
            throw complaint.damaged(what + " is in shard " + Complaint.quote(other) + " too");
        }
        if (!wanted.equals(shard)) {
            throw complaint.damaged(what + " belongs in shard " + Complaint.quote(wanted) + ", says the index");
        }
    }

    private static InputException nothingIn(Path directory) {
        return ForeignWeights.refuseAllIn(directory).orElseGet(() -> new Complaint(directory)
                .about(
                        "holds no " + SINGLE + " and no " + INDEX,
                        "name a HuggingFace model directory or a .safetensors file"));
    }

    /**
     * The file that was opened.
     *
     * @return the single file or the index
     */
    public Path path() {
        return path;
    }

    /**
     * The names of all tensors.
     *
     * @return shard by shard in the order of the shards' names, in each in the order of its data
     */
    public List<String> names() {
        return List.copyOf(shardOf.keySet());
    }

    /**
     * Whether there is a tensor of a name.
     *
     * @param name the name
     * @return whether {@link #info} would find it
     */
    public boolean contains(String name) {
        return shardOf.containsKey(name);
    }

    /**
     * See {@link SafeTensorsFile#info}.
     *
     * @param name a tensor's name
     * @return its dtype, shape and position
     * @throws InputException if there is no such tensor
     */
    public TensorInfo info(String name) {
        return shard(name).info(name);
    }

    /**
     * The size of all tensors.
     *
     * @return bytes of data
     */
    public long byteSize() {
        return names().stream().mapToLong(name -> info(name).byteSize()).sum();
    }

    /**
     * See {@link SafeTensorsFile#tensor}.
     *
     * @param name a tensor's name
     * @return a tensor on the CPU, normally a read-only view of the mapped file
     * @throws InputException as {@link SafeTensorsFile#tensor}
     */
    public Tensor tensor(String name) {
        return shard(name).tensor(name);
    }

    /**
     * See {@link SafeTensorsFile#prefetch}.
     *
     * @param name a tensor's name
     */
    public void prefetch(String name) {
        shard(name).prefetch(name);
    }

    /**
     * See {@link SafeTensorsFile#unload}.
     *
     * @param name a tensor's name
     */
    public void unload(String name) {
        shard(name).unload(name);
    }

    /**
     * See {@link SafeTensorsFile#load}.
     *
     * @param name a tensor's name
     * @param dtype dtype of the copy
     * @param device device of the copy
     * @return a copy
     * @throws InputException as {@link SafeTensorsFile#load}
     */
    public Tensor load(String name, DType dtype, Device device) {
        return shard(name).load(name, dtype, device);
    }

    /**
     * A digest of the model's contents: over all tensors' names, dtypes, shapes and bytes, in the order of the names.
     * It does not depend on sharding, the order in the files or metadata. Reads every byte.
     *
     * @return SHA-256 in hex
     */
    public String sha256() {
        ContentHash hash = new ContentHash();
        for (String name : new TreeSet<>(shardOf.keySet())) {
            shardOf.get(name).hash(name, hash);
        }
        return hash.hex();
    }

    /**
     * Checks every file, see {@link SafeTensorsFile#requireUnchanged}.
     *
     * @throws InputException if one was changed or replaced
     */
    public void requireUnchanged() {
        shards.forEach(SafeTensorsFile::requireUnchanged);
    }

    private SafeTensorsFile shard(String name) {
        SafeTensorsFile shard = shardOf.get(name);
        if (shard == null) {
            throw new Complaint(path)
                    .about(
                            "no tensor " + Complaint.quote(name) + " among its " + shardOf.size(),
                            "check that the checkpoint belongs to this model");
        }
        return shard;
    }

    /** Closes every file; see {@link SafeTensorsFile#close}. */
    @Override
    public void close() {
        shards.forEach(SafeTensorsFile::close);
    }

    @Override
    public String toString() {
        return path + " (" + shardOf.size() + " tensors in " + shards.size()
                + (shards.size() == 1 ? " file)" : " files)");
    }
}
