package org.edgeprune.draw;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;
import org.edgeprune.attribute.Ranking;
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
 * that the circuit uses. Edges into a head have the colour of its input (Q, K or V), others that of their writer; with
 * scores, the stronger are wider and less translucent. The same circuit gives the same drawing every time.
 */
public final class CircuitDrawing {
    /** A picture of more edges can neither be read nor laid out in seconds. */
    public static final int MOST_IN_PICTURE = 1000;

    private final DrawnGraph graph;
    private final String title;
    private final Optional<Overlay> overlay;
    private Picture picture;

    private CircuitDrawing(DrawnGraph graph, String title) {
        this(graph, title, Optional.empty());
    }

    private CircuitDrawing(DrawnGraph graph, String title, Optional<Overlay> overlay) {
        this.graph = graph;
        this.title = title;
        this.overlay = overlay;
    }

    /**
     * Draws two circuits of the same model in one picture: edges have the colour of the circuit that has them, or grey
     * where both have them.
     *
     * @param first name of the first circuit, for the legend
     * @param edges the first circuit's edges
     * @param second name of the second circuit
     * @param others the second circuit's edges
     * @param options how to draw
     * @return the drawing
     * @throws InputException if a name is unknown or a writer is computed after its reader
     */
    public static CircuitDrawing comparison(
            String first,
            Collection<DrawnEdge> edges,
            String second,
            Collection<DrawnEdge> others,
            DrawOptions options) {
        List<DrawnEdge> all = Stream.concat(edges.stream(), others.stream())
                .map(edge -> new DrawnEdge(edge.writer(), edge.reader()))
                .distinct()
                .toList();
        boolean embeddingNodes =
                all.stream().anyMatch(e -> e.ends().get(0).type().isEmbedding());
        return new CircuitDrawing(
                DrawnGraph.of(all, options, !embeddingNodes),
                options.title(),
                Optional.of(Overlay.of(first, edges, second, others)));
    }

    /**
     * Draws a list of edges, without a model. If no edge comes from an embedding, the model is assumed to have no
     * embedding nodes, so that every reader reads its input.
     *
     * @param edges the circuit's edges
     * @param options how to draw
     * @return the drawing
     * @throws InputException if a name is unknown or a writer is computed after its reader
     */
    public static CircuitDrawing of(Collection<DrawnEdge> edges, DrawOptions options) {
        boolean embeddingNodes =
                edges.stream().anyMatch(e -> e.ends().get(0).type().isEmbedding());
        return new CircuitDrawing(DrawnGraph.of(edges, options, !embeddingNodes), options.title());
    }

    /**
     * Draws a circuit of a computation graph, whose shape determines which heads share keys and values.
     *
     * @param circuit the circuit
     * @param options how to draw; {@link DrawOptions#headsPerKv} is taken from the graph
     * @return the drawing
     */
    public static CircuitDrawing of(Circuit circuit, DrawOptions options) {
        return of(circuit, edge -> Double.NaN, options);
    }

    /**
     * Draws a circuit with scores of its edges, which are shown in the drawing's tooltips.
     *
     * @param circuit the circuit
     * @param score of each edge, such as its log_alpha; {@link Double#NaN} for none
     * @param options how to draw; {@link DrawOptions#headsPerKv} is taken from the graph
     * @return the drawing
     */
    public static CircuitDrawing of(Circuit circuit, ToDoubleFunction<Edge> score, DrawOptions options) {
        return of(circuit, score, Ranking.SIGNED, options);
    }

    /**
     * The same with scores that rank edges in a given way.
     *
     * @param circuit the circuit
     * @param score of each edge; {@link Double#NaN} for none
     * @param ranking what makes an edge the stronger one
     * @param options how to draw; {@link DrawOptions#headsPerKv} is taken from the graph
     * @return the drawing
     */
    public static CircuitDrawing of(
            Circuit circuit, ToDoubleFunction<Edge> score, Ranking ranking, DrawOptions options) {
        GraphShape shape = circuit.graph().shape();
        List<DrawnEdge> edges = circuit.edges().stream()
                .map(e -> new DrawnEdge(e.writer().name(), e.reader().name(), score.applyAsDouble(e)))
                .toList();
        DrawOptions known = options.withHeadsPerKv(shape.heads() / shape.kvHeads());
        return new CircuitDrawing(
                DrawnGraph.of(edges, known, !shape.hasEmbeddings()).rankedBy(ranking), options.title());
    }

    /**
     * The number of circuit edges in the drawing.
     *
     * @return without edges that are on no path from an input to the output, links inside heads and edges from
     *     constants
     */
    public int edgeCount() {
        return graph.circuitEdges();
    }

    /**
     * The number of circuit edges that were left out because they are on no path from an input to {@code resid_post}.
     *
     * @return 0 unless {@link DrawOptions#sanitize}
     */
    public int danglingEdges() {
        return graph.removedEdges();
    }

    /**
     * Writes the drawing in the format of the file's extension: svg, pdf, png, dot or html.
     *
     * @param file the file, replaced if it exists
     * @throws InputException if the extension is none of these, the file cannot be written, or PNG or PDF need a font
     *     that this machine does not have
     */
    public void write(Path file) {
        String name = String.valueOf(file.getFileName()); // of / there is none
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
                                file + ": unknown drawing format: use .svg, .pdf, .png, .dot or .html");
                };
        AtomicFile.write(file, out -> out.write(bytes));
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /**
     * The drawing as SVG.
     *
     * @return a whole SVG document
     */
    public String toSvg() {
        return SvgWriter.document(picture());
    }

    /**
     * The drawing as an element of an HTML page.
     *
     * @return the {@code <svg>} element
     */
    public String toSvgElement() {
        return SvgWriter.element(picture());
    }

    /**
     * The drawing as an interactive page: the picture or, of one circuit of more than {@value #MOST_IN_PICTURE} edges,
     * a matrix of writers and readers with the graph of the part that is selected.
     *
     * @return one self-contained HTML page: it loads no script, style or font
     */
    public String toHtml() {
        return graph.circuitEdges() > MOST_IN_PICTURE && overlay.isEmpty()
                ? HtmlPage.matrix(graph, title)
                : HtmlPage.of(picture(), title);
    }

    /**
     * The circuit for Graphviz, which makes its own layout.
     *
     * @return DOT text
     */
    public String toDot() {
        return DotWriter.write(graph, title);
    }

    /**
     * The drawing as PDF.
     *
     * @return a document with one page of the drawing's size
     * @throws InputException if a name has letters that the embedded font does not have, and this machine has no fonts
     */
    public byte[] toPdf() {
        return PicturePainter.pdf(picture());
    }

    /**
     * The drawing as PNG, with two pixels for a point, fewer for more than 50 million pixels.
     *
     * @return the image file
     * @throws InputException if this machine has no fonts
     */
    public byte[] toPng() {
        return PicturePainter.png(picture());
    }

    /** Computed once, as the layout takes seconds for thousands of edges, and not for DOT. */
    private synchronized Picture picture() {
        if (picture == null) {
            picture = Picture.of(graph, title, overlay);
        }
        return picture;
    }
}
