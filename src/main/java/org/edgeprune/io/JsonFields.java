package org.edgeprune.io;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Typed access to the fields of a JSON object in a file, with errors that name the file and the field.
 *
 * @param file where the object is from, for messages
 * @param prefix the names of the objects around this one, each with a dot after it; empty for the outermost
 * @param node the object
 */
public record JsonFields(Path file, String prefix, JsonNode node) {
    private static final String REMEDY = "correct or replace the file";

    public JsonFields {
        if (!node.isObject()) {
            throw new InputException(file + ": not a JSON object: " + REMEDY);
        }
    }

    /**
     * Reads a file that holds an object, in UTF-8.
     *
     * @param remedy what to do if there is no such file, or it holds anything else
     * @throws InputException as {@link Json#read} says
     */
    public static JsonFields read(Path file, String remedy) {
        return new JsonFields(
                file, "", Json.parse(file.toString(), TextReader.CONFIGURATION.readUtf8(file, remedy), remedy));
    }

    /** The object in a text that came from {@code file}. */
    public static JsonFields parse(Path file, String text) {
        return new JsonFields(file, "", Json.parse(file.toString(), text, REMEDY));
    }

    /** Whether the field is there and not null. */
    public boolean has(String field) {
        return node.hasNonNull(field);
    }

    /** A field of any type that must be there, though it may be null. */
    public JsonNode required(String field) {
        JsonNode value = node.path(field);
        if (value.isMissingNode()) {
            throw error(field, "is missing");
        }
        return value;
    }

    /** A field that must be an object. */
    public JsonFields object(String field) {
        JsonNode value = required(field);
        if (!value.isObject()) {
            throw wrong(field, "an object");
        }
        return new JsonFields(file, prefix + field + ".", value);
    }

    /** A field that must be an array: its elements. */
    public List<JsonNode> array(String field) {
        JsonNode value = required(field);
        if (!value.isArray()) {
            throw wrong(field, "a list");
        }
        List<JsonNode> elements = new ArrayList<>();
        value.forEach(elements::add);
        return elements;
    }

    /** A field that must be a string. */
    public String text(String field) {
        if (!required(field).isTextual()) {
            throw wrong(field, "a string");
        }
        return node.get(field).textValue();
    }

    /** A field that must be a whole number from {@code low} to {@code high}. */
    public int integer(String field, int low, int high) {
        JsonNode value = required(field);
        if (!value.isInt() || value.intValue() < low || value.intValue() > high) {
            throw wrong(field, (low == 1 ? "a positive integer up to " : "an integer from " + low + " to ") + high);
        }
        return value.intValue();
    }

    /** A field that must be a finite number. */
    public double number(String field) {
        JsonNode value = required(field);
        if (!value.isNumber() || !Double.isFinite(value.doubleValue())) {
            throw wrong(field, "a number");
        }
        return value.doubleValue();
    }

    /** A field that must be true or false. */
    public boolean flag(String field) {
        if (!required(field).isBoolean()) {
            throw wrong(field, "true or false");
        }
        return node.get(field).booleanValue();
    }

    /** The names of the fields, in their order. */
    public List<String> names() {
        List<String> names = new ArrayList<>();
        node.fieldNames().forEachRemaining(names::add);
        return names;
    }

    /** An error about a field, to be thrown. */
    public InputException error(String field, String fault) {
        return new InputException(file + ": field '" + prefix + field + "' " + fault);
    }

    private InputException wrong(String field, String expected) {
        return error(field, "is " + node.get(field) + ", expected " + expected);
    }
}
