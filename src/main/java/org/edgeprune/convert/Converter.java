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
import org.edgeprune.io.TextReader;
import org.edgeprune.safetensors.Checkpoint;
import org.edgeprune.safetensors.CheckpointWriter;
import org.edgeprune.safetensors.FileContent;
import org.edgeprune.safetensors.SafeDType;
import org.edgeprune.safetensors.StreamedTensor;
import org.edgeprune.torch.DType;

/**
 * Converts a model in another format, pickled by PyTorch or GGUF, to a HuggingFace model directory with configuration,
 * safetensors and tokenizer. Nothing in the source is executed. Only a part of a tensor is in memory at a time, and the
 * directory appears complete or not at all.
 */
public final class Converter {
    private Converter() {}

    /**
     * How to convert.
     *
     * @param dtype F32, F16 or BF16 for all floating-point weights; if empty they keep their type, and quantised
     *     weights become F32
     * @param shardBytes the largest size of a file of weights, in bytes
     * @param tokenizer a directory to take the tokenizer's files from, in place of the source's own
     */
    public record Options(Optional<DType> dtype, long shardBytes, Optional<Path> tokenizer) {}

    /** Is told of the progress. */
    @FunctionalInterface
    public interface Listener {
        /**
         * More of the weights has been written.
         *
         * @param total the size of all weights in bytes
         * @param done how many bytes have been written
         */
        void written(long total, long done);
    }

    /**
     * The result of a conversion.
     *
     * @param format the format of the source, in a few words
     * @param tensors the number of tensors written
     * @param parameters the number of their elements
     * @param bytes their size in bytes
     * @param files the names of all files in the directory
     * @param notes what was left out or assumed, one sentence each
     */
    public record Result(
            String format, int tensors, long parameters, long bytes, List<String> files, List<String> notes) {}

    /**
     * Converts a model.
     *
     * @param source a directory, or a file with the model's weights
     * @param directory the directory to write; it must not exist or be empty
     * @param options how to convert
     * @param listener told of the progress before each tensor
     * @return what was written
     * @throws InputException if the source is damaged or contains something that cannot be converted, or the directory
     *     cannot be written
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
                throw new Complaint(source).about("has safetensors already", "use it as it is");
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
                                "is neither a PyTorch checkpoint nor a GGUF file",
                                "name a model directory, a pytorch_model.bin or a .gguf file");
        };
    }

    /** The GGUF file of a directory without weights of PyTorch. */
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
                                "has " + gguf.size() + " GGUF files",
                                "name the one to convert, such as " + gguf.getFirst());
            }
            return pickles ? Optional.empty() : gguf.stream().findFirst();
        } catch (IOException e) {
            throw new Complaint(directory)
                    .about("cannot be listed (" + e.getMessage() + ")", "check its permissions", e);
        }
    }

    /** The configuration with its dtype set to that of the converted weights. */
    private static byte[] stating(byte[] config, DType dtype) {
        String text = TextReader.utf8(config, Path.of("config.json"));
        if (!(Json.parse("config.json", text, Complaint.REPLACE) instanceof ObjectNode fields)) {
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
                    throw new Complaint(file)
                            .about("cannot be read (" + Complaint.reason(e) + ")", "check its permissions", e);
                }
            }
        }
        if (files.keySet().stream().noneMatch(names::contains)) {
            throw new Complaint(directory).about("has no tokenizer files", "name a directory with a tokenizer.json");
        }
    }
}
