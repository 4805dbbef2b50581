package org.edgeprune.graph;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.OptionalDouble;
import java.util.function.Consumer;
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
        int[] number = {0};
        Json.readList(
                file,
                "name an edges.json, a list of [writer, reader] pairs",
                TextReader.LARGE,
                "not a JSON list: expected a list of [writer, reader] pairs",
                entry -> {
                    Entry edge = entry(file, number[0], entry);
                    try {
                        reader.accept(edge);
                    } catch (InputException e) {
                        throw new InputException(file + ": entry " + number[0] + ": " + e.getMessage(), e);
                    }
                    number[0]++;
                });
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

    /** Writes the text of a file of pairs, one edge on each line, edge by edge. */
    static final class Text {
        private final Appendable out;
        private boolean begun;

        /** @param out receives the text */
        Text(Appendable out) {
            this.out = out;
        }

        /** Adds an edge. */
        void add(String writer, String reader) {
            try {
                out.append(begun ? ",\n  [\"" : "[\n  [\"")
                        .append(writer)
                        .append("\", \"")
                        .append(reader)
                        .append("\"]");
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            begun = true;
        }

        /** Ends the list. */
        void end() throws IOException {
            out.append(begun ? "\n]\n" : "[\n\n]\n");
        }
    }

    /**
     * The text of a file of pairs, with one edge per line. Masks are left out.
     *
     * @param edges the edges, in order
     * @return a JSON list
     */
    public static String toJson(Stream<Entry> edges) {
        StringBuilder json = new StringBuilder();
        Text text = new Text(json);
        edges.forEachOrdered(edge -> text.add(edge.writer(), edge.reader()));
        try {
            text.end();
        } catch (IOException e) {
            throw new AssertionError("memory can be written", e);
        }
        return json.toString();
    }
}
