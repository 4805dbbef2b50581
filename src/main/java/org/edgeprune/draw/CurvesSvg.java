package org.edgeprune.draw;

import static org.edgeprune.draw.SvgElements.fine;

import java.util.ArrayList;
import java.util.DoubleSummaryStatistics;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

/** Lays a plot out and writes it as SVG: title, axes with their grid, series, legend. Lengths are pixels. */
final class CurvesSvg {
    /** A series as it is drawn: segments of its line with gaps between them. */
    record Drawn(String name, Series.Style style, List<List<Series.Point>> pieces) {
        String colour(int index) {
            return SvgElements.colour(COLOURS[index % COLOURS.length]);
        }
    }

    /** The palette of Okabe and Ito, which can be distinguished with colour blindness. */
    private static final int[] COLOURS = {0x0072b2, 0xd55e00, 0x009e73, 0xcc79a7, 0xe69f00, 0x56b4e9, 0x505050};

    private static final String GRID = "#e0e0e0";
    private static final String INK = "#303030";
    private static final double TITLE_SIZE = 14;
    private static final double LABEL_SIZE = 12;
    private static final double TICK_SIZE = 11;
    private static final double TICK = 4;
    private static final double GAP = 6;
    private static final double LEGEND_SAMPLE = 20;
    private static final double LEGEND_ROW = 18;

    private final SvgElements svg = new SvgElements();
    private final int width;
    private final int height;
    private final String title;
    private final String xLabel;
    private final String yLabel;
    private final List<Drawn> series;
    private final boolean empty;
    private final Scale xScale;
    private final Scale yScale;
    private final List<List<Integer>> legend;
    private final List<Scale.Tick> yTicks;
    private final double left;
    private final double top;
    private final double right;
    private final double bottom;

    CurvesSvg(int width, int height, String title, String xLabel, String yLabel, List<Drawn> series, Curves.Axes axes) {
        this.width = width;
        this.height = height;
        this.title = title;
        this.xLabel = xLabel;
        this.yLabel = yLabel;
        this.series = series;
        DoubleSummaryStatistics xs = range(Series.Point::x);
        DoubleSummaryStatistics ys = range(Series.Point::y);
        empty = xs.getCount() == 0;
        xScale = empty
                ? new Scale.Linear(0, 1)
                : axes.logarithmicX() && xs.getMin() > 0
                        ? Scale.Logarithmic.around(xs.getMin(), xs.getMax())
                        : Scale.Linear.around(xs.getMin(), xs.getMax());
        yScale = empty
                ? new Scale.Linear(0, 1)
                : axes.logarithmicY()
                        ? Scale.Logarithmic.around(ys.getMin(), ys.getMax())
                        : Scale.Linear.around(ys.getMin(), ys.getMax());
        legend = series.size() > 1 ? legend() : List.of();
        top = title.isEmpty() ? GAP + TICK_SIZE / 2 : GAP + TITLE_SIZE + GAP + TICK_SIZE / 2;
        bottom = height
                - GAP
                - legend.size() * LEGEND_ROW
                - (xLabel.isEmpty() ? 0 : LABEL_SIZE + GAP)
                - (TICK + TICK_SIZE + GAP);
        yTicks = empty ? List.of() : yScale.ticks(Math.max(2, (int) ((bottom - top) / 28)));
        double widest = yTicks.stream()
                .mapToDouble(t -> estimatedWidth(t.label(), TICK_SIZE))
                .max()
                .orElse(0);
        left = GAP + (yLabel.isEmpty() ? 0 : LABEL_SIZE + GAP) + widest + TICK + 2;
        right = width - 2 * GAP;
    }

    private DoubleSummaryStatistics range(ToDoubleFunction<Series.Point> coordinate) {
        return series.stream()
                .flatMap(s -> s.pieces().stream().flatMap(List::stream))
                .collect(Collectors.summarizingDouble(coordinate));
    }

    /** Estimates the width of a text for the layout; viewers place texts by their own fonts. */
    private static double estimatedWidth(String text, double size) {
        return text.length() * size * 0.56;
    }

    String write() {
        svg.open("svg")
                .set("xmlns", "http://www.w3.org/2000/svg")
                .set("width", width)
                .set("height", height)
                .set("viewBox", "0 0 " + width + ' ' + height)
                .set("font-family", SvgElements.FONT)
                .newLine();
        svg.empty("rect").set("width", width).set("height", height).set("fill", "#ffffff");
        svg.newLine();
        if (!title.isEmpty()) {
            text(title, width / 2.0, GAP + TITLE_SIZE, TITLE_SIZE, "middle", "bold");
        }
        grid();
        for (int i = series.size() - 1; i >= 0; i--) { // the first series covers the others
            line(series.get(i), series.get(i).colour(i));
        }
        if (empty) {
            text("no data", (left + right) / 2, (top + bottom) / 2, LABEL_SIZE, "middle", "normal");
        }
        legendRows();
        svg.close().newLine();
        return svg.toString();
    }

    private double x(double value) {
        return left + (right - left) * xScale.position(value);
    }

    private double y(double value) {
        return bottom - (bottom - top) * yScale.position(value);
    }

