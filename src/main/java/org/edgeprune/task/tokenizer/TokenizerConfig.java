package org.edgeprune.task.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.edgeprune.io.InputException;
import org.edgeprune.io.Json;

/**
 * What {@code tokenizer_config.json}, {@code special_tokens_map.json} and {@code added_tokens.json} say, read as
 * transformers reads them:
 *
 * <ul>
 *   <li>{@code add_bos_token} and {@code add_eos_token}, where stated, decide on special tokens if there is no
 *       tokenizer.json, or if the class is one that built its template from them in transformers 4 (Llama, Gemma,
 *       Cohere); transformers 5 goes by tokenizer.json there, so a difference is noted. For other classes both versions
 *       go by tokenizer.json;
 *   <li>{@code add_prefix_space} decides on the space before a text for GPT-2's, GPT-NeoX's and Llama's classes, which
 *       build their pre-tokenizer themselves; for others tokenizer.json stands as it is;
 *   <li>tokens of {@code added_tokens_decoder} and {@code added_tokens.json} that tokenizer.json lacks are added.
 * </ul>
 *
 * <p>{@code chat_template} and what else is known to change no encoding of a plain text is without effect.
 *
 * @param source the file, for messages
 * @param config tokenizer_config.json
 * @param named special tokens by role, such as {@code bos_token}
 * @param added tokens by id: an entry of tokenizer.json's {@code added_tokens} each
 */
record TokenizerConfig(String source, JsonNode config, Map<String, String> named, Map<Integer, ObjectNode> added) {
    /** No such files. */
    static final TokenizerConfig NONE = new TokenizerConfig("", Json.object(), Map.of(), Map.of());

    private static final String REMEDY = "fetch the file again";

    /** Classes of transformers 4 whose fast tokenizers rebuild the post-processor from the flags. */
    private static final Set<String> FLAGS_DECIDE =
            Set.of("LlamaTokenizer", "CodeLlamaTokenizer", "GemmaTokenizer", "CohereTokenizer");

    /** Newer files list all tokens here; where they do, special_tokens_map.json and added_tokens.json do not count. */
    private static final String DECODER = "added_tokens_decoder";

    /** Reads those of the files that exist. */
    static TokenizerConfig read(Path directory) {
        Path file = directory.resolve("tokenizer_config.json");
        JsonNode config = object(file);
        Map<String, String> named = new LinkedHashMap<>();
        roles(config, named);
        if (!config.has(DECODER)) {
            roles(object(directory.resolve("special_tokens_map.json")), named);
        }
        return new TokenizerConfig(file.toString(), config, named, added(directory, file, config, named));
    }

    private static void roles(JsonNode from, Map<String, String> named) {
        from.properties().stream().filter(e -> e.getKey().endsWith("_token")).forEach(e -> content(e.getValue())
                .ifPresent(token -> named.put(e.getKey(), token)));
    }

    private static Map<Integer, ObjectNode> added(
            Path directory, Path configFile, JsonNode config, Map<String, String> named) {
        Map<Integer, ObjectNode> added = new TreeMap<>();
        config.path(DECODER).properties().forEach(e -> {
            if (content(e.getValue()).isPresent()) {
                int id = id(configFile, e.getKey());
                ObjectNode token =
                        Gpt2Tokenizer.specialToken(id, content(e.getValue()).get());
                for (String flag : new String[] {"single_word", "lstrip", "rstrip", "normalized", "special"}) {
                    token.put(
                            flag,
                            e.getValue().path(flag).asBoolean(token.get(flag).asBoolean()));
                }
                added.put(id, token);
            }
        });
        Path file = directory.resolve("added_tokens.json");
        if (!config.has(DECODER)) {
            Set<String> special = new HashSet<>(named.values());
            object(file).properties().forEach(e -> {
                int id = id(file, e.getValue().asText());
                ObjectNode token = Gpt2Tokenizer.specialToken(id, e.getKey());
                token.put("special", special.contains(e.getKey()));
                token.put("normalized", !special.contains(e.getKey()));
                added.put(id, token);
            });
        }
        return added;
    }

    /** The class that transformers would use, without {@code Fast} at its end; empty if no file names it. */
    Optional<String> tokenizerClass() {
        return Optional.ofNullable(config.path("tokenizer_class").asText(null))
                .map(name -> name.replaceFirst("Fast$", ""));
    }

    /** The token of a role. */
    Optional<String> token(String role) {
        return Optional.ofNullable(named.get(role));
    }

    /**
     * The special tokens that the configuration asks for: where a flag is stated, it decides on its side of the text,
     * else the post-processor does.
     */
    SpecialTokens specialTokens(String tokenizer, SpecialTokens processor, Map<String, Integer> ids) {
        return new SpecialTokens(
                stated(tokenizer, "add_bos_token", "bos_token", ids).orElse(processor.before()),
                stated(tokenizer, "add_eos_token", "eos_token", ids).orElse(processor.after()));
    }

    /** Whether the flags override the post-processor of a tokenizer.json in transformers 4. */
    boolean flagsRebuildTemplate() {
        return tokenizerClass().filter(FLAGS_DECIDE::contains).isPresent();
    }

