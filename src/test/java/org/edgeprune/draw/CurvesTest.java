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
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import javax.xml.parsers.DocumentBuilderFactory;
import org.edgeprune.io.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

class CurvesTest {
    @TempDir
    private Path folder;

    private static final double[] STEPS =
            IntStream.range(0, 50).asDoubleStream().toArray();

    private static Document parse(String svg) throws Exception {
        return DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(new ByteArrayInputStream(svg.getBytes(StandardCharsets.UTF_8)));
    }

    private static List<Element> elements(String svg, String name) throws Exception {
        NodeList nodes = parse(svg).getElementsByTagName(name);
        return IntStream.range(0, nodes.getLength())
                .mapToObj(i -> (Element) nodes.item(i))
                .toList();
    }

    private static List<String> texts(String svg) throws Exception {
        return elements(svg, "text").stream().map(Element::getTextContent).toList();
    }

    /** The points of the longest path: the only series. */
    private static List<double[]> points(String svg) throws Exception {
        NodeList paths = parse(svg).getElementsByTagName("path");
        String longest = IntStream.range(0, paths.getLength())
                .mapToObj(i -> ((Element) paths.item(i)).getAttribute("d"))
                .max(java.util.Comparator.comparingInt(String::length))
                .orElseThrow();
        List<double[]> points = new ArrayList<>();
        Matcher number = Pattern.compile("([ML]) ?([-\\d.]+)[ ,]([-\\d.]+)").matcher(longest);
        while (number.find()) {
            points.add(new double[] {
                number.group(1).equals("M") ? 1 : 0,
                Double.parseDouble(number.group(2)),
                Double.parseDouble(number.group(3))
            });
        }
        return points;
    }

    private static double[] map(java.util.function.DoubleUnaryOperator f) {
        return Arrays.stream(STEPS).map(f).toArray();
    }

    @Test
    void namesAreShownAndEscaped() throws Exception {
        String svg = Curves.of("Sparsity <&>", "step", "edge sparsity")
                .line("model", STEPS, map(x -> x / 50))
                .dashed("target", STEPS, map(x -> 0.9))
                .toSvg(600, 300);
        List<String> texts = texts(svg);
        assertTrue(
                texts.containsAll(List.of("Sparsity <&>", "step", "edge sparsity", "model", "target")),
                texts.toString());
        assertEquals("600", parse(svg).getDocumentElement().getAttribute("width"));
    }

    @Test
    void aRisingSeriesRises() throws Exception {
        List<double[]> points =
                points(Curves.of("", "x", "y").line("y", STEPS, map(x -> x * x)).toSvg(600, 300));
        assertEquals(50, points.size());
        for (int i = 1; i < points.size(); i++) {
            assertTrue(
                    points.get(i)[1] > points.get(i - 1)[1] && points.get(i)[2] < points.get(i - 1)[2],
                    "at point " + i);
        }
    }

    @Test
    void logarithmicAxisMakesADecayStraight() throws Exception {
        String svg = Curves.of("", "x", "y")
                .line("y", STEPS, map(x -> Math.pow(10, -x / 10)))
                .logarithmic()
                .toSvg(600, 300);
        List<double[]> points = points(svg);
        double slope = points.get(1)[2] - points.get(0)[2];
        for (int i = 1; i < points.size(); i++) {
            assertEquals(slope, points.get(i)[2] - points.get(i - 1)[2], 0.03);
        }
        assertTrue(
                texts(svg).containsAll(List.of("1", "0.1", "0.01", "0.001", "1E-4")),
                texts(svg).toString());
    }

    @Test
    void logarithmicXPlacesEqualRatiosAtEqualDistances() throws Exception {
        Curves plot = Curves.of("", "x", "y")
                .line("y", new double[] {0.001, 0.01, 0.1, 1}, new double[] {0, 1, 2, 3})
                .logarithmicX();
        String svg = plot.toSvg(600, 300);
        List<double[]> points = points(svg);
        double step = points.get(1)[1] - points.get(0)[1];
        assertTrue(step > 50, "step " + step);
        for (int i = 1; i < points.size(); i++) {
            assertEquals(step, points.get(i)[1] - points.get(i - 1)[1], 0.03);
        }
        assertTrue(
                texts(svg).containsAll(List.of("0.001", "0.01", "0.1", "1")),
                texts(svg).toString());
        // an x of zero cannot be placed: the axis stays linear
        Curves zero = Curves.of("", "x", "y").line("y", new double[] {0, 1}, new double[] {0, 1});
        assertEquals(zero.toSvg(600, 300), zero.logarithmicX().toSvg(600, 300));
    }

