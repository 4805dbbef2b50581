package org.edgeprune.draw;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.ToDoubleFunction;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.imageio.ImageIO;
import javax.xml.parsers.DocumentBuilderFactory;
import org.apache.pdfbox.Loader;
import org.apache.pdfbox.cos.COSName;
import org.apache.pdfbox.pdmodel.PDDocument;
import org.apache.pdfbox.pdmodel.PDResources;
import org.apache.pdfbox.pdmodel.graphics.form.PDFormXObject;
import org.apache.pdfbox.text.PDFTextStripper;
import org.apache.pdfbox.text.TextPosition;
import org.edgeprune.attribute.Ranking;
import org.edgeprune.graph.Circuit;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.graph.Edge;
import org.edgeprune.graph.GraphShape;
import org.edgeprune.io.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

@Execution(ExecutionMode.CONCURRENT)
class CircuitDrawingTest {
    private static final List<DrawnEdge> SMALL = List.of(
            new DrawnEdge("tok_embeds", "a0.h3.v", 0.5),
            new DrawnEdge("tok_embeds", "m0", 0.75),
            new DrawnEdge("a0.h3", "m0", 1),
            new DrawnEdge("m0", "resid_post", 1));

    @TempDir
    Path dir;

    /** A random circuit of a model with GPT-2 small's shape. */
    static Circuit random(int edges) {
        ComputationGraph graph =
                new ComputationGraph(new GraphShape(12, 12, 12, List.of("tok_embeds", "pos_embeds"), false));
        BitSet set = new BitSet();
        new Random(edges).ints(0, graph.edgeCount()).distinct().limit(edges).forEach(set::set);
        return Circuit.of(graph, set);
    }

    private static Document parse(String svg) throws Exception {
        return DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(new ByteArrayInputStream(svg.getBytes(StandardCharsets.UTF_8)));
    }

    private static long count(Document svg, String element, String className) {
        NodeList all = svg.getElementsByTagName(element);
        return java.util.stream.IntStream.range(0, all.getLength())
                .filter(i -> ((Element) all.item(i)).getAttribute("class").equals(className))
                .count();
    }

    @Test
    void svgHoldsEveryNodeAndEdgeWithTooltips() throws Exception {
        CircuitDrawing drawing = CircuitDrawing.of(SMALL, DrawOptions.defaults().withTitle("a <b> & \"c\" \u0001"));
        Document svg = parse(drawing.toSvg());
        assertEquals(5, count(svg, "path", "edge"), "4 edges and V -> head");
        assertEquals(4, count(svg, "g", "node"), "embedding, head, MLP, output");
        assertEquals(1, count(svg, "g", "node cell"), "V");
        String text = svg.getDocumentElement().getTextContent();
        assertTrue(text.contains("a <b> & \"c\" \ufffd"), text);
        assertTrue(text.contains("tok_embeds \u2192 a0.h3.v (score 0.500)"), text);
        assertTrue(text.contains("layer 0"), text);
        assertTrue(drawing.toSvg().contains("#8ee5ee"), "the paper's colour of MLPs");
    }

    @Test
    void sameCircuitSameDrawing() {
        Circuit circuit = random(400);
        assertEquals(
                CircuitDrawing.of(circuit, DrawOptions.defaults()).toSvg(),
                CircuitDrawing.of(circuit, DrawOptions.defaults()).toSvg());
    }

    @ParameterizedTest
    @CsvSource({"60, true", "2000, false"})
    void boxesDoNotOverlapAndEdgesMeetThem(int edges, boolean routed) {
        // kept whole: of 60 random edges, hardly any lies on a path
        DrawnGraph graph = DrawnGraph.of(
                random(edges).edges().stream()
                        .map(e -> new DrawnEdge(e.writer().name(), e.reader().name()))
                        .toList(),
                DrawOptions.defaults().withSanitize(false),
                false);
        CircuitLayout layout = CircuitLayout.of(graph);
        assertEquals(routed, layout.routed());
        assertEquals(edges, graph.circuitEdges());
        List<Box> boxes = layout.boxes();
        for (int i = 0; i < boxes.size(); i++) {
            Box a = boxes.get(i);
            assertTrue(
                    a.x() >= 0 && a.y() >= 0 && a.x() + a.width() <= layout.width() && a.bottom() <= layout.height(),
                    "outside: " + a);
            for (int j = 0; j < i; j++) {
                Box b = boxes.get(j);
                boolean apart = a.x() + a.width() <= b.x()
                        || b.x() + b.width() <= a.x()
                        || a.bottom() <= b.y()
                        || b.bottom() <= a.y();
                assertTrue(apart, () -> "overlap: " + a + " " + b);
            }
        }
        for (int i = 0; i < graph.links().size(); i++) {
            List<Curve.Point> points = layout.curves().get(i).points();
            Box from = boxes.get(graph.links().get(i).from());
            Box to = boxes.get(graph.links().get(i).to());
            Curve.Point start = points.get(0);
            Curve.Point end = points.get(points.size() - 1);
            assertEquals(from.bottom(), start.y(), 0.5);
            assertEquals(to.y(), end.y(), 0.5);
            assertTrue(from.x() <= start.x() && start.x() <= from.x() + from.width(), "starts beside its node");
            assertTrue(to.x() <= end.x() && end.x() <= to.x() + to.width(), "ends beside its node");
        }
    }

