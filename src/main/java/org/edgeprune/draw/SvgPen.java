package org.edgeprune.draw;

import static org.edgeprune.draw.SvgElements.fine;

import java.util.List;
import java.util.Locale;

/** Writes a plot as an {@code <svg>} element. */
final class SvgPen implements PlotPen {
    private final SvgElements svg = new SvgElements();

    SvgPen(int width, int height) {
        svg.open("svg")
                .set("xmlns", "http://www.w3.org/2000/svg")
                .set("width", width)
                .set("height", height)
                .set("viewBox", "0 0 " + width + ' ' + height)
                .set("font-family", SvgElements.FONT)
                .newLine();
        svg.empty("rect").set("width", width).set("height", height).set("fill", "#ffffff");
        svg.newLine();
    }

    /** The whole element; nothing can be drawn any more. */
    String end() {
        svg.close().newLine();
        return svg.toString();
    }

    @Override
    public void segment(double x1, double y1, double x2, double y2, int colour) {
        svg.empty("line")
                .set("x1", x1)
                .set("y1", y1)
                .set("x2", x2)
                .set("y2", y2)
                .set("stroke", SvgElements.colour(colour))
                .newLine();
    }

    @Override
    public void text(String text, double x, double y, double size, Anchor anchor, boolean bold, int colour) {
        svg.open("text")
                .set("x", x)
                .set("y", y)
                .set("font-size", size)
                .set("text-anchor", anchor.name().toLowerCase(Locale.ROOT));
        if (bold) {
            svg.set("font-weight", "bold");
        }
        svg.set("fill", SvgElements.colour(colour)).text(text).close().newLine();
    }

    @Override
    public void verticalText(String text, double x, double y, double size, int colour) {
        svg.open("text")
                .set("transform", "translate(" + fine(x) + ' ' + fine(y) + ") rotate(-90)")
                .set("font-size", size)
                .set("text-anchor", "middle")
                .set("fill", SvgElements.colour(colour));
        svg.text(text).close().newLine();
    }

    @Override
    public void line(List<List<Series.Point>> pieces, Series.Style style, int colour) {
        StringBuilder path = new StringBuilder();
        for (List<Series.Point> piece : pieces) {
            for (int i = 0; i < piece.size(); i++) {
                path.append(i == 0 ? 'M' : 'L')
                        .append(fine(piece.get(i).x()))
                        .append(' ')
                        .append(fine(piece.get(i).y()));
            }
            if (piece.size() == 1) {
                path.append("h0"); // a point between gaps: the round ends of its line make it a dot
            }
        }
        stroke(path.toString(), style, colour);
    }

    @Override
    public void sample(double x, double y, double length, Series.Style style, int colour) {
        stroke("M" + fine(x) + ' ' + fine(y) + "h" + fine(length), style, colour);
    }

    private void stroke(String path, Series.Style style, int colour) {
        svg.empty("path")
                .set("fill", "none")
                .set("stroke", SvgElements.colour(colour))
                .set("stroke-width", style.width())
                .set("stroke-linejoin", "round");
        if (style == Series.Style.DASHED) {
            svg.set("stroke-dasharray", "5 4");
        } else {
            svg.set("stroke-linecap", "round");
        }
        svg.set("d", path).newLine();
    }

    @Override
    public void dot(double x, double y, int colour) {
        svg.empty("circle").set("cx", fine(x)).set("cy", fine(y)).set("r", 3).set("fill", SvgElements.colour(colour));
        svg.newLine();
    }
}
