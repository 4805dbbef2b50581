package org.edgeprune.task;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalInt;
import org.edgeprune.io.Digest;
import org.edgeprune.io.InputException;
import org.edgeprune.io.Json;
import org.edgeprune.io.LibraryLogging;
import org.edgeprune.io.TextReader;

/**
 * A model's tokenizer: text to token ids and back, through HuggingFace's tokenizers library. It reads local files only,
 * never truncates or pads, and adds the special tokens that the tokenizer's own post-processor asks for (none for
 * GPT-2, the beginning of sequence for Llama). Safe for use by several threads; closing frees the native side.
 */
public final class PromptTokenizer implements AutoCloseable {
    private static final String REMEDY = "fetch the file again";

    static {
        // Without this, DJL asks the cloud's metadata service where it runs, and on a machine with a GPU it downloads
        // a CUDA build of the tokenizer.
        System.setProperty("ai.djl.offline", "true");
        LibraryLogging.quiet();
    }

    private final String source;
    private final HuggingFaceTokenizer tokenizer;
    private final Map<String, Integer> ids;
    private final int vocabSize;
    private final OptionalInt bos;
    private final String sha256;
    private boolean closed;

    private PromptTokenizer(String source, JsonNode definition, String bosToken) {
        this.source = source;
        this.ids = vocabulary(source, definition);
        this.vocabSize = ids.values().stream().mapToInt(Integer::intValue).max().orElse(-1) + 1;
        byte[] used = used(definition);
        this.tokenizer = load(source, used);
        this.bos = findBos(bosToken);
        this.sha256 = Digest.sha256(Digest.sha256(used) + " " + bosToken);
    }

    /**
     * The tokenizer of a model directory: its {@code tokenizer.json}, else GPT-2's pair {@code vocab.json} and
     * {@code merges.txt}.
     *
     * @throws InputException if the directory holds neither or a file is damaged
     */
    public static PromptTokenizer open(Path modelDirectory) {
        Path json = modelDirectory.resolve("tokenizer.json");
        Path vocab = modelDirectory.resolve("vocab.json");
        Path merges = modelDirectory.resolve("merges.txt");
        String bosToken = bosToken(modelDirectory.resolve("tokenizer_config.json"));
        if (Files.exists(json)) {
            return new PromptTokenizer(json.toString(), read(json), bosToken);
        }
        if (Files.exists(vocab) && Files.exists(merges)) {
            JsonNode words = read(vocab);
            JsonNode definition = Gpt2Tokenizer.definition(
                    vocab.toString(), words, merges.toString(), TextReader.LARGE.read(merges, REMEDY));
            return new PromptTokenizer(vocab.toString(), definition, bosToken);
        }
        throw new InputException(
                modelDirectory + ": no tokenizer: neither tokenizer.json nor vocab.json with merges.txt is"
                        + " there; copy the tokenizer files of the model into this directory");
    }

    /** A tokenizer from the text of a {@code tokenizer.json}; {@code source} names it in error messages. */
    public static PromptTokenizer fromJson(String json, String source) {
        return new PromptTokenizer(source, parse(source, json), null);
    }

    /**
     * Token ids of a text.
     *
     * @throws InputException if the tokenizer has no tokens for a part of the text and no unknown token
     */
    public synchronized int[] encode(String text) {
        requireOpen();
        try {
            return Arrays.stream(tokenizer.encode(text, true, false).getIds())
                    .mapToInt(Math::toIntExact)
                    .toArray();
        } catch (RuntimeException e) {
            throw new InputException(
                    source + ": cannot tokenise \"" + text + "\": " + e.getMessage()
                            + "; use words that this tokenizer knows",
                    e);
        }
    }

    /** Text of token ids, special tokens included. */
    public synchronized String decode(int... tokens) {
        requireOpen();
        return tokenizer.decode(Arrays.stream(tokens).asLongStream().toArray(), false);
    }

    /** One more than the highest token id, added tokens included. */
    public int vocabSize() {
        return vocabSize;
    }

