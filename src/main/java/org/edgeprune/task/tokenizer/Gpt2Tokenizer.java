package org.edgeprune.task.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.edgeprune.io.InputException;

/** GPT-2's {@code vocab.json} and {@code merges.txt} as an equivalent {@code tokenizer.json}. */
public final class Gpt2Tokenizer {
    private static final String END_OF_TEXT = "<|endoftext|>";

    private Gpt2Tokenizer() {}

    /**
     * A byte-level BPE definition; {@code merges} has the lines of {@code merges.txt}, best first, after a version
     * line.
     */
    static ObjectNode definition(String vocabFile, JsonNode vocab, String mergesFile, String merges) {
        if (!vocab.isObject() || vocab.isEmpty()) {
            throw new InputException(vocabFile + ": not a JSON object of token to id; fetch the file again");
        }
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        root.put("version", "1.0");
        ArrayNode added = root.putArray("added_tokens");
        if (vocab.has(END_OF_TEXT)) {
            added.add(specialToken(vocab.get(END_OF_TEXT).asInt(), END_OF_TEXT));
        }
        root.putNull("normalizer");
        root.set("pre_tokenizer", byteLevel(true));
        root.putNull("post_processor");
        root.set("decoder", byteLevel(true));
        ObjectNode model = root.putObject("model");
        model.put("type", "BPE");
        model.putNull("dropout");
        model.putNull("unk_token");
        model.put("fuse_unk", false);
        model.put("byte_fallback", false);
        model.set("vocab", vocab);
        model.set("merges", merges(mergesFile, merges, vocab));
        return root;
    }

    /**
     * An entry of {@code added_tokens}: a special token, which is matched in a text verbatim.
     *
     * @param id the token's id
     * @param content its text
     * @return the JSON object
     */
    public static ObjectNode specialToken(int id, String content) {
        ObjectNode token = JsonNodeFactory.instance.objectNode();
        token.put("id", id);
        token.put("content", content);
        token.put("single_word", false);
        token.put("lstrip", false);
        token.put("rstrip", false);
        token.put("normalized", false);
        token.put("special", true);
        return token;
    }

    /**
     * The {@code ByteLevel} step: GPT-2's printable bytes, where a space is {@code Ġ}.
     *
     * @param regex whether it also splits texts by GPT-2's regular expression
     * @return the JSON object
     */
    public static ObjectNode byteLevel(boolean regex) {
        ObjectNode step = JsonNodeFactory.instance.objectNode();
        step.put("type", "ByteLevel");
        step.put("add_prefix_space", false);
        step.put("trim_offsets", true);
        step.put("use_regex", regex);
        return step;
    }

    private static ArrayNode merges(String file, String text, JsonNode vocab) {
        ArrayNode merges = JsonNodeFactory.instance.arrayNode();
        String[] lines = text.lines().toArray(String[]::new);
        for (int i = 0; i < lines.length; i++) {
            if (lines[i].isEmpty() || (i == 0 && lines[i].startsWith("#version"))) {
                continue;
            }
            String[] pair = lines[i].split(" ", -1);
            if (pair.length != 2 || !vocab.has(pair[0] + pair[1])) {
                throw new InputException(file + ":" + (i + 1) + ": \"" + lines[i]
                        + "\" is not a merge of two tokens into one of the vocabulary; fetch the file again");
            }
            merges.addArray().add(pair[0]).add(pair[1]);
        }
        return merges;
    }
}