    private Optional<int[]> stated(String tokenizer, String field, String role, Map<String, Integer> ids) {
        Optional<Boolean> add = flag(field);
        if (add.isEmpty()) {
            return Optional.empty();
        }
        Optional<String> token = token(role).or(() -> defaultToken(role)).filter(any -> add.get());
        if (token.isEmpty()) {
            return Optional.of(new int[0]);
        }
        Integer id = ids.get(token.get());
        if (id == null) {
            throw new InputException(source + ": field '" + field + "' is true, but the " + role + " '" + token.get()
                    + "' is not in " + tokenizer + "; fetch both files again");
        }
        return Optional.of(new int[] {id});
    }

    /** The token that the tokenizer class uses if no file names it. */
    private Optional<String> defaultToken(String role) {
        boolean bos = role.equals("bos_token");
        return tokenizerClass().flatMap(name -> switch (name) {
            case "LlamaTokenizer", "CodeLlamaTokenizer" -> Optional.of(bos ? "<s>" : "</s>");
            case "GemmaTokenizer" -> Optional.of(bos ? "<bos>" : "<eos>");
            case "GPT2Tokenizer", "GPTNeoXTokenizer" -> Optional.of("<|endoftext|>");
            default -> Optional.empty();
        });
    }

    /** Changes a tokenizer.json as this configuration says, and returns it. */
    ObjectNode applyTo(ObjectNode json) {
        if (flag("add_prefix_space").isPresent()
                || config.path("add_prefix_space").isNull()) {
            prefixSpace(json, flag("add_prefix_space"));
        }
        if (!added.isEmpty()) {
            Set<String> there = new HashSet<>();
            json.path("added_tokens")
                    .forEach(token -> there.add(token.path("content").asText()));
            ArrayNode all = json.path("added_tokens") instanceof ArrayNode list ? list : json.putArray("added_tokens");
            added.values().stream()
                    .filter(token -> there.add(token.get("content").asText()))
                    .forEach(all::add);
        }
        return json;
    }

    private void prefixSpace(ObjectNode json, Optional<Boolean> stated) {
        switch (tokenizerClass().orElse("")) {
            case "GPT2Tokenizer", "GPTNeoXTokenizer" ->
                parts(json.path("pre_tokenizer"), "pretokenizers", step -> {
                    if (step.path("type").asText().equals("ByteLevel")) {
                        step.put("add_prefix_space", stated.orElse(false));
                    }
                });
            case "LlamaTokenizer" -> {
                boolean add = stated.orElse(true);
                parts(json.path("pre_tokenizer"), "pretokenizers", step -> {
                    boolean never = step.path("prepend_scheme").asText().equals("never");
                    if (step.path("type").asText().equals("Metaspace") && add == never) {
                        step.put("prepend_scheme", add ? "first" : "never");
                    }
                });
                if (!add) {
                    withoutPrepend(json);
                }
            }
            default -> {
                // other classes take tokenizer.json as it stands
            }
        }
    }

    /** Removes the {@code Prepend} of Llama's older files. */
    private static void withoutPrepend(ObjectNode json) {
        JsonNode normalizer = json.path("normalizer");
        if (isPrepend(normalizer)) {
            json.putNull("normalizer");
        } else if (normalizer.path("normalizers") instanceof ArrayNode steps) {
            for (int i = steps.size() - 1; i >= 0; i--) {
                if (isPrepend(steps.get(i))) {
                    steps.remove(i);
                }
            }
        }
    }

    private static boolean isPrepend(JsonNode step) {
        return step.path("type").asText().equals("Prepend");
    }

    private static void parts(JsonNode step, String children, Consumer<ObjectNode> action) {
        step.path(children).forEach(child -> parts(child, children, action));
        if (step instanceof ObjectNode object) {
            action.accept(object);
        }
    }

    /** A field that is true or false; empty where it is null or absent. */
    private Optional<Boolean> flag(String field) {
        JsonNode value = config.path(field);
        if (value.isNull() || value.isMissingNode()) {
            return Optional.empty();
        }
        if (!value.isBoolean()) {
            throw new InputException(
                    source + ": field '" + field + "' is " + value + ", expected true or false; correct the file");
        }
        return Optional.of(value.booleanValue());
    }

    private static Optional<String> content(JsonNode token) {
        JsonNode text = token.isObject() ? token.path("content") : token;
        return text.isTextual() && !text.textValue().isEmpty() ? Optional.of(text.textValue()) : Optional.empty();
    }

    private static int id(Path file, String text) {
        if (!text.matches("\\d{1,9}")) {
            throw new InputException(file + ": '" + text + "' is not a token id; " + REMEDY);
        }
        return Integer.parseInt(text);
    }

    private static JsonNode object(Path file) {
        if (Files.notExists(file)) {
            return Json.object();
        }
        JsonNode json = Json.read(file, REMEDY);
        if (!json.isObject()) {
            throw new InputException(file + ": not a JSON object; " + REMEDY);
        }
        return json;
    }
}
