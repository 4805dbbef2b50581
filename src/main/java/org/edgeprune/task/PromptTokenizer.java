package org.edgeprune.task;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.edgeprune.io.InputException;
import org.edgeprune.io.Json;
import org.edgeprune.task.tokenizer.TokenizerDefinition;
import org.edgeprune.task.tokenizer.TokenizerFiles;
import org.edgeprune.task.tokenizer.TokenizersLibrary;

/**
 * A model's tokenizer: text to token ids and back, through HuggingFace's tokenizers library. It reads local files only,
 * never truncates or pads, and begins with the special tokens that the tokenizer's configuration asks for (none for
 * GPT-2, the beginning of sequence for Llama). Safe for use by several threads; closing frees the native side.
 */
public final class PromptTokenizer implements AutoCloseable {
    private final TokenizerDefinition definition;
    private final HuggingFaceTokenizer tokenizer;
    private final Map<String, Integer> ids;
    private final int vocabSize;
    private final OptionalInt bos;
    private final String sha256;
    private boolean closed;

    private PromptTokenizer(TokenizerDefinition definition) {
        this.definition = definition;
        this.ids = definition.ids();
        this.vocabSize = ids.values().stream().mapToInt(Integer::intValue).max().orElse(-1) + 1;
        this.tokenizer = TokenizersLibrary.open(definition);
        this.bos = findBos();
        this.sha256 = definition.sha256();
    }

    /**
     * The tokenizer of a model directory: its {@code tokenizer.json}, else GPT-2's pair {@code vocab.json} and
     * {@code merges.txt}, with what {@code tokenizer_config.json}, {@code special_tokens_map.json} and
     * {@code added_tokens.json} change.
     *
     * @throws InputException if the directory holds no tokenizer that can be used, or a file is damaged
     */
    public static PromptTokenizer open(Path modelDirectory) {
        return new PromptTokenizer(TokenizerFiles.read(modelDirectory));
    }

    /** A tokenizer from the text of a {@code tokenizer.json}; {@code source} names it in error messages. */
    public static PromptTokenizer fromJson(String json, String source) {
        return new PromptTokenizer(TokenizerDefinition.of(source, Json.parse(source, json, "fetch the file again")));
    }

    /**
     * Token ids of a text, with the special tokens that the tokenizer puts before it. Those that it puts after a text
     * are left out: a prompt is to be continued.
     *
     * @throws InputException if the tokenizer has no tokens for a part of the text and no unknown token
     */
    public synchronized int[] encode(String text) {
        requireOpen();
        try {
            long[] inside = tokenizer.encode(text, false, false).getIds();
            return IntStream.concat(
                            Arrays.stream(definition.specialTokens().before()),
                            Arrays.stream(inside).mapToInt(Math::toIntExact))
                    .toArray();
        } catch (RuntimeException e) {
            throw new InputException(
                    source() + ": cannot tokenise \"" + text + "\": " + e.getMessage()
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

    /** Identity of what the tokenizer does: a digest of its definition and of the special tokens before a text. */
    public String sha256() {
        return sha256;
    }

    /** Where the tokenizer came from: a file, or the name given. */
    public String source() {
        return definition.source();
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException(source() + ": its model is closed: open it again");
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

    /** The ids that are put before every text: none, or the beginning of sequence. */
    public int[] prefix() {
        return definition.specialTokens().before().clone();
    }

    /** The ids that the tokenizer would put after every text, which {@link #encode} leaves out. */
    public int[] suffix() {
        return definition.specialTokens().after().clone();
    }

    /** What a user should know about the tokenizer's files, a line each. */
    public List<String> notes() {
        return definition.notes();
    }

    /** A note where texts begin with the tokenizer's own beginning, which it then puts before them once more. */
    public Optional<String> doubledPrefix(List<int[]> prompts) {
        int[] before = prefix();
        if (before.length == 0) {
            return Optional.empty();
        }
        long doubled = prompts.stream()
                .filter(tokens -> tokens.length > before.length && tokens[before.length] == before[before.length - 1])
                .count();
        return doubled == 0
                ? Optional.empty()
                : Optional.of((doubled == prompts.size() ? "every prompt begins" : doubled + " prompts begin")
                        + " with "
                        + decode(before[before.length - 1]) + " twice: the tokenizer puts it before every text; take it"
                        + " out of the prompts");
    }

    private OptionalInt findBos() {
        Optional<String> configured = definition.bosToken().filter(ids::containsKey);
        if (configured.isPresent()) {
            return id(configured.get());
        }
        int[] added = definition.specialTokens().before();
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
}
