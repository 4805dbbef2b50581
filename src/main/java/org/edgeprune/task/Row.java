package org.edgeprune.task;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.function.Predicate;
import org.edgeprune.io.InputException;

/**
 * One object of a data file.
 *
 * @param source the file, or what generated the object
 * @param line the number of its line, from 1
 * @param json the object
 */
public record Row(String source, int line, ObjectNode json) {
    /**
     * The text under a key.
     *
     * @param key the key
     * @return its value
     * @throws InputException naming the line, if the key is missing or its value is not a text
     */
    public String text(String key) {
        return field(key, "text", JsonNode::isTextual).asText();
    }

    /**
     * The integer under a key.
     *
     * @param key the key
     * @param low the smallest value allowed
     * @param high the largest value allowed
     * @return its value
     * @throws InputException naming the line, if the key is missing or its value is not an integer in this range
     */
    public int number(String key, int low, int high) {
        int value = field(key, "whole number", JsonNode::isInt).asInt();
        if (value < low || value > high) {
            throw wrong("\"" + key + "\" is " + value + ", not between " + low + " and " + high);
        }
        return value;
    }

    /**
     * The truth value under a key.
     *
     * @param key the key
     * @return its value
     * @throws InputException naming the line, if the key is missing or its value is neither true nor false
     */
    public boolean truth(String key) {
        return field(key, "true or false", JsonNode::isBoolean).asBoolean();
    }

    /**
     * The tokens of a prompt of this line.
     *
     * @param prompt the text
     * @param tokenizer the model's tokenizer
     * @return at least one token id
     * @throws InputException naming the line, if the prompt has no tokens or cannot be encoded
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

    /**
     * An error about this line, to be thrown.
     *
     * @param what what is wrong and the remedy
     * @return the exception; its message begins with file and line
     */
    public InputException wrong(String what) {
        return new InputException(place() + what);
    }

    /** Whether an error is about this line. */
    boolean isNamedBy(InputException error) {
        return error.getMessage().startsWith(place());
    }

    private String place() {
        return source + ":" + line + ": ";
    }

    private JsonNode field(String key, String kind, Predicate<JsonNode> test) {
        JsonNode value = json.get(key);
        if (value == null || !test.test(value)) {
            throw wrong("needs \"" + key + "\", a " + kind + (value == null ? "" : ", but has " + value));
        }
        return value;
    }
}