    @Test
    void whatIsNoNumberLeavesAGap() throws Exception {
        double[] y = map(x -> x);
        y[10] = Double.NaN;
        y[20] = Double.POSITIVE_INFINITY;
        List<double[]> points =
                points(Curves.of("", "x", "y").line("y", STEPS, y).toSvg(600, 300));
        assertEquals(48, points.size());
        assertEquals(3, points.stream().filter(p -> p[0] == 1).count(), "three pieces");
    }

    /** Axes around values next to infinity or zero would have no end, no ticks, or ticks without end. */
    @ParameterizedTest
    @ValueSource(doubles = {Double.MAX_VALUE, 1e308, 1e151, 1e150, 1e-150, 1e-151, 1e-310, Double.MIN_VALUE})
    void extremesNeverMakeAxesThatDoNotEnd(double extreme) throws Exception {
        double[][] series = {
            {extreme}, {-extreme, extreme}, {0, extreme}, {1, extreme}, {extreme, Math.nextDown(extreme)}
        };
        for (double[] y : series) {
            double[] x = Arrays.copyOf(new double[] {1, 2}, y.length);
            for (Curves plot : List.of(
                    Curves.of("", "x", "y").line("y", x, y),
                    Curves.of("", "x", "y").line("y", x, y).logarithmic(),
                    Curves.of("", "x", "y").line("y", y, x).logarithmicX())) {
                String svg = plot.toSvg(600, 300);
                assertTrue(svg.length() < 20_000 && !svg.contains("NaN") && !svg.contains("Infinity"), svg);
            }
        }
    }

    @Test
    void longSeriesAreThinnedAndKeepTheirPeaks() throws Exception {
        double[] x = IntStream.range(0, 100_000).asDoubleStream().toArray();
        double[] y = new double[x.length];
        y[54_321] = 1;
        List<double[]> points = points(Curves.of("", "x", "y").line("y", x, y).toSvg(600, 300));
        assertTrue(points.size() <= 1200, points.size() + " points");
        double floor = points.get(0)[2];
        double peak = points.stream().mapToDouble(p -> p[2]).min().orElseThrow();
        assertTrue(floor - peak > 150, "the peak is " + (floor - peak) + " pixels high");
    }

    @Test
    void samePlotSameText() {
        Curves plot = Curves.of("a", "x", "y").points("y", STEPS, STEPS);
        assertEquals(
                plot.toSvg(400, 200),
                Curves.of("a", "x", "y").points("y", STEPS, STEPS).toSvg(400, 200));
        assertFalse(plot.toSvg(400, 200).contains("id="), "plots of one page would share it");
    }

    /** Every label, the upright one too, is inside the picture and above nothing else. */
    @Test
    void ticksCoverTheValuesAndStayApart() throws Exception {
        for (double[] range :
                new double[][] {{0, 1}, {-3e-7, 2e-7}, {0.31, 0.45}, {12_345, 12_346}, {5, 5}, {0, 1e9}}) {
            String svg =
                    Curves.of("", "x", "").line("y", new double[] {0, 1}, range).toSvg(400, 200);
            List<Element> labels = elements(svg, "text").stream()
                    .filter(e -> e.getAttribute("text-anchor").equals("end"))
                    .toList();
            assertTrue(labels.size() >= 2 && labels.size() <= 7, Arrays.toString(range) + ": " + labels.size());
            assertEquals(
                    labels.size(),
                    labels.stream().map(Element::getTextContent).distinct().count(),
                    Arrays.toString(range));
            double[] heights = labels.stream()
                    .mapToDouble(e -> Double.parseDouble(e.getAttribute("y")))
                    .toArray();
            for (int i = 0; i < heights.length; i++) {
                assertTrue(heights[i] > 0 && heights[i] < 200, Arrays.toString(heights));
                assertTrue(i == 0 || heights[i - 1] - heights[i] > 12, Arrays.toString(heights));
            }
        }
    }

