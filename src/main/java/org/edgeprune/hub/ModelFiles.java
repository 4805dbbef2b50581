package org.edgeprune.hub;

import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Which files of a repository make a model: weights as safetensors, configuration and tokenizer, all at the top level.
 */
final class ModelFiles {
    private static final String SINGLE = "model.safetensors";
    private static final String INDEX = "model.safetensors.index.json";
    private static final Pattern SHARD = Pattern.compile("model-\\d+-of-\\d+\\.safetensors");
    private static final Set<String> SMALL = Set.of(
            "config.json",
            "generation_config.json",
            "tokenizer.json",
            "tokenizer_config.json",
            "tokenizer.model",
            "vocab.json",
            "merges.txt",
            "special_tokens_map.json",
            "added_tokens.json");

    private static final String PICKLE = "pytorch_model.bin";
    private static final Pattern PICKLE_PART =
            Pattern.compile("pytorch_model-\\d+-of-\\d+\\.bin|pytorch_model\\.bin\\.index\\.json");

    private ModelFiles() {}

    /** Those that make a model whose weights are PyTorch's pickles; empty where there are no such weights. */
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

    /** Those of a repository's files that are wanted, in order of their names. */
    static List<String> wanted(Collection<String> all) {
        boolean sharded = !all.contains(SINGLE);
        return all.stream()
                .filter(name -> SMALL.contains(name)
                        || (sharded ? name.equals(INDEX) || SHARD.matcher(name).matches() : name.equals(SINGLE)))
                .sorted()
                .toList();
    }

    /** Whether these are a whole model, with its tokenizer. The names of shards say how many there are. */
    static boolean complete(Collection<String> names) {
        return names.contains("config.json")
                && hasWeights(names)
                && (names.contains("tokenizer.json") || names.contains("vocab.json") && names.contains("merges.txt"));
    }

    static boolean hasWeights(Collection<String> names) {
        if (names.contains(SINGLE)) {
            return true;
        }
        List<String> shards =
                names.stream().filter(n -> SHARD.matcher(n).matches()).toList();
        return names.contains(INDEX)
                && !shards.isEmpty()
                && shards.size() == Integer.parseInt(shards.get(0).replaceAll(".*-of-|\\.safetensors", ""));
    }
}
