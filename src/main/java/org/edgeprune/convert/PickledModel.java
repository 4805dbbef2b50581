package org.edgeprune.convert;

import static org.edgeprune.io.Complaint.quote;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.edgeprune.convert.PickleValue.Dict;
import org.edgeprune.convert.PickleValue.Tensor;
import org.edgeprune.io.Complaint;
import org.edgeprune.io.InputException;
import org.edgeprune.io.Json;
import org.edgeprune.io.TextReader;
import org.edgeprune.safetensors.StreamedTensor;

/**
 * A HuggingFace model whose weights are pickled: {@code pytorch_model.bin}, its shards, or a named file, in a directory
 * with {@code config.json} and the tokenizer's files.
 *
 * <p>The state dict may be wrapped as training scripts do, {@code {"state_dict": ...}} or {@code {"model": ...}}.
 * Tensors that share a storage are treated as in {@code save_pretrained}: if the configuration ties the head to the
 * token embedding, the head is left out; any other tensor is written under each of its names.
 */
final class PickledModel implements ModelSource {
    private static final String SINGLE = "pytorch_model.bin";
    private static final String INDEX = SINGLE + ".index.json";
    private static final Pattern SHARD = Pattern.compile("pytorch_model-(\\d{1,9})-of-(\\d{1,9})\\.bin");
    private static final List<String> WRAPPERS = List.of("state_dict", "model_state_dict", "model", "module");
    private static final Set<String> HEADS = Set.of("lm_head.weight", "embed_out.weight");
    private static final Pattern EMBEDDING =
            Pattern.compile("(.*\\.)?(wte|embed_tokens|embed_in|word_embeddings|tok_embeddings)\\.weight");
    /** Architectures whose head is tied unless the configuration says otherwise. */
    private static final Set<String> TIED = Set.of(
            "gpt2", "gpt_neo", "gemma", "gemma2", "gemma3", "gemma3_text", "opt", "bloom", "starcoder2", "codegen");

    /** The files of a model directory besides weights. */
    static final List<String> COMPANIONS = List.of(
            "config.json",
            "generation_config.json",
            "tokenizer.json",
            "tokenizer_config.json",
            "tokenizer.model",
            "spiece.model",
            "vocab.json",
            "merges.txt",
            "special_tokens_map.json",
            "added_tokens.json",
            "chat_template.jinja");

    private final Path directory;
    private final List<TorchFile> opened = new ArrayList<>();
    private final Map<String, StreamedTensor> tensors = new LinkedHashMap<>();
    private final Map<String, byte[]> files = new LinkedHashMap<>();
    private final List<String> notes = new ArrayList<>();
    private final Set<String> others = new TreeSet<>();

    private record Placed(TorchFile file, Tensor tensor) {}

    private final Map<String, Placed> places = new LinkedHashMap<>();

