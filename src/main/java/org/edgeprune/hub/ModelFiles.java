package org.edgeprune.hub;

import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.edgeprune.safetensors.ShardIndex;

/**
 * Which files of a repository belong to the model: safetensors weights, configuration and tokenizer, all at the top
 * level.
 */
final class ModelFiles {
    private static final String SINGLE = "model.safetensors";
    static final String INDEX = "model.safetensors.index.json";
    private static final Set<String> SMALL = Set.of(
            "config.json",
            "generation_config.json",
            "tokenizer.json",
            "tokenizer_config.json",
            "tokenizer.model",
            "vocab.json",
            "merges.txt",
            "special_tokens_map.json",
            "added_tokens.json",
            "chat_template.jinja");

    private static final String PICKLE = "pytorch_model.bin";
    private static final Pattern PICKLE_PART =
            Pattern.compile("pytorch_model-\\d+-of-\\d+\\.bin|pytorch_model\\.bin\\.index\\.json");

    private ModelFiles() {}

    /** The files of a model whose weights are pickled by PyTorch; empty if there are no such weights. */
    static List<String> pickled(Collection<String> all) {
        boolean single = all.contains(PICKLE);
        List<String> weights = all.stream()
                .filter(name ->
                        single ? name.equals(PICKLE) : PICKLE_PART.matcher(name).matches())
                .toList();
        return weights.isEmpty()
                ? List.of()
                : all.stream()
                        .filter(name -> SMALL.contains(name) || weights.contains(name))
                        .sorted()
                        .toList();
    }

    /**
     * The files of a repository that belong to the model, sorted. Of sharded weights it has only the index, which names
     * the shards.
     */
    static List<String> wanted(Collection<String> all) {
        String weights = all.contains(SINGLE) ? SINGLE : INDEX;
        return all.stream()
                .filter(name -> SMALL.contains(name) || name.equals(weights))
                .distinct()
                .sorted()
                .toList();
    }

    /** The names of the shards according to the index in a directory. */
    static Set<String> shards(Path directory) {
        return new TreeSet<>(ShardIndex.read(directory.resolve(INDEX)).values());
    }

    /** The files of a directory that belong to the model, shards included. */
    static List<String> inCache(Collection<String> all, Path directory) {
        List<String> wanted = wanted(all);
        return wanted.contains(INDEX)
                ? Stream.concat(wanted.stream(), shards(directory).stream())
                        .distinct()
                        .sorted()
                        .toList()
                : wanted;
    }

    /** Whether the files of a directory are a complete model with its tokenizer. */
    static boolean complete(Collection<String> names, Path directory) {
        return names.contains("config.json")
                && hasWeights(names)
                && names.containsAll(inCache(names, directory))
                && (names.contains("tokenizer.json") || (names.contains("vocab.json") && names.contains("merges.txt")));
    }

    static boolean hasWeights(Collection<String> names) {
        return names.contains(SINGLE) || names.contains(INDEX);
    }
}
