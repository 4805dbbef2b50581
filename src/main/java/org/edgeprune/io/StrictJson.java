package org.edgeprune.io;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/**
 * Walks over untrusted JSON token by token: no recursion, no tree, duplicate keys and bad UTF-8 refused. Each fault
 * becomes a {@link Complaint}.
 */
public final class StrictJson implements AutoCloseable {
    /**
     * What is read at most.
     *
     * @param bytes of text
     * @param depth of nesting
     */
    public record Limits(int bytes, int depth) {
        /** 100 MB, the limit of the safetensors reference implementation for headers, nested 128 deep. */
        public static final Limits DEFAULT = new Limits(100_000_000, 128);
    }

    private final Complaint complaint;
    private final String part;
    private final JsonParser parser;

    /**
     * Opens a text and enters its object.
     *
     * @param utf8 the text
     * @param part what messages call it, such as "header"
     * @param limits what is read at most
     * @param complaint about the text's file
     * @throws InputException if the text does not begin with an object
     */
    public StrictJson(byte[] utf8, String part, Limits limits, Complaint complaint) {
        this(utf8, part, limits, complaint, false);
    }

    /**
     * The same for a text that Python's {@code json.dump} may have written: the bare words NaN, Infinity and -Infinity
     * are numbers.
     *
     * @param utf8 the text
     * @param part what messages call it
     * @param limits what is read at most
     * @param complaint about the text's file
     * @return on the first key of the outermost object
     * @throws InputException if the text does not begin with an object
     */
    public static StrictJson ofPython(byte[] utf8, String part, Limits limits, Complaint complaint) {
        return new StrictJson(utf8, part, limits, complaint, true);
    }

