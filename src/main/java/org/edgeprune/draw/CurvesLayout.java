package org.edgeprune.draw;

import java.util.ArrayList;
import java.util.DoubleSummaryStatistics;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

/** Lays a plot out and draws it: title, axes with their grid, series, legend. Lengths are pixels. */
final class CurvesLayout {
    /** A series as it is drawn: segments of its line with gaps between them. */
    record Drawn(String name, Series.Style style, List<List<Series.Point>> pieces) {
        int colour(int index) {
            return COLOURS[index % COLOURS.length];
        }
    }

    /** The palette of Okabe and Ito, which can be distinguished with colour blindness, and three colours of Tol's. */
    private static final int[] COLOURS = {
        0x0072b2, 0xd55e00, 0x009e73, 0xcc79a7, 0xe69f00, 0x56b4e9, 0x505050, 0x882255, 0x332288, 0x999933
    };

    private static final int GRID = 0xe0e0e0;
    private static final int INK = 0x303030;
    private static final double TITLE_SIZE = 14;
    private static final double LABEL_SIZE = 12;
    private static final double TICK_SIZE = 11;
    private static final double TICK = 4;
    private static final double GAP = 6;
    private static final double LEGEND_SAMPLE = 20;
    private static final double LEGEND_ROW = 18;

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

    CurvesLayout(
            int width, int height, String title, String xLabel, String yLabel, List<Drawn> series, Curves.Axes axes) {
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

    void draw(PlotPen pen) {
        if (!title.isEmpty()) {
            pen.text(title, width / 2.0, GAP + TITLE_SIZE, TITLE_SIZE, PlotPen.Anchor.MIDDLE, true, INK);
        }
        grid(pen);
        for (int i = series.size() - 1; i >= 0; i--) { // the first series covers the others
            line(pen, series.get(i), series.get(i).colour(i));
        }
        if (empty) {
            text(pen, "no data", (left + right) / 2, (top + bottom) / 2, LABEL_SIZE, PlotPen.Anchor.MIDDLE);
        }
        legendRows(pen);
    }

    private double x(double value) {
        return left + (right - left) * xScale.position(value);
    }

    private double y(double value) {
        return bottom - (bottom - top) * yScale.position(value);
    }

    /** Grid lines, then the axes over them with ticks and labels. */
    private void grid(PlotPen pen) {
        List<Scale.Tick> xTicks = empty ? List.of() : xScale.ticks(Math.max(2, (int) ((right - left) / 60)));
        for (Scale.Tick tick : xTicks) {
            pen.segment(x(tick.value()), top, x(tick.value()), bottom, GRID);
        }
        for (Scale.Tick tick : yTicks) {
            pen.segment(left, y(tick.value()), right, y(tick.value()), GRID);
        }
        pen.segment(left, bottom, right, bottom, INK);
        pen.segment(left, top, left, bottom, INK);
        for (Scale.Tick tick : xTicks) {
            pen.segment(x(tick.value()), bottom, x(tick.value()), bottom + TICK, INK);
            text(pen, tick.label(), x(tick.value()), bottom + TICK + TICK_SIZE, TICK_SIZE, PlotPen.Anchor.MIDDLE);
        }
        for (Scale.Tick tick : yTicks) {
            pen.segment(left - TICK, y(tick.value()), left, y(tick.value()), INK);
            text(pen, tick.label(), left - TICK - 2, y(tick.value()) + TICK_SIZE * 0.35, TICK_SIZE, PlotPen.Anchor.END);
        }
        if (!xLabel.isEmpty()) {
            double baseline = bottom + TICK + TICK_SIZE + GAP + LABEL_SIZE;
            text(pen, xLabel, (left + right) / 2, baseline, LABEL_SIZE, PlotPen.Anchor.MIDDLE);
        }
        if (!yLabel.isEmpty()) {
            pen.verticalText(yLabel, GAP + LABEL_SIZE * 0.8, (top + bottom) / 2, LABEL_SIZE, INK);
        }
    }

    private static void text(PlotPen pen, String text, double x, double y, double size, PlotPen.Anchor anchor) {
        pen.text(text, x, y, size, anchor, false, INK);
    }

    private void line(PlotPen pen, Drawn drawn, int colour) {
        if (drawn.pieces().isEmpty()) {
            return;
        }
        List<List<Series.Point>> placed = drawn.pieces().stream()
                .map(piece -> piece.stream()
                        .map(p -> new Series.Point(x(p.x()), y(p.y())))
                        .toList())
                .toList();
        pen.line(placed, drawn.style(), colour);
        if (drawn.style() == Series.Style.POINTS) {
            placed.stream().flatMap(List::stream).forEach(p -> pen.dot(p.x(), p.y(), colour));
        }
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

    private void legendRows(PlotPen pen) {
        double y = height - GAP - legend.size() * LEGEND_ROW + LEGEND_ROW / 2;
        for (List<Integer> row : legend) {
            double x = (width - row.stream().mapToDouble(this::legendWidth).sum()) / 2 + GAP;
            for (int i : row) {
                Drawn drawn = series.get(i);
                pen.sample(x, y, LEGEND_SAMPLE, drawn.style(), drawn.colour(i));
                if (drawn.style() == Series.Style.POINTS) {
                    pen.dot(x + LEGEND_SAMPLE / 2, y, drawn.colour(i));
                }
                text(pen, drawn.name(), x + LEGEND_SAMPLE + 4, y + LABEL_SIZE * 0.35, LABEL_SIZE, PlotPen.Anchor.START);
                x += legendWidth(i);
            }
            y += LEGEND_ROW;
        }
    }
}
