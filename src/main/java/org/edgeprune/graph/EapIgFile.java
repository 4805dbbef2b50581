package org.edgeprune.graph;

import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import org.edgeprune.io.AtomicFile;
import org.edgeprune.io.Complaint;
import org.edgeprune.io.InputException;
import org.edgeprune.io.StrictJson;
import org.edgeprune.io.TextReader;

/**
 * A graph file of EAP-IG, {@code Graph.to_json}, which the MIB circuit track reads too: a score for every edge, and
 * which edges are in the circuit. Edge scores become float32, as there.
 *
 * @param graph the graph that its {@code cfg} describes
 * @param hidden width of the residual stream, {@code d_model}
 * @param scores of the edges by their numbers in {@link EapIgGraph#graph}, {@code [edges]}; NaN where an edge has none
 * @param circuit the edges that are {@code in_graph}
 */
public record EapIgFile(EapIgGraph graph, int hidden, float[] scores, Circuit circuit) {
    private static final String REMEDY = "write it again with EAP-IG's Graph.to_json";
    private static final String BYTE_ORDER_MARKS = "\u00ef\u00bb\u00bf\u00fe\u00ff";
    private static final StrictJson.Limits LIMITS = new StrictJson.Limits(1 << 30, 16);

    /**
     * Checks the sizes.
     *
     * @throws IllegalArgumentException if there is not one score an edge, or the circuit is of another graph
     */
    public EapIgFile {
        if (scores.length != graph.graph().edgeCount()
                || !circuit.graph().shape().equals(graph.graph().shape())) {
            throw new IllegalArgumentException(scores.length + " scores and a circuit of "
                    + circuit.graph().edgeCount() + " edges for a graph of "
                    + graph.graph().edgeCount());
        }
    }

    /**
     * Reads a file. Nodes and edges that it does not name have score 0 and are not in the graph; NaN and Infinity,
     * which Python writes bare, are read as no score.
     *
     * @param file a JSON object with {@code cfg}, {@code nodes} and {@code edges}
     * @return what it holds
     * @throws InputException in one line, naming the file and the field, if it is anything else: a key twice, a name
     *     that its graph does not have, a {@code cfg} that describes no graph, a circuit of neurons
     */
    public static EapIgFile read(Path file) {
        byte[] text = TextReader.LARGE
                .read(file, "name a graph file of EAP-IG")
                .strip()
                .getBytes(StandardCharsets.UTF_8);
        return new EapIgReader(file, text).read();
    }

    /**
     * Whether a file's content looks like one: a JSON object, and not a list.
     *
     * @param file any file
     * @return false also where it cannot be read, of which its reader complains
     */
    public static boolean isOne(Path file) {
        if (!Files.isRegularFile(file)) {
            return false; // a pipe would block
        }
        try (InputStream in = TextReader.decompressed(Files.newInputStream(file))) {
            int next = in.read();
            while (next >= 0 && (next <= ' ' || BYTE_ORDER_MARKS.indexOf(next) >= 0)) {
                next = in.read();
            }
            return next == '{';
        } catch (IOException e) {
            return false;
        }
    }

    /**
     * The circuit in a graph of edgeprune's.
     *
     * @param file what messages name
     * @param model the graph of the model that the file must be of
     * @return as {@link EapIgMapping#toModel(Circuit)} says
     * @throws InputException if the file is of another model's graph
     */
    public Circuit circuitOf(Path file, ComputationGraph model) {
        requireModel(file, model.shape());
        return new EapIgMapping(model, graph).toModel(circuit);
    }

    static StrictJson open(byte[] text, Path file) {
        return StrictJson.ofPython(text, "the file", LIMITS, new Complaint(file));
    }

    /**
     * Writes the file, atomically, with every node and edge in EAP-IG's order.
     *
     * @param file written or replaced
     * @throws InputException if it cannot be written, or an edge has no score, which JSON cannot say
     */
    public void write(Path file) {
        write(file, true);
    }

    /**
     * Writes only the edges that are in the graph, which is all that a circuit needs: both loaders take edges that are
     * missing as not in the graph.
     *
     * @param file written or replaced
     * @throws InputException as {@link #write}
     */
    public void writeCircuit(Path file) {
        write(file, false);
    }

    private void write(Path file, boolean all) {
        BitSet nodes = new BitSet();
        Circuit connected = circuit.connected();
        connected.edges().forEach(edge -> nodes.set(edge.writer().index()));
        AtomicFile.write(file, out -> {
            BufferedWriter text = new BufferedWriter(new OutputStreamWriter(out, StandardCharsets.UTF_8));
            GraphShape shape = graph.graph().shape();
            text.write("{\"cfg\": {\"n_layers\": " + shape.layers() + ", \"n_heads\": " + shape.heads()
                    + ", \"parallel_attn_mlp\": " + shape.parallelBlocks() + ", \"d_model\": " + hidden
                    + "}, \"nodes\": {");
            for (Writer writer : graph.graph().writers()) {
                text.write("\"" + EapIgGraph.name(writer) + "\": {\"in_graph\": " + nodes.get(writer.index()) + "}, ");
            }
            text.write("\"logits\": {\"in_graph\": true}}, \"edges\": {");
            writeEdges(file, text, all);
            text.write("}}\n");
            text.flush();
        });
    }

    private void writeEdges(Path file, BufferedWriter text, boolean all) throws IOException {
        String[] separator = {""};
        try {
            graph.forEachEdge(edge -> {
                int number = graph.graph().edgeIndex(edge.writer(), edge.reader());
                boolean member = circuit.contains(number);
                if (!all && !member) {
                    return;
                }
                String name = EapIgGraph.name(edge.writer(), edge.reader());
                if (!Float.isFinite(scores[number])) {
                    throw new InputException(file + ": edge '" + name + "' has the score " + scores[number]
                            + ", which JSON cannot say: give every edge a finite score");
                }
                write(
                        text,
                        separator[0] + "\"" + name + "\": {\"score\": " + (double) scores[number] + ", \"in_graph\": "
                                + member + "}");
                separator[0] = ", ";
            });
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    private static void write(BufferedWriter text, String part) {
        try {
            text.write(part);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Refuses a file of another model's graph.
     *
     * @param file what messages name
     * @param model the shape of the model's graph
     * @throws InputException if the file's is another
     */
    public void requireModel(Path file, GraphShape model) {
        GraphShape mine = graph.graph().shape();
        GraphShape theirs = EapIgGraph.shape(model);
        if (!mine.equals(theirs)) {
            throw new InputException(file + ": field 'cfg': is of another graph: " + sizes(mine)
                    + ", and the model has " + sizes(theirs) + ": name the model that it was made for");
        }
    }

    private static String sizes(GraphShape shape) {
        return shape.layers() + " layers, " + shape.heads() + " heads"
                + (shape.parallelBlocks() ? ", parallel blocks" : "");
    }

    static InputException wrong(Path file, String field, String fault) {
        return new InputException(file + ": " + field + " " + fault + ": " + REMEDY);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof EapIgFile f
                && hidden == f.hidden
                && Arrays.equals(scores, f.scores)
                && circuit.equals(f.circuit);
    }

    @Override
    public int hashCode() {
        return 31 * circuit.hashCode() + Arrays.hashCode(scores);
    }

    @Override
    public String toString() {
        return "EAP-IG graph, " + circuit;
    }
}