    /** Grid lines, then the axes over them with ticks and labels. */
    private void grid() {
        List<Scale.Tick> xTicks = empty ? List.of() : xScale.ticks(Math.max(2, (int) ((right - left) / 60)));
        for (Scale.Tick tick : xTicks) {
            segment(x(tick.value()), top, x(tick.value()), bottom, GRID);
        }
        for (Scale.Tick tick : yTicks) {
            segment(left, y(tick.value()), right, y(tick.value()), GRID);
        }
        segment(left, bottom, right, bottom, INK);
        segment(left, top, left, bottom, INK);
        for (Scale.Tick tick : xTicks) {
            segment(x(tick.value()), bottom, x(tick.value()), bottom + TICK, INK);
            text(tick.label(), x(tick.value()), bottom + TICK + TICK_SIZE, TICK_SIZE, "middle", "normal");
        }
        for (Scale.Tick tick : yTicks) {
            segment(left - TICK, y(tick.value()), left, y(tick.value()), INK);
            text(tick.label(), left - TICK - 2, y(tick.value()) + TICK_SIZE * 0.35, TICK_SIZE, "end", "normal");
        }
        if (!xLabel.isEmpty()) {
            double baseline = bottom + TICK + TICK_SIZE + GAP + LABEL_SIZE;
            text(xLabel, (left + right) / 2, baseline, LABEL_SIZE, "middle", "normal");
        }
        if (!yLabel.isEmpty()) {
            double middle = (top + bottom) / 2;
            svg.open("text")
                    .set(
                            "transform",
                            "translate(" + fine(GAP + LABEL_SIZE * 0.8) + ' ' + fine(middle) + ") rotate(-90)")
                    .set("font-size", LABEL_SIZE)
                    .set("text-anchor", "middle")
                    .set("fill", INK);
            svg.text(yLabel).close().newLine();
        }
    }

    private void segment(double x1, double y1, double x2, double y2, String colour) {
        svg.empty("line")
                .set("x1", x1)
                .set("y1", y1)
                .set("x2", x2)
                .set("y2", y2)
                .set("stroke", colour)
                .newLine();
    }

    private void text(String text, double x, double y, double size, String anchor, String weight) {
        svg.open("text").set("x", x).set("y", y).set("font-size", size).set("text-anchor", anchor);
        if (!weight.equals("normal")) {
            svg.set("font-weight", weight);
        }
        svg.set("fill", INK).text(text).close().newLine();
    }

    private void line(Drawn drawn, String colour) {
        if (drawn.pieces().isEmpty()) {
            return;
        }
        StringBuilder path = new StringBuilder();
        for (List<Series.Point> piece : drawn.pieces()) {
            for (int i = 0; i < piece.size(); i++) {
                path.append(i == 0 ? 'M' : 'L')
                        .append(fine(x(piece.get(i).x())))
                        .append(' ')
                        .append(fine(y(piece.get(i).y())));
            }
            if (piece.size() == 1) {
                path.append("h0"); // a point between gaps: the round ends of its line make it a dot
            }
        }
        stroke(drawn.style(), colour, path.toString());
        if (drawn.style() == Series.Style.POINTS) {
            drawn.pieces().stream().flatMap(List::stream).forEach(p -> dot(x(p.x()), y(p.y()), colour));
        }
    }

    private void stroke(Series.Style style, String colour, String path) {
        svg.empty("path")
                .set("fill", "none")
                .set("stroke", colour)
                .set("stroke-width", style == Series.Style.POINTS ? 1 : 1.6)
                .set("stroke-linejoin", "round");
        if (style == Series.Style.DASHED) {
            svg.set("stroke-dasharray", "5 4");
        } else {
            svg.set("stroke-linecap", "round");
        }
        svg.set("d", path).newLine();
    }

    private void dot(double x, double y, String colour) {
        svg.empty("circle").set("cx", fine(x)).set("cy", fine(y)).set("r", 3).set("fill", colour);
        svg.newLine();
    }

    /** The series of each row of the legend. */
    private List<List<Integer>> legend() {
        List<List<Integer>> rows = new ArrayList<>();
        double used = width;
        for (int i = 0; i < series.size(); i++) {
            if (used + legendWidth(i) > width - 2 * GAP) {
                rows.add(new ArrayList<>());
                used = 0;
            }
            rows.get(rows.size() - 1).add(i);
            used += legendWidth(i);
        }
        return rows;
    }

    private double legendWidth(int index) {
        return LEGEND_SAMPLE + 4 + estimatedWidth(series.get(index).name(), LABEL_SIZE) + 2 * GAP;
    }

    private void legendRows() {
        double y = height - GAP - legend.size() * LEGEND_ROW + LEGEND_ROW / 2;
        for (List<Integer> row : legend) {
            double x = (width - row.stream().mapToDouble(this::legendWidth).sum()) / 2 + GAP;
            for (int i : row) {
                Drawn drawn = series.get(i);
                stroke(drawn.style(), drawn.colour(i), "M" + fine(x) + ' ' + fine(y) + "h" + fine(LEGEND_SAMPLE));
                if (drawn.style() == Series.Style.POINTS) {
                    dot(x + LEGEND_SAMPLE / 2, y, drawn.colour(i));
                }
                text(drawn.name(), x + LEGEND_SAMPLE + 4, y + LABEL_SIZE * 0.35, LABEL_SIZE, "start", "normal");
                x += legendWidth(i);
            }
            y += LEGEND_ROW;
        }
    }
}
