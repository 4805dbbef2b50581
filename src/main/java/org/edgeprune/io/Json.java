package org.edgeprune.io;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.io.JsonEOFException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.PropertyNamingStrategy;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;

/**
 * JSON as trees: the only place that configures Jackson. A text is one value, nested no deeper than
 * {@value #MAX_DEPTH}, with nothing after it.
 */
public final class Json {
    /** The deepest nesting that is read. */
    public static final int MAX_DEPTH = 200;

    private static final int MAX_NAME = 1 << 20;

    /** Names of Java as they are. */
    public static final Json PLAIN = new Json(null, JsonInclude.Include.ALWAYS);

    /** Names of Java's records in snake_case, as the field's files have them. */
    public static final Json SNAKE_CASE = new Json(PropertyNamingStrategies.SNAKE_CASE, JsonInclude.Include.ALWAYS);

    /** The same, without the components of records that are null. */
    public static final Json SNAKE_CASE_WITHOUT_NULLS =
            new Json(PropertyNamingStrategies.SNAKE_CASE, JsonInclude.Include.NON_NULL);

    /** For texts of several values. */
    private static final ObjectReader VALUES =
            PLAIN.mapper.reader().without(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    private final ObjectMapper mapper;

    private Json(PropertyNamingStrategy names, JsonInclude.Include included) {
        JsonFactory factory = JsonFactory.builder()
                // a shared symbol table would be filled with a hostile file's names
                .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
                .streamReadConstraints(StreamReadConstraints.builder()
                        .maxNestingDepth(MAX_DEPTH)
                        .maxNameLength(MAX_NAME)
                        .build())
                .build();
        JsonMapper.Builder builder = JsonMapper.builder(factory)
                .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                // "" is no number of 0, and 2.5 none of 2
                .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
                .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
                .disable(SerializationFeature.FAIL_ON_EMPTY_BEANS)
                .defaultPropertyInclusion(JsonInclude.Value.construct(included, included));
        if (names != null) {
            builder.propertyNamingStrategy(names);
        }
        this.mapper = builder.build();
    }

    /**
     * Reads a file of one JSON value, of up to 200 MB.
     *
     * @param file the file
     * @param remedy what to do if the file does not exist or is not JSON
     * @return the value
     * @throws InputException as {@link TextReader#read}, or naming line and column if it is not JSON
     */
    public static JsonNode read(Path file, String remedy) {
        return read(file, remedy, TextReader.TREE);
    }

    /**
     * Reads a file of one JSON value.
     *
     * @param file the file
     * @param remedy what to do if the file does not exist or is not JSON
     * @param reader limits the file's size
     * @return the value
     * @throws InputException as {@link TextReader#read}, or naming line and column if it is not JSON
     */
    public static JsonNode read(Path file, String remedy, TextReader reader) {
        return parse(file.toString(), reader.read(file, remedy), remedy);
    }

    /**
     * Parses a text.
     *
     * @param source what messages call the text: a file's name
     * @param text one JSON value
     * @param remedy what to do if it is not JSON
     * @return the value
     * @throws InputException naming source, line and column, both from 1
     */
    public static JsonNode parse(String source, String text, String remedy) {
        try {
            return tree(text);
        } catch (JsonProcessingException e) {
            throw new InputException(source + ": not JSON" + fault(e) + ": " + remedy, e);
        }
    }

    /**
     * Reads a file of one JSON list, element by element: a tree of all of them takes ten times as much memory as their
     * text.
     *
     * @param file the file
     * @param remedy what to do if the file does not exist or is not JSON
     * @param reader limits the file's size
     * @param noList what is said of a file of another JSON value than a list
     * @param element receives the elements in order; those before a fault, too
     * @throws InputException as {@link #read(Path, String, TextReader)}, or with {@code noList}
     */
    public static void readList(
            Path file, String remedy, TextReader reader, String noList, Consumer<JsonNode> element) {
        String text = reader.read(file, remedy);
        try (JsonParser parser = PLAIN.mapper.getFactory().createParser(text)) {
            if (parser.nextToken() != JsonToken.START_ARRAY) {
                tree(text); // complains of what is no JSON at all
                throw new InputException(file + ": " + noList);
            }
            while (parser.nextToken() != JsonToken.END_ARRAY) {
                element.accept(VALUES.readTree(parser));
            }
            if (parser.nextToken() != null) {
                throw new InputException(file + ": not JSON (line "
                        + parser.currentTokenLocation().getLineNr() + "): there is more after the end of the list: "
                        + remedy);
            }
        } catch (JsonProcessingException e) {
            throw new InputException(file + ": not JSON" + fault(e) + ": " + remedy, e);
        } catch (IOException e) {
            throw new AssertionError("a text in memory is readable", e);
        }
    }

    /**
     * Parses one line of a file of JSON lines.
     *
     * @param source what messages call the file
     * @param line the line's number, from 1
     * @param text the line: one JSON value
     * @param remedy what to do if it is not JSON
     * @return the value
     * @throws InputException naming source and line
     */
    public static JsonNode parseLine(String source, int line, String text, String remedy) {
        try {
            return tree(text);
        } catch (JsonProcessingException e) {
            throw new InputException(source + ":" + line + ": not JSON: " + said(e) + ": " + remedy, e);
        }
    }

    /**
     * A value of a file that holds several.
     *
     * @param line the line where it begins, from 1
     * @param json the value
     */
    public record Value(int line, JsonNode json) {}

    /**
     * Parses a text of any number of values: one per line, spread over lines, several on a line, or all in one list,
     * which then stands for its elements.
     *
     * @param source what messages call the text: a file's name
     * @param text the values
     * @param remedy what to do if it is not JSON
     * @return the values with their lines
     * @throws InputException naming source and line
     */
    public static List<Value> parseAll(String source, String text, String remedy) {
        List<Value> values = new ArrayList<>();
        int[] line = {1};
        try (JsonParser parser = PLAIN.mapper.getFactory().createParser(text)) {
            JsonToken token = parser.nextToken();
            boolean list = token == JsonToken.START_ARRAY;
            if (list) {
                token = parser.nextToken();
            }
            while (token != null && !(list && token == JsonToken.END_ARRAY)) {
                line[0] = parser.currentTokenLocation().getLineNr();
                values.add(new Value(line[0], VALUES.readTree(parser)));
                token = parser.nextToken();
            }
            if (list && parser.nextToken() != null) {
                line[0] = parser.currentTokenLocation().getLineNr();
                throw new InputException(source + ":" + line[0] + ": more after the end of the list: " + remedy);
            }
            return values;
        } catch (JsonProcessingException e) {
            int at = e.getLocation() == null ? line[0] : e.getLocation().getLineNr();
            boolean cut = e instanceof JsonEOFException;
            throw new InputException(
                    source + ":" + (cut ? line[0] : at) + ": not JSON: "
                            + (cut ? "what begins here has no end" : said(e)) + ": " + remedy,
                    e);
        } catch (IOException e) {
            throw new AssertionError("a text in memory is readable", e);
        }
    }

    private static JsonNode tree(String text) throws JsonProcessingException {
        return PLAIN.mapper.readTree(text);
    }

    /** What the parser says, without the classes and methods of Jackson. */
    static String said(JsonProcessingException e) {
        return e.getOriginalMessage()
                .replaceAll(", from `[\\w.]+\\(\\)`", "")
                .replaceAll(" \\(start marker at .*", "")
                .replaceAll("Trailing token .*", "there is more after the end of the value");
    }

    /** Where and what, as the parser says it. */
    private static String fault(JsonProcessingException e) {
        JsonLocation at = e.getLocation();
        String place = at == null ? "" : " (line " + at.getLineNr() + ", column " + at.getColumnNr() + ")";
        return place + ": " + said(e);
    }

    /**
     * Converts a tree to a Java value.
     *
     * @param <T> the value's type
     * @param source what messages call the tree: a file's name
     * @param tree the tree
     * @param type the value's type, such as a record
     * @param remedy what to do if the tree does not fit
     * @return the value; null if the tree is a JSON null
     * @throws InputException if the tree does not fit the type
     */
    public <T> T value(String source, JsonNode tree, Class<T> type, String remedy) {
        try {
            return mapper.treeToValue(tree, type);
        } catch (JsonProcessingException e) {
            // names of Java's types mean nothing to a user
            String fault = e.getOriginalMessage()
                    .lines()
                    .findFirst()
                    .orElse("")
                    .replaceAll("`(?:\\w+\\.)+([\\w$]+)[^`]*`", "$1")
                    .replaceAll(" \\(but [^)]*CoercionConfig[^)]*\\)", "")
                    .replaceAll("^Unrecognized field .*", "is not known");
            throw new InputException(source + ": " + field(e) + fault + ": " + remedy, e);
        }
    }

    /** The field that does not fit its type, as {@code field 'options.steps': }; empty where none is known. */
    private static String field(JsonProcessingException e) {
        if (!(e instanceof JsonMappingException mapping) || mapping.getPath().isEmpty()) {
            return "";
        }
        return mapping.getPath().stream()
                .map(part -> part.getFieldName() == null ? Integer.toString(part.getIndex()) : part.getFieldName())
                .collect(Collectors.joining(".", "field '", "': "));
    }

    /**
     * Converts a Java value to a tree.
     *
     * @param value a record, map, list or other Java value
     * @return the tree
     */
    public JsonNode tree(Object value) {
        return mapper.valueToTree(value);
    }

    /**
     * Converts a Java value that has fields to a tree.
     *
     * @param value a record, map or other Java value
     * @return an object
     */
    public ObjectNode objectTree(Object value) {
        return mapper.valueToTree(value);
    }

    /**
     * The indented text of a tree, as in our files.
     *
     * @param tree the tree
     * @return text that ends with a line feed
     */
    public static String pretty(JsonNode tree) {
        return tree.toPrettyString() + "\n";
    }

    /**
     * A text that is the same for equal values: names are sorted, and numbers written as doubles.
     *
     * @param tree the tree
     * @return text without white space
     */
    public static String canonical(JsonNode tree) {
        if (tree.isObject()) {
            return tree.properties().stream()
                    .sorted(Map.Entry.comparingByKey())
                    .map(field -> JsonNodeFactory.instance.textNode(field.getKey()) + ":" + canonical(field.getValue()))
                    .collect(Collectors.joining(",", "{", "}"));
        }
        if (tree.isArray()) {
            return StreamSupport.stream(tree.spliterator(), false)
                    .map(Json::canonical)
                    .collect(Collectors.joining(",", "[", "]"));
        }
        return tree.isNumber() ? Double.toString(tree.doubleValue()) : tree.toString();
    }

    /**
     * Writes a tree to a file, atomically, as {@link #pretty} text.
     *
     * @param file in a directory that exists
     * @param tree the tree
     * @throws InputException as {@link AtomicFile#write}
     */
    public static void write(Path file, JsonNode tree) {
        AtomicFile.writeText(file, pretty(tree));
    }

    /**
     * Makes an object without fields.
     *
     * @return a new object
     */
    public static ObjectNode object() {
        return JsonNodeFactory.instance.objectNode();
    }

    /**
     * Makes an array without elements.
     *
     * @return a new array
     */
    public static ArrayNode array() {
        return JsonNodeFactory.instance.arrayNode();
    }
}