    private StrictJson(byte[] utf8, String part, Limits limits, Complaint complaint, boolean nonFinite) {
        this.complaint = complaint;
        this.part = part;
        if (utf8.length > limits.bytes()) {
            throw complaint.damaged(part + " is over the limit of " + limits.bytes() + " bytes");
        }
        if (utf8.length == 0 || utf8[0] != '{') {
            throw complaint.damaged(part + " does not begin with '{', so it is not a JSON object");
        }
        var decoder = StandardCharsets.UTF_8
                .newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT);
        try {
            parser = factory(limits, nonFinite)
                    .createParser(new InputStreamReader(new ByteArrayInputStream(utf8), decoder));
        } catch (IOException e) {
            throw new UncheckedIOException("reading from memory", e);
        }
        advance();
    }

    private static JsonFactory factory(Limits limits, boolean nonFinite) {
        return JsonFactory.builder()
                .configure(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS, nonFinite)
                .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                // a shared symbol table would be filled with a hostile file's names
                .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
                .streamReadConstraints(StreamReadConstraints.builder()
                        .maxNestingDepth(limits.depth())
                        .maxNameLength(limits.bytes())
                        .maxStringLength(limits.bytes())
                        .build())
                .build();
    }

    /**
     * Steps to the next key of the current object; the parser is then on its value.
     *
     * @return the key; null at the end of the object
     */
    public String nextKey() {
        if (advance() == JsonToken.END_OBJECT) {
            return null;
        }
        String key = text();
        advance();
        return key;
    }

    /**
     * Enters the array that the parser is on.
     *
     * @param field what messages call the value
     */
    public void enterArray(String field) {
        enter(JsonToken.START_ARRAY, field, "an array");
    }

    /**
     * Enters the object that the parser is on.
     *
     * @param field what messages call the value
     */
    public void enterObject(String field) {
        enter(JsonToken.START_OBJECT, field, "an object");
    }

    /**
     * Steps to the next element of the current array.
     *
     * @return false at its end
     */
    public boolean nextElement() {
        return advance() != JsonToken.END_ARRAY;
    }

    /**
     * The string that the parser is on.
     *
     * @param field what messages call the value
     * @return the string
     * @throws InputException if the parser is on anything else
     */
    public String string(String field) {
        if (parser.currentToken() != JsonToken.VALUE_STRING) {
            throw wrongType(field, "a string");
        }
        return text();
    }

    /**
     * The whole number that the parser is on, written plainly: no sign, point or exponent.
     *
     * @param field what messages call the value
     * @return from 0 to 2^63 - 1
     * @throws InputException if the parser is on anything else
     */
    public long count(String field) {
        if (parser.currentToken() != JsonToken.VALUE_NUMBER_INT) {
            throw wrongType(field, "a whole number");
        }
        String digits = text();
        if (digits.startsWith("-")) {
            throw complaint.damaged(field + " is negative (" + digits + ")");
        }
        try {
            return Long.parseLong(digits);
        } catch (NumberFormatException e) {
            throw complaint.damaged(field + " is too large (" + digits + ")");
        }
    }

    /**
     * A number of any kind.
     *
     * @param field what messages call the value
     * @return it, which is NaN or infinite only in a text of {@link #ofPython}, or where it is too large for a double
     * @throws InputException if the parser is on anything else
     */
    public double number(String field) {
        JsonToken token = parser.currentToken();
        if (token != JsonToken.VALUE_NUMBER_INT && token != JsonToken.VALUE_NUMBER_FLOAT) {
            throw wrongType(field, "a number");
        }
        try {
            return parser.getDoubleValue();
        } catch (IOException e) {
            throw invalid(e);
        }
    }

    /**
     * A truth value.
     *
     * @param field what messages call the value
     * @return it
     * @throws InputException if the parser is on anything else
     */
    public boolean truth(String field) {
        return switch (parser.currentToken()) {
            case VALUE_TRUE -> true;
            case VALUE_FALSE -> false;
            default -> throw wrongType(field, "true or false");
        };
    }

    /**
     * Whether the parser is on a null.
     *
     * @return whether the value is null
     */
    public boolean isNull() {
        return parser.currentToken() == JsonToken.VALUE_NULL;
    }

    /** Skips the value that the parser is on. */
    public void skip() {
        try {
            parser.skipChildren();
        } catch (IOException e) {
            throw invalid(e);
        }
    }

    /**
     * Checks that nothing but white space follows the outermost object.
     *
     * @throws InputException if something does
     */
    public void end() {
        if (advance() != null) {
            throw complaint.damaged(part + " has trailing garbage after its JSON object");
        }
    }

    private void enter(JsonToken start, String field, String wanted) {
        if (parser.currentToken() != start) {
            throw wrongType(field, wanted);
        }
    }

    private JsonToken advance() {
        try {
            return parser.nextToken();
        } catch (IOException e) {
            throw invalid(e);
        }
    }

    private String text() {
        String text;
        try {
            text = parser.getText();
        } catch (IOException e) {
            throw invalid(e);
        }
        // an escaped lone surrogate passes any decoder, but no UTF-8 can express it
        if (!StandardCharsets.UTF_8.newEncoder().canEncode(text)) {
            throw complaint.damaged(
                    part + " is not valid UTF-8: " + Complaint.quote(text) + " has half a surrogate pair");
        }
        return text;
    }

    private RuntimeException wrongType(String field, String wanted) {
        String found =
                switch (parser.currentToken()) {
                    case VALUE_STRING -> "a string";
                    case VALUE_NUMBER_INT -> "a number";
                    case VALUE_NUMBER_FLOAT -> "a number with a point or an exponent";
                    case START_OBJECT -> "an object";
                    case START_ARRAY -> "an array";
                    case VALUE_NULL -> "null";
                    default -> "true or false";
                };
        return complaint.damaged(field + " is " + found + " instead of " + wanted);
    }

    private RuntimeException invalid(IOException e) {
        return switch (e) {
            case CharacterCodingException _ -> complaint.about(part + " is not valid UTF-8", Complaint.REPLACE, e);
            case JsonProcessingException json ->
                complaint.about(
                        part + " is not valid JSON at character "
                                + Math.max(
                                        0,
                                        json.getLocation() == null
                                                ? 0
                                                : json.getLocation().getCharOffset())
                                + " (" + Json.said(json) + ")",
                        Complaint.REPLACE,
                        e);
            default -> new UncheckedIOException("reading from memory", e);
        };
    }

    @Override
    public void close() {
        try {
            parser.close();
        } catch (IOException e) {
            throw new UncheckedIOException("reading from memory", e);
        }
    }
}
