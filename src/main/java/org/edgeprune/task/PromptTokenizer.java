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
 * A model's tokenizer: text to token ids and back, through HuggingFace's tokenizers library. It reads local files only
 * and never truncates or pads. Encoded texts begin with the special tokens that the tokenizer's configuration asks for
 * (none for GPT-2, the beginning of sequence for Llama). Safe for use by several threads; {@link #close} frees the
 * native tokenizer.
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
     * Opens the tokenizer of a model directory: its {@code tokenizer.json} or, without one, GPT-2's {@code vocab.json}
     * and {@code merges.txt}, modified by {@code tokenizer_config.json}, {@code special_tokens_map.json} and
     * {@code added_tokens.json}.
     *
     * @param modelDirectory a HuggingFace model directory
     * @return the tokenizer, to be closed
     * @throws InputException if the directory has no tokenizer that can be used, or a file is damaged
     */
    public static PromptTokenizer open(Path modelDirectory) {
        return new PromptTokenizer(TokenizerFiles.read(modelDirectory));
    }

    /**
     * A tokenizer from its definition.
     *
     * @param json the text of a {@code tokenizer.json}
     * @param source the name of the definition in error messages
     * @return the tokenizer, to be closed
     * @throws InputException if the definition cannot be used
     */
    public static PromptTokenizer fromJson(String json, String source) {
        return new PromptTokenizer(TokenizerDefinition.of(source, Json.parse(source, json, "fetch the file again")));
    }

    /**
     * The token ids of a text, after the special tokens that the tokenizer puts before a text. Special tokens that it
     * puts after a text are left out, because a prompt is to be continued.
     *
     * @param text the text
     * @return its token ids
     * @throws InputException if the tokenizer has no tokens for a part of the text and no unknown token
     */
    public int[] encode(String text) {
        return IntStream.concat(Arrays.stream(definition.specialTokens().before()), Arrays.stream(encodeRendered(text)))
                .toArray();
    }

    /**
     * The token ids of a text that has all its special tokens in it, such as a chat in a chat template.
     *
     * @param text the text
     * @return its token ids
     * @throws InputException if the tokenizer has no tokens for a part of the text and no unknown token
     */
    public synchronized int[] encodeRendered(String text) {
        requireOpen();
        try {
            return Arrays.stream(tokenizer.encode(text, false, false).getIds())
                    .mapToInt(Math::toIntExact)
                    .toArray();
        } catch (RuntimeException e) {
            throw new InputException(
                    source() + ": cannot tokenise \"" + text + "\": " + e.getMessage()
                            + "; use words in its vocabulary",
                    e);
        }
    }

    /**
     * The text of token ids.
     *
     * @param tokens the token ids
     * @return the text, special tokens included
     */
    public synchronized String decode(int... tokens) {
        requireOpen();
        return tokenizer.decode(Arrays.stream(tokens).asLongStream().toArray(), false);
    }

    /**
     * The size of the vocabulary.
     *
     * @return one more than the highest token id, added tokens included
     */
    public int vocabSize() {
        return vocabSize;
    }

    /**
     * The id of a token.
     *
     * @param token the token as the vocabulary spells it, such as {@code <|endoftext|>} or {@code ĠMary}
     * @return its id; empty if the vocabulary does not have it
     */
    public OptionalInt id(String token) {
        Integer id = ids.get(token);
        return id == null ? OptionalInt.empty() : OptionalInt.of(id);
    }

    /**
     * The token that begins a sequence, for generation.
     *
     * @return the configured token, or the first of {@link #prefix}, or a token with one of the usual names; empty if
     *     there is none
     */
    public OptionalInt bos() {
        return bos;
    }

    /**
     * The single token of a text after a prefix. GPT-2's words include their leading space: {@code single("Then", "
     * Mary")}.
     *
     * @param prefix the text before
     * @param text the text of the token
     * @return the token's id; empty if {@code text} is not exactly one token there, merges with the prefix, or is
     *     unknown
     */
    public OptionalInt single(String prefix, String text) {
        return single(encode(prefix), prefix, text);
    }

    /** The same for a prefix whose tokens are known. */
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

    /**
     * The identity of the tokenizer.
     *
     * @return the SHA-256 digest of its definition and of the special tokens before a text, in hexadecimal digits
     */
    public String sha256() {
        return sha256;
    }

    /**
     * Where the tokenizer's definition is from.
     *
     * @return a file, or the name given to {@link #fromJson}
     */
    public String source() {
        return definition.source();
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException(source() + ": the tokenizer is closed; open it again");
        }
    }

    /** Frees the native tokenizer. Further calls have no effect. */
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

    /**
     * The special tokens before every text.
     *
     * @return their ids, such as that of the beginning of sequence; empty for many tokenizers
     */
    public int[] prefix() {
        return definition.specialTokens().before().clone();
    }

    /**
     * The special tokens that the tokenizer would put after every text, which {@link #encode} leaves out.
     *
     * @return their ids
     */
    public int[] suffix() {
        return definition.specialTokens().after().clone();
    }

    /**
     * What a user should know about the tokenizer's files.
     *
     * @return one line each; empty if there is nothing
     */
    public List<String> notes() {
        return definition.notes();
    }

    /**
     * Finds prompts that contain the beginning of sequence themselves, so that it occurs twice.
     *
     * @param prompts token ids, as {@link #encode} returns them
     * @return a note for the user; empty if there are no such prompts
     */
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
                        + decode(before[before.length - 1])
                        + " twice: the tokenizer puts it before every text; remove it"
                        + " from the prompts");
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
