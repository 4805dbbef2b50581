package org.edgeprune.cli;

import java.util.List;
import java.util.regex.Pattern;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.graph.Edge;
import org.edgeprune.graph.Reader;
import org.edgeprune.graph.Writer;
import org.edgeprune.io.CloseNames;
import org.edgeprune.io.InputException;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;

/** {@code --writer} and {@code --reader}: only edges between nodes whose names match. */
final class EdgeFilter {
    private static final String ALL = "*";

    @Option(
            names = "--writer",
            paramLabel = "PATTERN",
            defaultValue = ALL,
            converter = ToNames.class,
            description = "Only edges from writers whose names match; * matches any text.")
    private Names writer;

    @Option(
            names = "--reader",
            paramLabel = "PATTERN",
            defaultValue = ALL,
            converter = ToNames.class,
            description = "Only edges into readers whose names match.")
    private Names reader;

    /** Names of nodes that match a pattern, which is compiled once for all edges. */
    record Names(String text, Pattern pattern) {
        boolean match(String name) {
            return pattern.matcher(name).matches();
        }
    }

    static final class ToNames implements ITypeConverter<Names> {
        @Override
        public Names convert(String text) {
            return new Names(text, Pattern.compile(("\\Q" + text + "\\E").replace("*", "\\E.*\\Q")));
        }
    }

    /** Whether some edges may not match. */
    boolean isGiven() {
        return !writer.text.equals(ALL) || !reader.text.equals(ALL);
    }

    boolean matches(Edge edge) {
        return !isGiven()
                || (writer.match(edge.writer().name())
                        && reader.match(edge.reader().name()));
    }

    /** @throws InputException if no node of the graph matches a pattern, which is then misspelled */
    void requireNodes(ComputationGraph graph) {
        requireOne(
                "--writer", writer, graph.writers().stream().map(Writer::name).toList());
        requireOne(
                "--reader", reader, graph.readers().stream().map(Reader::name).toList());
    }

    private static void requireOne(String option, Names wanted, List<String> names) {
        if (names.stream().noneMatch(wanted::match)) {
            throw new InputException(option + " " + wanted.text + ": no such node in the graph, whose names are "
                    + names.getFirst() + " to " + names.getLast() + CloseNames.question(wanted.text, names));
        }
    }

    /** For the message that no edge matches. */
    @Override
    public String toString() {
        return "from a writer '" + writer.text + "' into a reader '" + reader.text + "'";
    }
}
