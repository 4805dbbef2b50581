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

    private ModelFiles() {}

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