    @Test
    void groupedQueryAttentionTakesItsGroupsFromTheGraph() {
        ComputationGraph graph = new ComputationGraph(new GraphShape(1, 4, 2, List.of("embeds"), false));
        BitSet edges = new BitSet();
        edges.set(graph.edgeIndex(graph.writer("embeds"), graph.reader("a0.h1.k")));
        edges.set(graph.edgeIndex(graph.writer("a0.h2"), graph.reader("resid_post")));
        String dot = CircuitDrawing.of(Circuit.of(graph, edges), DrawOptions.defaults())
                .toDot();
        assertTrue(dot.contains("\"a0.h1.k\" -> \"a0.h2\""), dot);
        assertFalse(dot.contains("\"a0.h1\""), dot);
    }

    @Test
    void dotQuotesAndColours() {
        String dot = CircuitDrawing.of(SMALL, DrawOptions.defaults().withTitle("a \"b\" \\"))
                .toDot();
        assertTrue(dot.contains("label=\"a \\\"b\\\" \\\\\";"), dot);
        assertTrue(dot.contains("\"a0.h3.v\" [fillcolor=\"#fff68f\"];"), dot);
        assertTrue(dot.contains("\"tok_embeds\" -> \"m0\" [color=\"#808080\", tooltip=\"score 0.750\"];"), dot);
    }

    @Test
    void pngShowsTheNodesColours() throws Exception {
        BufferedImage image = ImageIO.read(new ByteArrayInputStream(
                CircuitDrawing.of(SMALL, DrawOptions.defaults()).toPng()));
        for (NodeType type :
                List.of(NodeType.TOKEN_EMBEDDING, NodeType.VALUE, NodeType.HEAD, NodeType.MLP, NodeType.OUTPUT)) {
            long pixels = java.util.Arrays.stream(
                            image.getRGB(0, 0, image.getWidth(), image.getHeight(), null, 0, image.getWidth()))
                    .filter(rgb -> (rgb & 0xffffff) == type.fill)
                    .count();
            assertTrue(pixels > 500, type + ": " + pixels + " pixels");
        }
    }

    @Test
    void pdfHoldsSearchableText() throws Exception {
        String title = "Gr\u00f6\u00dfe \u03bb \u2192 \u03c0";
        byte[] pdf = CircuitDrawing.of(SMALL, DrawOptions.defaults().withTitle(title))
                .toPdf();
        try (PDDocument document = Loader.loadPDF(pdf)) {
            assertEquals(1, document.getNumberOfPages());
            String text = new PDFTextStripper() {
                @Override
                protected void processTextPosition(TextPosition glyph) {
                    assertTrue(glyph.getTextMatrix().getScaleY() > 0, "upside down: " + glyph);
                    super.processTextPosition(glyph);
                }
            }.getText(document);
            for (String expected : List.of(title, "a0.h3", "tok_embeds", "layer 0")) {
                assertTrue(text.contains(expected), text);
            }
            PDResources form = ((PDFormXObject) document.getPage(0)
                            .getResources()
                            .getXObject(document.getPage(0)
                                    .getResources()
                                    .getXObjectNames()
                                    .iterator()
                                    .next()))
                    .getResources();
            for (COSName name : form.getFontNames()) {
                assertTrue(form.getFont(name).isEmbedded(), form.getFont(name).getName());
            }
        }
    }

