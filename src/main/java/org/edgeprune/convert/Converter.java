package org.edgeprune.convert;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.edgeprune.io.AtomicDirectory;
import org.edgeprune.io.AtomicFile;
import org.edgeprune.io.Complaint;
import org.edgeprune.io.InputException;
import org.edgeprune.io.Json;
import org.edgeprune.safetensors.Checkpoint;
import org.edgeprune.safetensors.CheckpointWriter;
import org.edgeprune.safetensors.FileContent;
import org.edgeprune.safetensors.SafeDType;
import org.edgeprune.safetensors.StreamedTensor;
import org.edgeprune.torch.DType;

/**
 * Makes a HuggingFace model directory (configuration, safetensors, tokenizer) of a model in another format: PyTorch's
 * pickles and GGUF. Nothing in the source is executed. One piece of a tensor at a time is in memory, and the directory
 * appears whole or not at all.
 */
public final class Converter {
    private Converter() {}

    /**
     * What to make of a model.
     *
     * @param dtype of the floating-point weights; where empty they keep theirs, and quantised ones become F32
     * @param shardBytes the most in one file of weights
     * @param tokenizer a directory to take the tokenizer's files from, in place of the source's own
     */
    public record Options(Optional<DType> dtype, long shardBytes, Optional<Path> tokenizer) {}

    /** Is told how far the writing is. */
    @FunctionalInterface
    public interface Listener {
        /** So many bytes of the weights have been written, of so many. */
        void written(long total, long done);
    }

    /**
     * What was made.
     *
     * @param format of the source
     * @param tensors how many were written
     * @param parameters the elements of all of them
     * @param bytes of all of them
     * @param files the names of all files of the directory
     * @param notes what was left out or assumed, a sentence each
     */
    public record Result(
            String format, int tensors, long parameters, long bytes, List<String> files, List<String> notes) {}

    /**
     * Converts a model.
     *
     * @param source a directory, or a file of the model's weights
     * @param directory to write; must not exist, or be empty
     * @param listener is told before each tensor
     * @throws InputException if the source is damaged, or holds what cannot be converted; or if the directory cannot be
     *     written
     */
    public static Result convert(Path source, Path directory, Options options, Listener listener) {
        AtomicDirectory.requireNew(directory);
        try (ModelSource model = open(source, options)) {
            Map<String, StreamedTensor> tensors = new LinkedHashMap<>();
            model.tensors()
                    .forEach((name, tensor) -> tensors.put(
                            name,
                            options.dtype()
                                    .map(dtype -> FloatCast.cast(name, tensor, SafeDType.of(dtype)))
                                    .orElse(tensor)));
            Map<String, byte[]> files = new LinkedHashMap<>(model.files());
            options.dtype()
                    .ifPresent(dtype -> files.computeIfPresent("config.json", (_, json) -> stating(json, dtype)));
            options.tokenizer().ifPresent(other -> replaceTokenizer(files, other));
            CheckpointWriter writer = new CheckpointWriter(tensors, options.shardBytes());
            writer.requireSpace(directory);
            List<String> written = new ArrayList<>();
            AtomicDirectory.write(directory, part -> {
                written.addAll(writer.write(part, done -> listener.written(writer.byteSize(), done)));
                files.forEach((name, bytes) -> AtomicFile.write(part.resolve(name), out -> out.write(bytes)));
            });
            written.addAll(files.keySet());
            long parameters = tensors.values().stream()
                    .mapToLong(StreamedTensor::elementCount)
                    .sum();
            return new Result(model.format(), tensors.size(), parameters, writer.byteSize(), written, model.notes());
        }
    }

    private static ModelSource open(Path source, Options options) {
        if (Files.notExists(source)) {
            throw new Complaint(source).about("no such file or directory", "check the path");
        }
        if (Files.isDirectory(source)) {
            if (Files.exists(source.resolve(Checkpoint.SINGLE)) || Files.exists(source.resolve(Checkpoint.INDEX))) {
                throw new Complaint(source).about("holds safetensors already", "use it as it is");
            }
            return ggufIn(source)
                    .<ModelSource>map(
                            file -> GgufModel.open(file, options.tokenizer().isPresent()))
                    .orElseGet(() -> PickledModel.open(source));
        }
        return switch (FileContent.of(source)) {
            case GGUF -> GgufModel.open(source, options.tokenizer().isPresent());
            case SAFETENSORS ->
                throw new Complaint(source).about("is a safetensors file already", "use its directory as it is");
            case ZIP, PICKLE, JSON -> PickledModel.open(source);
            default ->
                throw new Complaint(source)
                        .about(
                                "is neither a checkpoint of PyTorch nor a GGUF file",
                                "name a model directory, a pytorch_model.bin or a .gguf file");
        };
    }

    /** The one GGUF file of a directory without PyTorch's. */
    private static Optional<Path> ggufIn(Path directory) {
        try (Stream<Path> listed = Files.list(directory)) {
            List<Path> all = listed.sorted().toList();
            List<Path> gguf = all.stream()
                    .filter(file -> file.getFileName().toString().endsWith(".gguf"))
                    .toList();
            boolean pickles =
                    all.stream().anyMatch(file -> file.getFileName().toString().startsWith("pytorch_model"));
            if (gguf.size() > 1 && !pickles) {
                throw new Complaint(directory)
                        .about(
                                "holds " + gguf.size() + " GGUF files",
                                "name the one to convert, like " + gguf.getFirst());
            }
            return pickles ? Optional.empty() : gguf.stream().findFirst();
        } catch (IOException e) {
            throw new Complaint(directory)
                    .about("cannot be listed (" + e.getMessage() + ")", "check its permissions", e);
        }
    }

    /** The configuration with the dtype that the weights were converted to. */
    private static byte[] stating(byte[] config, DType dtype) {
        if (!(Json.parse("config.json", new String(config, StandardCharsets.UTF_8), Complaint.REPLACE)
                instanceof ObjectNode fields)) {
            throw new InputException("config.json: not a JSON object: " + Complaint.REPLACE);
        }
        String name =
                switch (dtype) {
                    case F32 -> "float32";
                    case BF16 -> "bfloat16";
                    case F16 -> "float16";
                    default -> throw new InputException("dtype " + dtype + ": checkpoints are F32, BF16 or F16");
                };
        fields.put(fields.has("dtype") ? "dtype" : "torch_dtype", name);
        return Json.pretty(fields).getBytes(StandardCharsets.UTF_8);
    }

    private static void replaceTokenizer(Map<String, byte[]> files, Path directory) {
        List<String> names = PickledModel.COMPANIONS.stream()
                .filter(name -> !name.endsWith("config.json") || name.startsWith("tokenizer"))
                .toList();
        files.keySet().removeAll(names);
        for (String name : names) {
            Path file = directory.resolve(name);
            if (Files.isRegularFile(file)) {
                try {
                    files.put(name, Files.readAllBytes(file));
                } catch (IOException e) {
                    throw new Complaint(file).about("cannot be read (" + e + ")", "check its permissions", e);
                }
            }
        }
        if (files.keySet().stream().noneMatch(names::contains)) {
            throw new Complaint(directory).about("holds no tokenizer files", "name a directory with a tokenizer.json");
        }
    }
}
