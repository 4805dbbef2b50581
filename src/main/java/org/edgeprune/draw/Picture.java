package org.edgeprune.draw;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.edgeprune.draw.DrawnGraph.Link;
import org.edgeprune.draw.DrawnGraph.LinkKind;

/**
 * A drawing independent of file formats: shapes from back to front, in points with y downwards.
 *
 * <p>Colours are 0xRRGGBB. {@code index} is the index of a shape's link or node in the graph.
 */
record Picture(DrawnGraph graph, double width, double height, List<Shape> shapes) {
    sealed interface Shape permits Band, Line, Node, Swatch, Text {}

    /** The background of one layer. */
    record Band(Box box, boolean odd) implements Shape {
        int fill() {
            return odd ? 0xfbfcfd : 0xf4f6f8;
        }
    }

    record Line(int index, Curve curve, int colour, double opacity, double width, boolean arrow) implements Shape {}

    record Node(int index, Box box, int fill, String label, double fontSize) implements Shape {}

    /** A sample in the legend: the colour of a node or, if {@code line} is set, of an edge. */
    record Swatch(Box box, int colour, boolean line) implements Shape {}

    /** Text that starts at {@code x} with its baseline at {@code y}. */
    record Text(double x, double y, String text, double fontSize, boolean bold, int colour) implements Shape {}

    private static final double MARGIN = 14;
    private static final double BAND_LABEL = 52;
    private static final double LEGEND_ROW = 18;
    private static final double NODE_FONT = 9;
    private static final int GREY_TEXT = 0x606060;

    static Picture of(DrawnGraph graph, String title, Optional<Overlay> overlay) {
        CircuitLayout layout = CircuitLayout.of(graph);
        List<Shape> header = new ArrayList<>();
        double contentWidth = Math.max(Math.max(layout.width() + BAND_LABEL, 420), title.length() * 9.5);
        double y = MARGIN;
        if (!title.isEmpty()) {
            y += 16;
            header.add(new Text(MARGIN, y, title, 15, true, 0x202020));
        }
        y += 14;
        header.add(new Text(MARGIN, y, summary(graph), 10, false, GREY_TEXT));
        y = legend(graph, header, y + 10, MARGIN + contentWidth);
        for (Overlay.Owner owner : overlay.isPresent() ? Overlay.Owner.values() : new Overlay.Owner[0]) {
            header.add(new Swatch(new Box(MARGIN, y, 18, 11), owner.ink, true));
            String label = overlay.get().label(graph, owner);
            header.add(new Text(MARGIN + 24, y + 9, label, 10, false, 0x303030));
            y += LEGEND_ROW;
        }
        y += 8;

        double dx = MARGIN + BAND_LABEL + (contentWidth - BAND_LABEL - layout.width()) / 2;
        double dy = y;
        List<Box> boxes = layout.boxes().stream().map(box -> box.moved(dx, dy)).toList();
        List<Shape> shapes = new ArrayList<>(bands(graph, boxes, MARGIN + contentWidth));
        shapes.addAll(header);
        List<Link> links = graph.links();
        double opacity = opacity(links.size());
        double[] shares = shares(graph);
        // constants go to every reader and carry little information: behind everything else
        int[] order = Stream.of(LinkKind.CONSTANT, LinkKind.EDGE, LinkKind.HEAD_INPUT)
                .flatMapToInt(kind -> IntStream.range(0, links.size())
                        .filter(i -> links.get(i).kind() == kind))
                .toArray();
        for (int i : order) {
            shapes.add(line(graph, i, layout.curves().get(i).moved(dx, dy), opacity, shares[i], overlay));
        }
        for (int i = 0; i < boxes.size(); i++) {
            DrawnNode node = graph.nodes().get(i);
            String label = graph.isCell(node) ? cellLabel(node) : node.name();
            shapes.add(new Node(i, boxes.get(i), node.type().fill, label, NODE_FONT));
        }
        return new Picture(graph, contentWidth + 2 * MARGIN, dy + layout.height() + MARGIN, List.copyOf(shapes));
    }

    private static String summary(DrawnGraph graph) {
        String text = graph.circuitEdges() + " edges, " + graph.nodes().size() + " nodes";
        if (graph.circuitEdges() == 0 && graph.removedEdges() > 0) {
            return text + ": all " + graph.removedEdges() + " edges are on no path from an input to resid_post";
        }
        return graph.removedEdges() == 0
                ? text
                : text + " (" + graph.removedEdges() + (graph.removedEdges() == 1 ? " edge" : " edges")
                        + " on no path from an input to resid_post left out)";
    }

    static String cellLabel(DrawnNode cell) {
        return cell.name().substring(cell.name().length() - 1).toUpperCase(Locale.ROOT);
    }

