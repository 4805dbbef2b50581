package org.edgeprune.task;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.function.Predicate;
import org.edgeprune.io.InputException;

/**
 * One line of a JSONL file.
 *
 * @param source the file, or what generated the line
 * @param line its number from 1
 * @param json its object
 */
public record Row(String source, int line, ObjectNode json) {
    /** The text under a key. */
    public String text(String key) {
        return field(key, "text", JsonNode::isTextual).asText();
    }

    /** The whole number under a key, between bounds. */
    public int number(String key, int low, int high) {
        int value = field(key, "whole number", JsonNode::isInt).asInt();
        if (value < low || value > high) {
            throw wrong("\"" + key + "\" is " + value + ", not between " + low + " and " + high);
        }
        return value;
    }

    /** The truth value under a key. */
    public boolean truth(String key) {
        return field(key, "true or false", JsonNode::isBoolean).asBoolean();
    }

    /**
     * The tokens of a prompt in this line.
     *
     * @throws InputException naming the line if there is none, or the tokenizer cannot encode it
     */
    public int[] encode(String prompt, PromptTokenizer tokenizer) {
        try {
            int[] tokens = tokenizer.encode(prompt);
            if (tokens.length == 0) {
                throw wrong("an empty prompt");
            }
            return tokens;
        } catch (InputException e) {
            throw e.getMessage().startsWith(source) ? e : wrong(e.getMessage());
        }
    }

    /** An error about this line. */
    public InputException wrong(String what) {
        return new InputException(source + ":" + line + ": " + what);
    }

    private JsonNode field(String key, String kind, Predicate<JsonNode> test) {
        JsonNode value = json.get(key);
        if (value == null || !test.test(value)) {
            throw wrong("needs \"" + key + "\", a " + kind + (value == null ? "" : ", but has " + value));
        }
        return value;
    }
}
