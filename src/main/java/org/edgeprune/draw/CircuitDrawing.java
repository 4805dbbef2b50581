package org.edgeprune.draw;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import org.edgeprune.graph.Circuit;
import org.edgeprune.graph.Edge;
import org.edgeprune.graph.GraphShape;
import org.edgeprune.io.AtomicFile;
import org.edgeprune.io.InputException;

/**
 * A drawing of a circuit, in any of its formats.
 *
 * <pre>{@code
 * CircuitDrawing.of(DrawnEdge.read(Path.of("edges.json")), DrawOptions.defaults()).write(Path.of("circuit.html"));
 * }</pre>
 *
 * <p>Inputs are at the top and {@code resid_post} at the bottom. A head is a box with cells for the inputs Q, K and V
 * that the circuit uses. Edges have the colour of their writer. The same circuit gives the same drawing every time.
 */
public final class CircuitDrawing {
    private final DrawnGraph graph;
    private final String title;
    private Picture picture;

    private CircuitDrawing(DrawnGraph graph, String title) {
        this.graph = graph;
        this.title = title;
    }

    /**
     * Draws a list of edges, without a model. Where no edge comes from an embedding, the model is taken to have no
     * embedding nodes, so that every reader sees its input.
     *
     * @throws InputException if a name is unknown or an edge would go backwards
     */
    public static CircuitDrawing of(Collection<DrawnEdge> edges, DrawOptions options) {
        boolean embeddingNodes =
                edges.stream().anyMatch(e -> e.ends().get(0).type().isEmbedding());
        return new CircuitDrawing(DrawnGraph.of(edges, options, !embeddingNodes), options.title());
    }

    /** Draws a circuit of a known graph, whose shape says which heads share keys and values. */
    public static CircuitDrawing of(Circuit circuit, DrawOptions options) {
        return of(circuit, edge -> Double.NaN, options);
    }

    /** Draws a circuit with the mask value of each edge; {@link Double#NaN} where there is none. */
    public static CircuitDrawing of(Circuit circuit, ToDoubleFunction<Edge> mask, DrawOptions options) {
        GraphShape shape = circuit.graph().shape();
        List<DrawnEdge> edges = circuit.edges().stream()
                .map(e -> new DrawnEdge(e.writer().name(), e.reader().name(), mask.applyAsDouble(e)))
                .toList();
        DrawOptions known = options.withHeadsPerKv(shape.heads() / shape.kvHeads());
        return new CircuitDrawing(DrawnGraph.of(edges, known, !shape.hasEmbeddings()), options.title());
    }

    /**
     * Number of circuit edges in the drawing: without those on no path from an input to the output, without links
     * inside heads and from constants.
     */
    public int edgeCount() {
        return graph.circuitEdges();
    }

    /** Circuit edges that were left out because no input reaches them or they do not reach {@code resid_post}. */
    public int danglingEdges() {
        return graph.removedEdges();
    }

    /**
     * Writes the drawing in the format that the file's extension names: svg, pdf, png, dot or html.
     *
     * @throws InputException if the extension is not one of these or the file cannot be written
     */
    public void write(Path file) {
        String name = file.getFileName().toString();
        String extension = name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
        byte[] bytes =
                switch (extension) {
                    case "svg" -> utf8(toSvg());
                    case "html" -> utf8(toHtml());
                    case "dot" -> utf8(toDot());
                    case "pdf" -> toPdf();
                    case "png" -> toPng();
                    default ->
                        throw new InputException(
                                file + ": cannot draw this kind of file: use .svg, .pdf, .png, .dot or .html");
                };
        AtomicFile.write(file, out -> out.write(bytes));
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** A whole SVG document. */
    public String toSvg() {
        return SvgWriter.document(picture());
    }

    /** The {@code <svg>} element alone, to be put into an HTML page. */
    public String toSvgElement() {
        return SvgWriter.element(picture());
    }

    /** One self-contained interactive page: no script, style or font comes from elsewhere. */
    public String toHtml() {
        return HtmlPage.of(picture(), title);
    }

    /** Graphviz text. */
    public String toDot() {
        return DotWriter.write(graph, title);
    }

    /** One page of the drawing's size. */
    public byte[] toPdf() {
        return PicturePainter.pdf(picture());
    }

    public byte[] toPng() {
        return PicturePainter.png(picture());
    }

    /** The layout takes seconds for thousands of edges: made once, and not at all for DOT. */
    private synchronized Picture picture() {
        if (picture == null) {
            picture = Picture.of(graph, title);
        }
        return picture;
    }
}