    /** Few edges are drawn opaque; many are translucent. */
    private static double opacity(int links) {
        return Math.max(0.22, Math.min(0.85, 10 / Math.sqrt(links + 1.0)));
    }

    /**
     * Each edge's place among the scores as they rank: 0 for the weakest, 1 for the strongest; -1 for links without a
     * score, and where all scores are equal.
     */
    private static double[] shares(DrawnGraph graph) {
        List<Link> links = graph.links();
        double[] scores = links.stream()
                .filter(link -> link.kind() == LinkKind.EDGE)
                .mapToDouble(graph::key)
                .filter(score -> !Double.isNaN(score))
                .sorted()
                .distinct()
                .toArray();
        return links.stream()
                .mapToDouble(link -> link.kind() != LinkKind.EDGE || Double.isNaN(link.strength()) || scores.length < 2
                        ? -1
                        : Arrays.binarySearch(scores, graph.key(link)) / (scores.length - 1.0))
                .toArray();
    }

    private static Line line(
            DrawnGraph graph, int index, Curve curve, double opacity, double share, Optional<Overlay> overlay) {
        Link link = graph.links().get(index);
        NodeType from = graph.nodes().get(link.from()).type();
        NodeType to = graph.nodes().get(link.to()).type();
        // by Q, K and V where the edge goes into a head, otherwise by its writer
        int ink = overlay.map(both -> both.owner(graph, link).ink).orElse(to.isHeadInput() ? to.ink : from.ink);
        return switch (link.kind()) {
            case EDGE ->
                share < 0
                        ? new Line(index, curve, ink, opacity, 1.1, true)
                        : new Line(index, curve, ink, Math.min(1, opacity * (0.5 + share)), 0.6 + 2 * share, true);
            case HEAD_INPUT ->
                new Line(
                        index, curve, from.ink, graph.isCell(graph.nodes().get(link.from())) ? 1 : opacity, 1.6, false);
            case CONSTANT -> new Line(index, curve, NodeType.CONSTANT.ink, opacity * 0.6, 0.7, false);
        };
    }

    /** Adds the legend at {@code y}, wrapped at {@code right}; returns its bottom. */
    private static double legend(DrawnGraph graph, List<Shape> shapes, double y, double right) {
        List<NodeType> present = Arrays.stream(NodeType.values())
                .filter(type -> graph.nodes().stream().anyMatch(node -> node.type() == type))
                .toList();
        double x = MARGIN;
        for (NodeType type : present) {
            double width = 24 + type.label.length() * 6 + 10;
            if (x + width > right && x > MARGIN) {
                x = MARGIN;
                y += LEGEND_ROW;
            }
            shapes.add(new Swatch(new Box(x, y, 18, 11), type.fill, false));
            shapes.add(new Text(x + 24, y + 9, type.label, 10, false, 0x303030));
            x += width;
        }
        if (graph.links().stream().anyMatch(link -> link.kind() == LinkKind.CONSTANT)) {
            shapes.add(new Swatch(new Box(x, y, 18, 11), NodeType.CONSTANT.ink, true));
            shapes.add(new Text(x + 24, y + 9, "constant: read by every node", 10, false, 0x303030));
        }
        return y + LEGEND_ROW;
    }

    /** One band for each transformer layer, which ends halfway to the adjacent layers. */
    private static List<Shape> bands(DrawnGraph graph, List<Box> boxes, double right) {
        Map<Integer, double[]> extent = new TreeMap<>();
        for (int i = 0; i < boxes.size(); i++) {
            Box box = boxes.get(i);
            double[] range =
                    extent.computeIfAbsent(graph.nodes().get(i).layer(), l -> new double[] {Double.MAX_VALUE, 0});
            range[0] = Math.min(range[0], box.y());
            range[1] = Math.max(range[1], box.bottom());
        }
        List<Integer> layers = List.copyOf(extent.keySet());
        List<Shape> shapes = new ArrayList<>();
        for (int i = 0; i < layers.size(); i++) {
            int layer = layers.get(i);
            if (layer < 0 || layer == Integer.MAX_VALUE) {
                continue;
            }
            double[] range = extent.get(layer);
            double top = i == 0 ? range[0] - 8 : (extent.get(layers.get(i - 1))[1] + range[0]) / 2;
            double bottom = i == layers.size() - 1 ? range[1] + 8 : (range[1] + extent.get(layers.get(i + 1))[0]) / 2;
            shapes.add(new Band(new Box(MARGIN, top, right - MARGIN, bottom - top), i % 2 != 0));
            shapes.add(new Text(MARGIN + 6, (top + bottom) / 2 + 3, "layer " + layer, 10, false, 0x9098a0));
        }
        return shapes;
    }
}