    /** The id of a token as the vocabulary spells it, such as {@code <|endoftext|>} or {@code ĠMary}. */
    public OptionalInt id(String token) {
        Integer id = ids.get(token);
        return id == null ? OptionalInt.empty() : OptionalInt.of(id);
    }

    /** The token that begins a sequence, for generation: the configured one, the post-processor's, or a known name. */
    public OptionalInt bos() {
        return bos;
    }

    /**
     * The token of {@code text} where it follows {@code prefix}; empty if it is not exactly one token there, merges
     * with the prefix, or is unknown. GPT-2 words carry their leading space: {@code single("Then", " Mary")}.
     */
    public OptionalInt single(String prefix, String text) {
        return single(encode(prefix), prefix, text);
    }

    /** The same where the tokens of the prefix are known. */
    OptionalInt single(int[] before, String prefix, String text) {
        int[] after;
        try {
            after = encode(prefix + text);
        } catch (InputException unknownWord) {
            return OptionalInt.empty();
        }
        return after.length == before.length + 1 && startsWith(after, before)
                ? OptionalInt.of(after[before.length])
                : OptionalInt.empty();
    }

    /** Identity of what the tokenizer does: a digest of its definition. */
    public String sha256() {
        return sha256;
    }

    /** Where the tokenizer came from: a file, or the name given. */
    public String source() {
        return source;
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException(source + ": the tokenizer is closed, with its model: open them again");
        }
    }

    /** May be called twice. */
    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            tokenizer.close();
        }
    }

    static boolean startsWith(int[] tokens, int[] prefix) {
        return tokens.length >= prefix.length && Arrays.equals(tokens, 0, prefix.length, prefix, 0, prefix.length);
    }

    private OptionalInt findBos(String configured) {
        if (configured != null && ids.containsKey(configured)) {
            return id(configured);
        }
        int[] added = encode("");
        if (added.length > 0) {
            return OptionalInt.of(added[0]);
        }
        for (String name : new String[] {"<|begin_of_text|>", "<s>", "<bos>", "<|endoftext|>"}) {
            if (ids.containsKey(name)) {
                return id(name);
            }
        }
        return OptionalInt.empty();
    }

    /** The definition without truncation and padding. */
    private static byte[] used(JsonNode definition) {
        ObjectNode whole = definition.deepCopy();
        whole.putNull("truncation");
        whole.putNull("padding");
        return whole.toString().getBytes(StandardCharsets.UTF_8);
    }

    private static HuggingFaceTokenizer load(String source, byte[] bytes) {
        try {
            return HuggingFaceTokenizer.newInstance(
                    new ByteArrayInputStream(bytes), Map.of("truncation", "false", "padding", "false"));
        } catch (IOException | RuntimeException e) {
            throw new InputException(
                    source + ": the tokenizers library cannot use it: " + e.getMessage() + "; fetch the file again", e);
        }
    }

    /** Token to id, from the model's vocabulary (an object, or Unigram's list of pieces) and the added tokens. */
    private static Map<String, Integer> vocabulary(String source, JsonNode definition) {
        Map<String, Integer> ids = new HashMap<>();
        JsonNode vocab = definition.path("model").path("vocab");
        if (vocab.isObject()) {
            vocab.properties().forEach(e -> ids.put(e.getKey(), e.getValue().asInt()));
        } else {
            for (int i = 0; i < vocab.size(); i++) {
                ids.put(vocab.get(i).path(0).asText(), i);
            }
        }
        definition
                .path("added_tokens")
                .forEach(t -> ids.put(t.path("content").asText(), t.path("id").asInt()));
        if (!definition.isObject() || ids.isEmpty()) {
            throw new InputException(source + ": model.vocab is missing or empty; this is not a tokenizer.json");
        }
        return ids;
    }

    private static String bosToken(Path config) {
        if (!Files.exists(config)) {
            return null;
        }
        JsonNode bos = read(config).path("bos_token");
        return bos.isObject() ? bos.path("content").asText(null) : bos.asText(null);
    }

    private static JsonNode parse(String source, String json) {
        return Json.parse(source, json, REMEDY);
    }

    private static JsonNode read(Path file) {
        return Json.read(file, REMEDY);
    }
}