    /** Between 0.31 and 0.45 there is no 1, 2 or 5 times a power of ten. */
    @Test
    void shortLogarithmicAxesHaveTicksToo() throws Exception {
        String svg = Curves.of("", "x", "")
                .line("y", new double[] {0, 1}, new double[] {0.31, 0.45})
                .logarithmic()
                .toSvg(400, 200);
        assertTrue(
                texts(svg).contains("0.35") && texts(svg).contains("0.4"),
                texts(svg).toString());
    }

    @Test
    void longLegendsWrap() throws Exception {
        Curves plot = Curves.of("", "", "");
        for (int i = 0; i < 9; i++) {
            plot = plot.line("a long series " + i, STEPS, STEPS);
        }
        List<Element> names = elements(plot.toSvg(400, 300), "text").stream()
                .filter(e -> e.getTextContent().startsWith("a long series"))
                .toList();
        assertEquals(9, names.size());
        assertEquals(5, names.stream().map(e -> e.getAttribute("y")).distinct().count(), "two in a row");
    }

    @Test
    void emptyPlotsSaySo() throws Exception {
        assertTrue(texts(Curves.of("a", "x", "y").toSvg(400, 200)).contains("no data"));
        assertTrue(texts(Curves.of("a", "x", "y")
                        .line("y", new double[0], new double[0])
                        .logarithmic()
                        .toSvg(400, 200))
                .contains("no data"));
        // nothing positive to show on a logarithmic axis: it stays linear
        assertEquals(
                50,
                points(Curves.of("a", "x", "y")
                                .line("y", STEPS, map(v -> -v))
                                .logarithmic()
                                .toSvg(400, 200))
                        .size());
        assertThrows(
                IllegalArgumentException.class, () -> Curves.of("a", "x", "y").line("y", STEPS, new double[3]));
    }

    /** The image has the pixels of both series where the SVG has their points, and is the same each time. */
    @Test
    void thePngShowsWhatTheSvgShows() throws Exception {
        Curves plot = Curves.of("title", "share of the edges", "faithfulness")
                .logarithmicX()
                .points("first", new double[] {.001, .1, 1}, new double[] {0, .7, 1})
                .dashed("second", new double[] {.001, .1, 1}, new double[] {1, .2, .1})
                .line("third", new double[] {.01, .1}, new double[] {.4, Double.NaN});
        byte[] png = plot.toPng(400, 300);
        assertArrayEquals(png, plot.toPng(400, 300));
        BufferedImage image = ImageIO.read(new ByteArrayInputStream(png));
        assertEquals(800, image.getWidth());
        assertEquals(600, image.getHeight());
        assertEquals(0xffffff, image.getRGB(799, 0) & 0xffffff);
        List<Element> dots = elements(plot.toSvg(400, 300), "circle");
        assertEquals(4, dots.size(), "three points and the legend's");
        for (Element dot : dots) {
            int x = (int) Math.round(2 * Double.parseDouble(dot.getAttribute("cx")));
            int y = (int) Math.round(2 * Double.parseDouble(dot.getAttribute("cy")));
            assertEquals(dot.getAttribute("fill"), "#%06x".formatted(image.getRGB(x, y) & 0xffffff));
        }
        Set<Integer> colours = new HashSet<>();
        for (int y = 0; y < 600; y++) {
            for (int x = 0; x < 800; x++) {
                colours.add(image.getRGB(x, y) & 0xffffff);
            }
        }
        assertTrue(colours.containsAll(List.of(0x0072b2, 0xd55e00, 0x303030)), "series and axes");
        Path file = folder.resolve("plot.PNG");
        plot.write(file, 400, 300);
        assertArrayEquals(png, Files.readAllBytes(file));
        plot.write(folder.resolve("plot.svg"), 400, 300);
        assertEquals(plot.toSvg(400, 300), Files.readString(folder.resolve("plot.svg")));
        InputException e = assertThrows(InputException.class, () -> plot.write(folder.resolve("plot.gif"), 400, 300));
        assertTrue(e.getMessage().endsWith("unknown format of a plot: use .svg or .png"), e.getMessage());
    }
}
