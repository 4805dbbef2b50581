package org.edgeprune.draw;

import java.util.List;
import java.util.Locale;
import org.edgeprune.draw.DrawnGraph.Link;

/** Writes a picture as SVG text: plain shapes, numbers to a tenth of a point, tooltips as {@code <title>}. */
final class SvgWriter {
    static final String FONT = "'Helvetica Neue', Helvetica, Arial, 'DejaVu Sans', sans-serif";

    private final StringBuilder out = new StringBuilder();
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
        return writer.out.toString();
    }

    private void write() {
        String width = number(picture.width());
        String height = number(picture.height());
        out.append("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"")
                .append(width)
                .append("\" height=\"")
                .append(height)
                .append("\" viewBox=\"0 0 ")
                .append(width)
                .append(' ')
                .append(height)
                .append("\" font-family=\"")
                .append(FONT)
                .append("\">\n")
                .append("<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n<g class=\"picture\">\n");
        picture.shapes().forEach(this::shape);
        out.append("</g>\n</svg>\n");
    }

    private void shape(Picture.Shape shape) {
        switch (shape) {
            case Picture.Band band -> {
                rect("rect", band.box(), 0);
                out.append(" fill=\"").append(colour(band.fill())).append("\"/>\n");
            }
            case Picture.Line line -> line(line);
            case Picture.Node node -> node(node);
            case Picture.Swatch swatch
            when swatch.line() ->
                out.append("<path d=\"M")
                        .append(number(swatch.box().x()))
                        .append(' ')
                        .append(number(swatch.box().y() + swatch.box().height() / 2))
                        .append('h')
                        .append(number(swatch.box().width()))
                        .append("\" stroke=\"")
                        .append(colour(swatch.colour()))
                        .append("\"/>\n");
            case Picture.Swatch swatch -> {
                rect("rect", swatch.box(), 3);
                out.append(" fill=\"")
                        .append(colour(swatch.colour()))
                        .append("\" stroke=\"#404040\" stroke-width=\"0.6\"/>\n");
            }
            case Picture.Text text -> text(text);
        }
    }

    private void rect(String name, Box box, double radius) {
        out.append('<')
                .append(name)
                .append(" x=\"")
                .append(number(box.x()))
                .append("\" y=\"")
                .append(number(box.y()))
                .append("\" width=\"")
                .append(number(box.width()))
                .append("\" height=\"")
                .append(number(box.height()))
                .append('"');
        if (radius > 0) {
            out.append(" rx=\"").append(number(radius)).append('"');
        }
    }

    private void line(Picture.Line line) {
        Link link = picture.graph().links().get(line.index());
        out.append("<path class=\"edge\" data-i=\"")
                .append(line.index())
                .append("\" fill=\"none\" stroke=\"")
                .append(colour(line.colour()))
                .append("\" stroke-width=\"")
                .append(number(line.width()))
                .append("\" stroke-opacity=\"")
                .append(hundredths(line.opacity()))
                .append("\" d=\"");
        path(line.curve().points());
        out.append("\"><title>").append(escape(name(link.from()) + " \u2192 " + name(link.to())));
        if (!Double.isNaN(link.strength())) {
            out.append(String.format(Locale.ROOT, " (mask %.3f)", link.strength()));
        }
        out.append("</title></path>\n");
    }

    private void path(List<Curve.Point> points) {
        for (int i = 0; i < points.size(); i++) {
            out.append(i == 0 ? "M" : i % 3 == 1 ? "C" : " ")
                    .append(number(points.get(i).x()))
                    .append(' ')
                    .append(number(points.get(i).y()));
        }
    }

    private void node(Picture.Node node) {
        out.append("<g class=\"node\" data-i=\"")
                .append(node.index())
                .append("\"><title>")
                .append(escape(name(node.index())))
                .append("</title>");
        rect("rect", node.box(), 3);
        out.append(" fill=\"").append(colour(node.fill())).append("\" stroke=\"#404040\" stroke-width=\"0.6\"/>");
        out.append("<text x=\"")
                .append(number(node.box().centre()))
                .append("\" y=\"")
                .append(number(node.box().y() + node.box().height() / 2 + node.fontSize() * 0.35))
                .append("\" font-size=\"")
                .append(number(node.fontSize()))
                .append("\" text-anchor=\"middle\">")
                .append(escape(node.label()))
                .append("</text></g>\n");
    }

    private void text(Picture.Text text) {
        out.append("<text x=\"")
                .append(number(text.x()))
                .append("\" y=\"")
                .append(number(text.y()))
                .append("\" font-size=\"")
                .append(number(text.fontSize()))
                .append('"')
                .append(text.bold() ? " font-weight=\"bold\"" : "")
                .append(" fill=\"")
                .append(colour(text.colour()))
                .append("\">")
                .append(escape(text.text()))
                .append("</text>\n");
    }

    private String name(int node) {
        return picture.graph().nodes().get(node).name();
    }

    private static String number(double value) {
        double rounded = Math.round(value * 10) / 10.0;
        return rounded == Math.rint(rounded) ? Long.toString((long) rounded) : Double.toString(rounded);
    }

    private static String hundredths(double value) {
        return String.format(Locale.ROOT, "%.2f", value);
    }

    static String colour(int rgb) {
        return String.format(Locale.ROOT, "#%06x", rgb);
    }

    /** For XML and HTML text and double-quoted attributes; what XML cannot hold becomes U+FFFD. */
    static String escape(String text) {
        StringBuilder safe = new StringBuilder();
        text.codePoints().forEach(c -> {
            switch (c) {
                case '&' -> safe.append("&amp;");
                case '<' -> safe.append("&lt;");
                case '>' -> safe.append("&gt;");
                case '"' -> safe.append("&quot;");
                case '\'' -> safe.append("&#39;");
                default ->
                    safe.appendCodePoint(
                            c < 0x20 && c != '\t' && c != '\n' && c != '\r'
                                            || c >= 0xd800 && c < 0xe000
                                            || c == 0xfffe
                                            || c == 0xffff
                                    ? 0xfffd
                                    : c);
            }
        });
        return safe.toString();
    }
}