    /** Liberation Sans has no Chinese: drawn as outlines, while the rest stays text. */
    @Test
    void pdfDrawsLettersOfOtherFontsAsOutlines() throws Exception {
        byte[] pdf = CircuitDrawing.of(SMALL, DrawOptions.defaults().withTitle("\u56de\u8def"))
                .toPdf();
        try (PDDocument document = Loader.loadPDF(pdf)) {
            String text = new PDFTextStripper().getText(document);
            assertTrue(text.contains("tok_embeds") && !text.contains("\u56de"), text);
        }
    }

    /** In another process, whose hashes of objects are others. */
    @Test
    void pdfIsTheSameBytesEveryTimeAndNeedsNoFonts() throws Exception {
        Files.writeString(dir.resolve("edges.json"), "[[\"tok_embeds\", \"m0\"], [\"m0\", \"resid_post\"]]");
        byte[] here = CircuitDrawing.of(DrawnEdge.read(dir.resolve("edges.json")), DrawOptions.defaults())
                .toPdf();
        assertFalse(new String(here, StandardCharsets.ISO_8859_1).contains("Date"), "a date in the PDF");
        Path noFonts = Files.writeString(dir.resolve("fonts.conf"), "<fontconfig></fontconfig>");
        assertEquals("", draw(noFonts, "c.pdf"));
        assertArrayEquals(here, Files.readAllBytes(dir.resolve("c.pdf")));
        String refused = draw(noFonts, "c.png");
        assertTrue(refused.contains("Java finds no fonts on this machine"), refused);
        assertFalse(Files.exists(dir.resolve("c.png")));
        assertFalse(Files.exists(dir.resolve(".pdfbox.cache")), "PDFBox searched the machine for fonts");
    }

    /** Draws edges.json in a process whose fontconfig knows no fonts; what it wrote to standard error. */
    private String draw(Path fontconfig, String file) throws Exception {
        ProcessBuilder process = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Duser.home=" + dir,
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                "org.edgeprune.cli.Main",
                "draw",
                "edges.json",
                "-o",
                file);
        process.environment().put("FONTCONFIG_FILE", fontconfig.toString());
        process.directory(dir.toFile()).redirectError(dir.resolve("errors").toFile());
        process.redirectOutput(ProcessBuilder.Redirect.DISCARD).start().waitFor();
        return Files.readString(dir.resolve("errors"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"c.svg", "c.pdf", "c.PNG", "c.dot", "c.html"})
    void extensionNamesTheFormat(String name) throws Exception {
        CircuitDrawing drawing = CircuitDrawing.of(SMALL, DrawOptions.defaults());
        drawing.write(dir.resolve(name));
        String start = new String(Files.readAllBytes(dir.resolve(name)), StandardCharsets.ISO_8859_1).substring(0, 14);
        String expected =
                switch (name) {
                    case "c.svg" -> "<?xml";
                    case "c.pdf" -> "%PDF";
                    case "c.PNG" -> "\u0089PNG";
                    case "c.dot" -> "digraph";
                    default -> "<!DOCTYPE html";
                };
        assertTrue(start.startsWith(expected), start);
    }

    @Test
    void wrongTargetsAreInputErrors() {
        CircuitDrawing drawing = CircuitDrawing.of(SMALL, DrawOptions.defaults());
        String unknown = assertThrows(InputException.class, () -> drawing.write(dir.resolve("c.gif")))
                .getMessage();
        assertTrue(unknown.contains("c.gif") && unknown.contains(".svg, .pdf, .png, .dot or .html"), unknown);
        Path missing = dir.resolve("no/such/c.dot");
        assertTrue(assertThrows(InputException.class, () -> drawing.write(missing))
                .getMessage()
                .startsWith(missing.toString()));
    }

    @Test
    void emptyCircuitIsDrawnAndSaysWhy() throws Exception {
        CircuitDrawing none = CircuitDrawing.of(List.of(new DrawnEdge("tok_embeds", "m3")), DrawOptions.defaults());
        assertEquals(0, none.edgeCount());
        assertEquals(1, none.danglingEdges());
        assertTrue(parse(none.toSvg())
                .getDocumentElement()
                .getTextContent()
                .contains("all 1 edges are on no path from an input to resid_post"));
        assertArrayEquals(new byte[] {(byte) 0x89, 'P', 'N', 'G'}, java.util.Arrays.copyOf(none.toPng(), 4));
    }

