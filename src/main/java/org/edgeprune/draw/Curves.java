package org.edgeprune.draw;

import java.util.ArrayList;
import java.util.List;

/**
 * A plot of named series against one x axis, as SVG for a report.
 *
 * <pre>{@code
 * String svg = Curves.of("Edge sparsity", "step", "sparsity").line("model", steps, sparsity).dashed("target", steps, targets).toSvg(640, 320);
 * }</pre>
 *
 * <p>Values that are not finite leave a gap, as do values that are not positive on a logarithmic axis. Series with more
 * points than the plot has pixels are thinned so that every peak stays. The same plot is the same text on every
 * machine; no fonts are needed.
 */
public final class Curves {
    private final String title;
    private final String xLabel;
    private final String yLabel;
    private final Axes axes;
    private final List<Series> series;

    /** Which axes are logarithmic. */
    record Axes(boolean logarithmicX, boolean logarithmicY) {}

    private Curves(String title, String xLabel, String yLabel, Axes axes, List<Series> series) {
        this.title = title;
        this.xLabel = xLabel;
        this.yLabel = yLabel;
        this.axes = axes;
        this.series = series;
    }

    /**
     * A plot without series.
     *
     * @param title above the plot
     * @param xLabel the x axis' label
     * @param yLabel the y axis' label
     * @return the plot
     */
    public static Curves of(String title, String xLabel, String yLabel) {
        return new Curves(title, xLabel, yLabel, new Axes(false, false), List.of());
    }

    /**
     * The same plot with a logarithmic y axis; the axis stays linear while no value is positive.
     *
     * @return a new plot
     */
    public Curves logarithmic() {
        return new Curves(title, xLabel, yLabel, new Axes(axes.logarithmicX(), true), series);
    }

    /**
     * The same with a logarithmic x axis; it stays linear where an x is not positive.
     *
     * @return a new plot
     */
    public Curves logarithmicX() {
        return new Curves(title, xLabel, yLabel, new Axes(true, axes.logarithmicY()), series);
    }

    /**
     * Adds a line through the points {@code (x[i], y[i])}.
     *
     * @param name the series' name in the legend
     * @param x not decreasing
     * @param y one value for each x
     * @return a new plot
     * @throws IllegalArgumentException if there are not as many x values as y values
     */
    public Curves line(String name, double[] x, double[] y) {
        return with(new Series(name, x, y, Series.Style.LINE));
    }

    /**
     * Adds a dashed line, for a target or a limit.
     *
     * @param name the series' name in the legend
     * @param x not decreasing
     * @param y one value for each x
     * @return a new plot
     * @throws IllegalArgumentException if there are not as many x values as y values
     */
    public Curves dashed(String name, double[] x, double[] y) {
        return with(new Series(name, x, y, Series.Style.DASHED));
    }

    /**
     * Adds points that are joined by a thin line, for a sweep: one point for each run.
     *
     * @param name the series' name in the legend
     * @param x not decreasing
     * @param y one value for each x
     * @return a new plot
     * @throws IllegalArgumentException if there are not as many x values as y values
     */
    public Curves points(String name, double[] x, double[] y) {
        return with(new Series(name, x, y, Series.Style.POINTS));
    }

    private Curves with(Series added) {
        List<Series> all = new ArrayList<>(series);
        all.add(added);
        return new Curves(title, xLabel, yLabel, axes, List.copyOf(all));
    }

    /**
     * The plot as an element of an HTML page.
     *
     * @param width the natural width in pixels
     * @param height the natural height in pixels
     * @return an {@code <svg>} element
     */
    public String toSvg(int width, int height) {
        boolean log = axes.logarithmicY() && series.stream().anyMatch(Series::hasPositive);
        List<CurvesSvg.Drawn> drawn = new ArrayList<>();
        for (Series s : series) {
            drawn.add(new CurvesSvg.Drawn(s.name(), s.style(), s.pieces(log, width)));
        }
        return new CurvesSvg(width, height, title, xLabel, yLabel, drawn, new Axes(axes.logarithmicX(), log)).write();
    }
}