    private PickledModel(Path directory, List<Path> weights) {
        this.directory = directory;
        try {
            read(weights);
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    private void read(List<Path> weights) {
        readCompanions();
        weights.forEach(this::readWeights);
        if (places.isEmpty()) {
            throw new Complaint(weights.getFirst()).about("has no tensors", "name a file with a state dict");
        }
        places.forEach((name, place) -> {
            if (!isTiedHead(name)) {
                tensors.put(name, place.file().stream(name, place.tensor()));
            }
        });
        if (!others.isEmpty()) {
            List<String> first = others.stream().limit(5).map(Complaint::quote).toList();
            notes.add("left out entries that are not tensors: " + String.join(", ", first)
                    + (others.size() > first.size() ? " and " + (others.size() - first.size()) + " more" : ""));
        }
    }

    /**
     * Opens a model.
     *
     * @param source a model directory, or a file in one
     * @throws InputException if there are no such weights, or no {@code config.json} in their directory
     */
    static PickledModel open(Path source) {
        boolean isDirectory = Files.isDirectory(source);
        Path directory = isDirectory ? source : source.toAbsolutePath().getParent();
        List<Path> weights = isDirectory ? weightsIn(source) : namedWeights(source);
        for (Path file : weights) {
            refuseMeta(file);
        }
        if (Files.notExists(directory.resolve("config.json"))) {
            throw new Complaint(directory.resolve("config.json"))
                    .about("missing", "put the model's config.json beside its weights: it describes the model");
        }
        return new PickledModel(directory, weights);
    }

    private static List<Path> namedWeights(Path file) {
        return file.getFileName().toString().endsWith(".index.json") ? shards(file) : List.of(file);
    }

    private static List<Path> weightsIn(Path directory) {
        if (Files.exists(directory.resolve(SINGLE))) {
            return List.of(directory.resolve(SINGLE));
        }
        if (Files.exists(directory.resolve(INDEX))) {
            return shards(directory.resolve(INDEX));
        }
        List<Path> all;
        try (Stream<Path> listed = Files.list(directory)) {
            all = listed.filter(Files::isRegularFile).sorted().toList();
        } catch (IOException e) {
            throw new Complaint(directory).about("cannot be listed (" + e.getMessage() + ")", "check its permissions");
        }
        List<Path> numbered =
                all.stream().filter(file -> SHARD.matcher(name(file)).matches()).toList();
        if (!numbered.isEmpty()) {
            return requireAll(directory, numbered);
        }
        List<Path> pickles = all.stream()
                .filter(file -> name(file).matches(".*\\.(bin|pt|pth|ckpt)")
                        && !name(file).equals("training_args.bin"))
                .toList();
        if (pickles.size() == 1
                || (!pickles.isEmpty() && name(pickles.getFirst()).startsWith("consolidated"))) {
            return List.of(pickles.getFirst());
        }
        throw new Complaint(directory)
                .about(
                        pickles.isEmpty()
                                ? "has neither " + SINGLE + " nor a GGUF file"
                                : "has " + pickles.size() + " pickle files, none of them " + SINGLE,
                        "name the file to convert");
    }

    private static List<Path> requireAll(Path directory, List<Path> numbered) {
        var matcher = SHARD.matcher(name(numbered.getFirst()));
        matcher.matches();
        int count = Integer.parseInt(matcher.group(2));
        if (numbered.size() != count) {
            throw new Complaint(directory)
                    .about("has " + numbered.size() + " of " + count + " shards", "download the missing ones");
        }
        return numbered;
    }

    private static List<Path> shards(Path index) {
        Complaint complaint = new Complaint(index);
        JsonNode map = Json.read(index, Complaint.REPLACE).path("weight_map");
        Set<String> names = new TreeSet<>();
        map.forEach(name -> names.add(name.asText()));
        if (names.isEmpty()) {
            throw complaint.damaged("field weight_map is missing or empty");
        }
        List<Path> shards = new ArrayList<>();
        for (String name : names) {
            if (!name.matches("[^/\\\\:\\x00]+") || name.equals("..") || name.equals(".")) {
                throw complaint.damaged("shard " + quote(name) + " is not the plain name of a file beside the index");
            }
            Path shard = index.resolveSibling(name);
            if (Files.notExists(shard)) {
                throw complaint.about("shard " + quote(name) + " is missing", "download it to " + shard);
            }
            shards.add(shard);
        }
        return shards;
    }

    private static void refuseMeta(Path file) {
        if (name(file).matches("consolidated.*\\.pth")) {
            throw new Complaint(file)
                    .about(
                            "is a checkpoint in Meta's own format, with other tensor names and model-parallel parts",
                            "download the model's HuggingFace form, or convert it with transformers' convert_llama_weights_to_hf.py");
        }
    }

    private void readCompanions() {
        for (String name : COMPANIONS) {
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
    }

    private void readWeights(Path path) {
        TorchFile file = TorchFile.open(path);
        opened.add(file);
        if (!(file.root() instanceof Dict root)) {
            throw new Complaint(path)
                    .about("does not contain a dict of tensors", "save model.state_dict() with torch.save");
        }
        Dict state = unwrapped(root);
        state.entries().forEach((name, value) -> {
            if (!(value instanceof Tensor tensor)) {
                others.add(name);
            } else if (places.put(name, new Placed(file, tensor)) != null) {
                throw new Complaint(path).damaged("tensor " + quote(name) + " is also in another shard");
            }
        });
        if (state.entries().containsKey("tok_embeddings.weight")) {
            throw new Complaint(path)
                    .about(
                            "has Meta's tensor names (tok_embeddings.weight)",
                            "download the model's HuggingFace form, or convert it with transformers' convert_llama_weights_to_hf.py");
        }
    }

    /** The state dict itself if the tensors are one level down. */
    private Dict unwrapped(Dict root) {
        if (root.entries().values().stream().anyMatch(Tensor.class::isInstance)) {
            return root;
        }
        for (String wrapper : WRAPPERS) {
            if (root.entries().get(wrapper) instanceof Dict inner) {
                root.entries().keySet().stream()
                        .filter(key -> !key.equals(wrapper))
                        .forEach(others::add);
                return inner;
            }
        }
        return root;
    }

    private boolean isTiedHead(String name) {
        if (!HEADS.contains(name) || !tiesHead()) {
            return false;
        }
        Placed head = places.get(name);
        return places.entrySet().stream()
                .anyMatch(other -> EMBEDDING.matcher(other.getKey()).matches()
                        && other.getValue().file() == head.file()
                        && other.getValue().tensor().equals(head.tensor()));
    }

    private boolean tiesHead() {
        Path file = directory.resolve("config.json");
        JsonNode config =
                Json.parse(file.toString(), TextReader.utf8(files.get("config.json"), file), Complaint.REPLACE);
        boolean byDefault = TIED.contains(config.path("model_type").asText());
        return config.path("tie_word_embeddings").asBoolean(byDefault);
    }

    private static String name(Path file) {
        return String.valueOf(file.getFileName());
    }

    @Override
    public String format() {
        return opened.size() == 1 ? "pickle" : "pickle in " + opened.size() + " shards";
    }

    @Override
    public Map<String, StreamedTensor> tensors() {
        return tensors;
    }

    @Override
    public Map<String, byte[]> files() {
        return files;
    }

    @Override
    public List<String> notes() {
        return notes;
    }

    @Override
    public void close() {
        opened.forEach(TorchFile::close);
    }
}