    @Test
    void twoCircuitsInOnePictureHaveColoursOfTheirOwn() {
        List<DrawnEdge> first = List.of(
                new DrawnEdge("tok_embeds", "m1"), new DrawnEdge("m1", "resid_post"), new DrawnEdge("m1", "m3"));
        List<DrawnEdge> second = List.of(
                new DrawnEdge("tok_embeds", "m1"), new DrawnEdge("m1", "m2"), new DrawnEdge("m2", "resid_post"));
        CircuitDrawing both = CircuitDrawing.comparison(
                "A", first, "B", second, DrawOptions.defaults().withSanitize(false));
        String svg = both.toSvg();
        String page = both.toHtml();
        assertTrue(
                svg.contains(">in both: 1<") && svg.contains(">only in A: 2<") && svg.contains(">only in B: 2<"), svg);
        for (String colour : List.of("#505860", "#1f6fc0", "#d9622b")) {
            long edges = Pattern.compile("class=\"edge\"[^>]*stroke=\"" + colour + "\"")
                    .matcher(svg)
                    .results()
                    .count();
            assertEquals(colour.equals("#505860") ? 1 : 2, edges, colour);
            assertTrue(page.contains("path[stroke=\"" + colour + "\"] { stroke: "), "brighter in dark mode: " + colour);
        }
    }

    @Test
    void whereScoresCountByAbsoluteValueAStronglyNegativeEdgeIsTheWidest() {
        ComputationGraph graph = new ComputationGraph(new GraphShape(1, 1, 1, List.of("embeds"), false));
        Circuit circuit = Circuit.full(graph)
                .filter(edge -> List.of("embeds -> m0", "m0 -> resid_post").contains(edge.toString()));
        ToDoubleFunction<Edge> score = edge -> edge.writer().name().equals("m0") ? -9 : 1;
        for (Ranking ranking : Ranking.values()) {
            CircuitDrawing drawing = CircuitDrawing.of(circuit, score, ranking, DrawOptions.defaults());
            Map<String, String> widths = Pattern.compile(
                            "stroke-width=\"([\\d.]+)\" stroke-opacity[^>]*><title>([^<]*) \\(score")
                    .matcher(drawing.toSvg())
                    .results()
                    .collect(Collectors.toMap(found -> found.group(2), found -> found.group(1)));
            boolean signed = ranking == Ranking.SIGNED;
            assertEquals(
                    Map.of("embeds \u2192 m0", signed ? "2.6" : "0.6", "m0 \u2192 resid_post", signed ? "0.6" : "2.6"),
                    widths);
            assertTrue(drawing.toHtml().contains("\"strength\":-9.0,\"key\":" + (signed ? -9.0 : 9.0)));
        }
    }

    @Test
    void strongerEdgesAreWiderAndEdgesIntoHeadsHaveTheColourOfTheirInput() {
        List<DrawnEdge> edges = List.of(
                new DrawnEdge("tok_embeds", "a0.h0.q", 9),
                new DrawnEdge("tok_embeds", "a0.h0.k", 1),
                new DrawnEdge("tok_embeds", "a0.h0.v", -4),
                new DrawnEdge("a0.h0", "resid_post", 5));
        String svg = CircuitDrawing.of(edges, DrawOptions.defaults()).toSvg();
        List<String> drawn = Pattern.compile(
                        "class=\"edge\" data-i=\"[0-9]\" fill=\"none\" stroke=\"(#\\w+)\" stroke-width=\"([\\d.]+)\"")
                .matcher(svg)
                .results()
                .limit(4)
                .map(m -> m.group(1) + " " + m.group(2))
                .toList();
        assertEquals(
                List.of(
                        SvgElements.colour(NodeType.QUERY.ink) + " 2.6",
                        SvgElements.colour(NodeType.KEY.ink) + " 1.3",
                        SvgElements.colour(NodeType.VALUE.ink) + " 0.6",
                        SvgElements.colour(NodeType.HEAD.ink) + " 1.9"),
                drawn.stream()
                        .sorted(Comparator.comparingInt(d -> List.of(
                                        SvgElements.colour(NodeType.QUERY.ink),
                                        SvgElements.colour(NodeType.KEY.ink),
                                        SvgElements.colour(NodeType.VALUE.ink),
                                        SvgElements.colour(NodeType.HEAD.ink))
                                .indexOf(d.substring(0, 7))))
                        .toList());
    }
}
