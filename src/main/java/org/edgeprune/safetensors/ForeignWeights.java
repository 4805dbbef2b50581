package org.edgeprune.safetensors;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.edgeprune.io.Complaint;
import org.edgeprune.io.InputException;
import org.edgeprune.io.Json;

/** Error messages for weights in other formats than safetensors: what they are, and what makes them readable. */
public final class ForeignWeights {
    private static final List<String> PICKLED = List.of(".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt");

    private ForeignWeights() {}

    /**
     * Whether a file has one of the extensions of PyTorch's pickle checkpoints.
     *
     * @param file a path, of which only the name is looked at
     * @return true for {@code .bin}, {@code .pt}, {@code .pth}, {@code .pkl}, {@code .pickle} and {@code .ckpt}
     */
    public static boolean isNamedLikePickle(Path file) {
        String name = name(file).toLowerCase(Locale.ROOT);
        return PICKLED.stream().anyMatch(name::endsWith);
    }

    /** The error about a file whose first bytes are not a safetensors header; empty if its format is not recognised. */
    static Optional<InputException> refuse(Path file, byte[] head) {
        Complaint complaint = new Complaint(file);
        return switch (FileContent.of(head)) {
            case GGUF -> Optional.of(complaint.about("is a GGUF file, not a safetensors file", conversion(file)));
            case ZIP, PICKLE -> Optional.of(pickle(file));
            case LFS_POINTER ->
                Optional.of(complaint.about(
                        "is a Git LFS pointer, not a safetensors file: git-lfs was not there when the repository was cloned",
                        "install git-lfs and run 'git lfs pull' in the clone, or download the file itself"));
            case HTML ->
                Optional.of(complaint.about(
                        "is an HTML page, not a safetensors file: a login or error page was saved in its place",
                        Complaint.REPLACE));
            case NOT_FOUND ->
                Optional.of(complaint.about(
                        "is not a safetensors file: it holds the text "
                                + Complaint.quote(new String(head, StandardCharsets.UTF_8).strip())
                                + ", a server's answer to a wrong address",
                        "download the file again, by the name that the repository has for it"));
            case HDF5 ->
                Optional.of(complaint.about(
                        "is an HDF5 file (TensorFlow), not a safetensors file",
                        "choose the model's safetensors, or convert it with transformers"));
            case GZIP ->
                Optional.of(
                        complaint.about("is compressed with gzip, not a safetensors file", "decompress it: gzip -d"));
            case JSON -> Optional.of(complaint.about("is a JSON text, not a safetensors file", Complaint.REPLACE));
            case SAFETENSORS, EMPTY, UNKNOWN -> Optional.empty();
        };
    }

    /** Refuses a pickle checkpoint, which {@code convert} alone reads, with an unpickler that runs nothing. */
    static InputException pickle(Path file) {
        return new Complaint(file)
                .about(
                        "is a pickle checkpoint, which can run code when loaded, so none is ever loaded",
                        conversion(file));
    }

    private static String conversion(Path source) {
        return "convert it to safetensors: edgeprune convert " + source + " -o DIR";
    }

    /**
     * An error about a file that was named where a model directory is expected.
     *
     * @param file an existing file
     * @return an exception for the caller to throw, which says what the file is
     */
    public static InputException refuseAsModel(Path file) {
        FileContent content = FileContent.of(file);
        Complaint complaint = new Complaint(file);
        if (content.isConvertible()) {
            return complaint.about(
                    "is a " + (content == FileContent.GGUF ? "GGUF file" : "pickle checkpoint")
                            + ", not a model directory",
                    "convert it into one: edgeprune convert " + file + " -o DIR");
        }
        return complaint.about(
                "is a file, not a model directory",
                "name the directory that holds config.json, the safetensors and the tokenizer");
    }

    /**
     * An error about a directory that has weights in other formats only.
     *
     * @param directory the directory
     * @return an exception for the caller to throw; empty if there is {@value Checkpoint#SINGLE} or
     *     {@value Checkpoint#INDEX}, or no weights in any known format
     */
    public static Optional<InputException> refuseAllIn(Path directory) {
        if (Files.exists(directory.resolve(Checkpoint.SINGLE)) || Files.exists(directory.resolve(Checkpoint.INDEX))) {
            return Optional.empty();
        }
        List<Path> files;
        try (Stream<Path> listed = Files.list(directory)) {
            files = listed.sorted().toList();
        } catch (IOException e) {
            return Optional.of(new Complaint(directory)
                    .about("cannot be listed (" + e.getMessage() + ")", "check the directory's permissions", e));
        }
        Complaint complaint = new Complaint(directory);
        return first(files, name -> name.matches("pytorch_model(-\\d+-of-\\d+)?\\.bin(\\.index\\.json)?"))
                .map(file -> pickledIn(directory, file))
                .or(() -> first(files, name -> name.startsWith("adapter_model.") || name.equals("adapter_config.json"))
                        .map(file -> adapter(directory)))
                .or(() -> first(files, name -> name.endsWith(".gguf")).map(file -> new Complaint(file)
                        .about("is a GGUF file, and no safetensors are beside it", conversion(file))))
                .or(() -> first(files, name -> name.matches("consolidated.*\\.(safetensors|pth)"))
                        .map(file -> complaint.about(
                                "holds " + name(file)
                                        + ", which names tensors as Meta's and Mistral's own code does, but no "
                                        + Checkpoint.SINGLE,
                                "the HuggingFace format is needed: download the repository's model*.safetensors and"
                                        + " config.json, or convert it with transformers' convert_llama_weights_to_hf.py or"
                                        + " convert_mistral_weights_to_hf.py")))
                .or(() -> first(files, name -> name.endsWith(".safetensors"))
                        .map(file -> complaint.about(
                                "holds " + name(file) + ", but no " + Checkpoint.SINGLE,
                                "if that file is the whole model, rename it to " + Checkpoint.SINGLE)))
                .or(() -> files.stream()
                        .filter(ForeignWeights::isNamedLikePickle)
                        .filter(file -> !name(file).equals("training_args.bin"))
                        .findFirst()
                        .map(file -> pickledIn(directory, file)))
                .or(() -> first(files, name -> name.matches(".*\\.(h5|msgpack|onnx|ot|tflite|ckpt\\.index)"))
                        .map(file -> complaint.about(
                                "holds " + name(file) + ", the weights for another framework, but no safetensors",
                                "choose a repository with safetensors or pytorch_model.bin, or convert it with"
                                        + " transformers")));
    }

    private static InputException pickledIn(Path directory, Path file) {
        return new Complaint(file)
                .about(
                        "is a pickle checkpoint, which can run code when loaded, so none is ever loaded",
                        "convert the model to safetensors: edgeprune convert " + directory + " -o DIR");
    }

    private static InputException adapter(Path directory) {
        Path config = directory.resolve("adapter_config.json");
        String base = Files.exists(config)
                ? Json.read(config, Complaint.REPLACE)
                        .path("base_model_name_or_path")
                        .asText("")
                : "";
        return new Complaint(directory)
                .about(
                        "holds a PEFT adapter (LoRA or the like), which is no model without its base model"
                                + (base.isEmpty() ? "" : " " + Complaint.quote(base)),
                        "merge the two: python -c \"from peft import AutoPeftModelForCausalLM as M; M.from_pretrained('"
                                + directory + "').merge_and_unload().save_pretrained('MERGED')\"");
    }

    private static Optional<Path> first(List<Path> files, Predicate<String> wanted) {
        return files.stream().filter(file -> wanted.test(name(file))).findFirst();
    }

    private static String name(Path file) {
        return String.valueOf(file.getFileName());
    }
}
