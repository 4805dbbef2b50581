package org.edgeprune.io;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Typed access to the fields of a JSON object in a file, with errors that name the file and the field.
 *
 * @param file where the object comes from, for messages
 * @param prefix the names of the objects around this one, each followed by a dot; empty for the outermost
 * @param node the object
 */
public record JsonFields(Path file, String prefix, JsonNode node) {
    private static final String REMEDY = "correct or replace the file";

    /**
     * Checks that {@code node} is an object.
     *
     * @throws InputException if it is not
     */
    public JsonFields {
        if (!node.isObject()) {
            throw new InputException(file + ": not a JSON object: " + REMEDY);
        }
    }

    /**
     * Reads a file that contains an object, in UTF-8.
     *
     * @param file the file
     * @param remedy what to do if there is no such file, or it contains anything else
     * @return its fields
     * @throws InputException as {@link Json#read(Path, String)}
     */
    public static JsonFields read(Path file, String remedy) {
        return new JsonFields(
                file, "", Json.parse(file.toString(), TextReader.CONFIGURATION.readUtf8(file, remedy), remedy));
    }

    /** The object in a text that came from {@code file}. */
    static JsonFields parse(Path file, String text) {
        return new JsonFields(file, "", Json.parse(file.toString(), text, REMEDY));
    }

    /**
     * Whether a field has a value.
     *
     * @param field its name
     * @return true if it is there and not null
     */
    public boolean has(String field) {
        return node.hasNonNull(field);
    }

    /**
     * A field of any type that must be there.
     *
     * @param field its name
     * @return its value, which may be null
     * @throws InputException if it is absent
     */
    public JsonNode required(String field) {
        JsonNode value = node.path(field);
        if (value.isMissingNode()) {
            throw error(field, "is missing");
        }
        return value;
    }

    /**
     * A field that must be an object.
     *
     * @param field its name
     * @return the object's fields
     * @throws InputException if it is absent or something else
     */
    public JsonFields object(String field) {
        JsonNode value = required(field);
        if (!value.isObject()) {
            throw wrong(field, "an object");
        }
        return new JsonFields(file, prefix + field + ".", value);
    }

    /**
     * A field that must be an array.
     *
     * @param field its name
     * @return its elements
     * @throws InputException if it is absent or something else
     */
    public List<JsonNode> array(String field) {
        JsonNode value = required(field);
        if (!value.isArray()) {
            throw wrong(field, "a list");
        }
        List<JsonNode> elements = new ArrayList<>();
        value.forEach(elements::add);
        return elements;
    }

    /**
     * A field that must be a string.
     *
     * @param field its name
     * @return the string
     * @throws InputException if it is absent or something else
     */
    public String text(String field) {
        if (!required(field).isTextual()) {
            throw wrong(field, "a string");
        }
        return node.get(field).textValue();
    }

    /**
     * A field that must be a whole number.
     *
     * @param field its name
     * @param low smallest value
     * @param high largest value
     * @return the number
     * @throws InputException if it is absent, something else, or out of range
     */
    public int integer(String field, int low, int high) {
        JsonNode value = required(field);
        if (!value.isInt() || value.intValue() < low || value.intValue() > high) {
            throw wrong(field, (low == 1 ? "a positive integer up to " : "an integer from " + low + " to ") + high);
        }
        return value.intValue();
    }

    /**
     * A field that must be a finite number.
     *
     * @param field its name
     * @return the number
     * @throws InputException if it is absent or something else
     */
    public double number(String field) {
        JsonNode value = required(field);
        if (!value.isNumber() || !Double.isFinite(value.doubleValue())) {
            throw wrong(field, "a number");
        }
        return value.doubleValue();
    }

    /**
     * A field that must be true or false.
     *
     * @param field its name
     * @return the truth value
     * @throws InputException if it is absent or something else
     */
    public boolean flag(String field) {
        if (!required(field).isBoolean()) {
            throw wrong(field, "true or false");
        }
        return node.get(field).booleanValue();
    }

    /**
     * The names of the fields.
     *
     * @return in their order in the file
     */
    public List<String> names() {
        List<String> names = new ArrayList<>();
        node.fieldNames().forEachRemaining(names::add);
        return names;
    }

    /**
     * An error about a field.
     *
     * @param field its name
     * @param fault what is wrong with it
     * @return an exception for the caller to throw
     */
    public InputException error(String field, String fault) {
        return new InputException(file + ": field '" + prefix + field + "' " + fault);
    }

    private InputException wrong(String field, String expected) {
        return error(field, "is " + node.get(field) + ", expected " + expected);
    }
}
