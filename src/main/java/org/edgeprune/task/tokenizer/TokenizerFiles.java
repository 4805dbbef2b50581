package org.edgeprune.task.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.edgeprune.io.InputException;
import org.edgeprune.io.Json;
import org.edgeprune.io.TextReader;

/** Finds the tokenizer of a model directory: {@code tokenizer.json} or, without one, GPT-2's pair of files. */
public final class TokenizerFiles {
    private static final String REMEDY = "fetch the file again";

    /** Classes whose vocab.json and merges.txt are used as in GPT-2: the same splitting pattern and byte alphabet. */
    private static final Set<String> GPT2_CLASSES = Set.of("GPT2Tokenizer");

    /** Models whose tokenizer is of that class where tokenizer_config.json does not name one. */
    private static final Set<String> GPT2_MODELS = Set.of("gpt2", "gpt_neo", "gptj", "opt");

    /** Vocabularies of other libraries. */
    private static final List<String> FOREIGN =
            List.of("tokenizer.model", "spiece.model", "sentencepiece.bpe.model", "tekken.json", "tiktoken.model");

    private TokenizerFiles() {}

    /**
     * The definition according to the files of a directory.
     *
     * @param directory a HuggingFace model directory
     * @return the definition
     * @throws InputException if there is no tokenizer that can be used, or a file is damaged
     */
    public static TokenizerDefinition read(Path directory) {
        TokenizerConfig config = TokenizerConfig.read(directory);
        Path json = directory.resolve("tokenizer.json");
        if (Files.exists(json)) {
            return TokenizerDefinition.of(json.toString(), Json.read(json, REMEDY), config, true);
        }
        Path vocab = directory.resolve("vocab.json");
        Path merges = directory.resolve("merges.txt");
        if (Files.exists(vocab) && Files.exists(merges)) {
            requireGpt2(directory, config);
            return gpt2(vocab, merges, config);
        }
        for (String name : FOREIGN) {
            if (Files.exists(directory.resolve(name))) {
                throw new InputException(directory + ": no tokenizer.json, only " + name + ": " + convert(directory));
            }
        }
        throw new InputException(directory + ": no tokenizer: neither tokenizer.json nor vocab.json with merges.txt is"
                + " there; copy the tokenizer files of the model into this directory");
    }

    private static TokenizerDefinition gpt2(Path vocab, Path merges, TokenizerConfig config) {
        JsonNode words = Json.read(vocab, REMEDY);
        ObjectNode definition = Gpt2Tokenizer.definition(
                vocab.toString(), words, merges.toString(), TextReader.LARGE.read(merges, REMEDY));
        ArrayNode added = (ArrayNode) definition.get("added_tokens");
        Set<String> there = new HashSet<>();
        added.forEach(token -> there.add(token.get("content").asText()));
        config.named().values().forEach(token -> {
            if (words.has(token) && there.add(token)) {
                added.add(Gpt2Tokenizer.specialToken(words.get(token).asInt(), token));
            }
        });
        return TokenizerDefinition.of(vocab.toString(), definition, config, false);
    }

    /** The pair of files does not say how a text is split: other classes with the same files split differently. */
    private static void requireGpt2(Path directory, TokenizerConfig config) {
        Optional<String> named = config.tokenizerClass();
        String model = modelType(directory.resolve("config.json"));
        boolean gpt2 =
                named.isPresent() ? GPT2_CLASSES.contains(named.get()) : model.isEmpty() || GPT2_MODELS.contains(model);
        if (!gpt2) {
            throw new InputException(directory + ": vocab.json and merges.txt are those of "
                    + named.orElseGet(() -> "a '" + model + "' model")
                    + ", which does not split texts as GPT-2 does, and there is no tokenizer.json: "
                    + convert(directory));
        }
    }

    private static String modelType(Path config) {
        return Files.exists(config)
                ? Json.read(config, REMEDY).path("model_type").asText("")
                : "";
    }

    private static String convert(Path directory) {
        return "write it with transformers, python -c \"from transformers import AutoTokenizer as T;"
                + " T.from_pretrained('" + directory + "').save_pretrained('" + directory + "')\"";
    }
}
