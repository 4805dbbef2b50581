package org.edgeprune.graph;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.OptionalDouble;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.edgeprune.io.InputException;
import org.edgeprune.io.Json;
import org.edgeprune.io.TextReader;

/**
 * The published {@code edges.json}: a list of {@code [writer, reader]} pairs of names, or of {@code [writer, reader,
 * mask]} triples.
 */
public final class EdgesFile {
    private EdgesFile() {}

    /**
     * An edge, by the names of its ends.
     *
     * @param writer the writer's name
     * @param reader the reader's name
     * @param mask its mask, if the file contains it
     */
    public record Entry(String writer, String reader, OptionalDouble mask) {
        /**
         * An edge without a mask.
         *
         * @param writer the writer's name
         * @param reader the reader's name
         */
        public Entry(String writer, String reader) {
            this(writer, reader, OptionalDouble.empty());
        }
    }

    /**
     * Reads a file, also a graph file of EAP-IG: its {@code in_graph} edges in edgeprune's names, {@code input} as
     * {@code embeds}, keys and values by query head.
     *
     * @param file a list of pairs or triples, or a graph file of EAP-IG
     * @param reader receives each entry in order; if it throws an {@link InputException}, that is rethrown with the
     *     file and the entry's number
     * @throws InputException naming the file, and the entry if it is neither a pair nor a triple
     */
    public static void read(Path file, Consumer<Entry> reader) {
        if (EapIgFile.isOne(file)) {
            EapIgFile.read(file)
                    .circuit()
                    .edges()
                    .forEach(edge -> reader.accept(
                            new Entry(edge.writer().name(), edge.reader().name())));
            return;
        }
        JsonNode root = Json.read(file, "name an edges.json, a list of [writer, reader] pairs", TextReader.LARGE);
        if (!root.isArray()) {
            throw new InputException(file + ": not a JSON list: expected a list of [writer, reader] pairs");
        }
        int number = 0;
        for (JsonNode entry : root) {
            Entry edge = entry(file, number, entry);
            try {
                reader.accept(edge);
            } catch (InputException e) {
                throw new InputException(file + ": entry " + number + ": " + e.getMessage(), e);
            }
            number++;
        }
    }

    private static Entry entry(Path file, int number, JsonNode entry) {
        boolean named = entry.isArray()
                && (entry.size() == 2 || entry.size() == 3)
                && entry.get(0).isTextual()
                && entry.get(1).isTextual();
        if (!named || (entry.size() == 3 && !entry.get(2).isNumber())) {
            throw new InputException(file + ": entry " + number + " is " + entry
                    + ": expected a pair [writer, reader] or a triple [writer, reader, mask]");
        }
        return new Entry(
                entry.get(0).textValue(),
                entry.get(1).textValue(),
                entry.size() == 3 ? OptionalDouble.of(entry.get(2).doubleValue()) : OptionalDouble.empty());
    }

    /**
     * The text of a file of pairs, with one edge per line. Masks are left out.
     *
     * @param edges the edges, in order
     * @return a JSON list
     */
    public static String toJson(Stream<Entry> edges) {
        return edges.map(e -> "  [\"" + e.writer() + "\", \"" + e.reader() + "\"]")
                .collect(Collectors.joining(",\n", "[\n", "\n]\n"));
    }
}
