package org.edgeprune.draw;

import static org.edgeprune.draw.SvgElements.colour;
import static org.edgeprune.draw.SvgElements.number;

import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.edgeprune.draw.DrawnGraph.Link;

/** Writes a picture as SVG: plain shapes, coordinates to a tenth of a point, tooltips as {@code <title>}. */
final class SvgWriter {
    private final SvgElements svg = new SvgElements();
    private final Picture picture;

    private SvgWriter(Picture picture) {
        this.picture = picture;
    }

    /** A whole SVG document. */
    static String document(Picture picture) {
        return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" + element(picture);
    }

    /**
     * The {@code <svg>} element alone; edges and nodes carry the classes and {@code data-i} numbers that the HTML page
     * uses.
     */
    static String element(Picture picture) {
        SvgWriter writer = new SvgWriter(picture);
        writer.write();
        return writer.svg.toString();
    }

    private void write() {
        String width = number(picture.width());
        String height = number(picture.height());
        svg.open("svg")
                .set("xmlns", "http://www.w3.org/2000/svg")
                .set("width", width)
                .set("height", height)
                .set("viewBox", "0 0 " + width + ' ' + height)
                .set("font-family", SvgElements.FONT)
                .newLine();
        svg.empty("rect")
                .set("class", "ground")
                .set("width", "100%")
                .set("height", "100%")
                .set("fill", "#ffffff")
                .newLine();
        svg.open("g").set("class", "picture").newLine();
        picture.shapes().forEach(this::shape);
        svg.close().newLine().close().newLine();
    }

    private void shape(Picture.Shape shape) {
        switch (shape) {
            case Picture.Band band -> band(band);
            case Picture.Line line -> line(line);
            case Picture.Node node -> node(node);
            case Picture.Swatch swatch when swatch.line() -> sampleLine(swatch);
            case Picture.Swatch swatch -> box(swatch.box(), swatch.colour());
            case Picture.Text text -> text(text);
        }
        svg.newLine();
    }

    private void band(Picture.Band band) {
        rect(band.box()).set("class", band.odd() ? "band odd" : "band").set("fill", colour(band.fill()));
    }

    private void box(Box box, int fill) {
        rect(box)
                .set("rx", 3)
                .set("fill", colour(fill))
                .set("stroke", "#404040")
                .set("stroke-width", 0.6);
    }

    private SvgElements rect(Box box) {
        return svg.empty("rect")
                .set("x", box.x())
                .set("y", box.y())
                .set("width", box.width())
                .set("height", box.height());
    }

    private void sampleLine(Picture.Swatch swatch) {
        Box box = swatch.box();
        String path = "M" + number(box.x()) + ' ' + number(box.y() + box.height() / 2) + 'h' + number(box.width());
        svg.empty("path").set("d", path).set("stroke", colour(swatch.colour()));
    }

    private void line(Picture.Line line) {
        svg.open("path")
                .set("class", "edge")
                .set("data-i", line.index())
                .set("fill", "none")
                .set("stroke", colour(line.colour()))
                .set("stroke-width", line.width())
                .set("stroke-opacity", String.format(Locale.ROOT, "%.2f", line.opacity()))
                .set("d", path(line.curve().points()) + arrow(line));
        Link link = picture.graph().links().get(line.index());
        String tooltip = name(link.from()) + " \u2192 " + name(link.to());
        if (!Double.isNaN(link.strength())) {
            tooltip += String.format(Locale.ROOT, " (score %.3f)", link.strength());
        }
        svg.open("title").text(tooltip).close().close();
    }

    /** The arrowhead, as a part of the edge's own path: what changes the edge changes it too. */
    private static String arrow(Picture.Line line) {
        if (!line.arrow()) {
            return "";
        }
        return line.curve().arrow(line.width()).stream()
                .map(point -> number(point.x()) + ' ' + number(point.y()))
                .collect(Collectors.joining("L", "M", ""));
    }

    private static String path(List<Curve.Point> points) {
        StringBuilder path = new StringBuilder();
        for (int i = 0; i < points.size(); i++) {
            path.append(i == 0 ? "M" : i % 3 == 1 ? "C" : " ")
                    .append(number(points.get(i).x()))
                    .append(' ')
                    .append(number(points.get(i).y()));
        }
        return path.toString();
    }

    private void node(Picture.Node node) {
        boolean cell = picture.graph().isCell(picture.graph().nodes().get(node.index()));
        svg.open("g").set("class", cell ? "node cell" : "node").set("data-i", node.index());
        svg.open("title").text(name(node.index())).close();
        box(node.box(), node.fill());
        svg.open("text")
                .set("x", node.box().centre())
                .set("y", node.box().y() + node.box().height() / 2 + node.fontSize() * 0.35)
                .set("font-size", node.fontSize())
                .set("text-anchor", "middle");
        svg.text(node.label()).close().close();
    }

    private void text(Picture.Text text) {
        svg.open("text")
                .set("class", "label")
                .set("x", text.x())
                .set("y", text.y())
                .set("font-size", text.fontSize());
        if (text.bold()) {
            svg.set("font-weight", "bold");
        }
        svg.set("fill", colour(text.colour()));
        svg.text(text.text()).close();
    }

    private String name(int node) {
        return picture.graph().nodes().get(node).name();
    }
}
