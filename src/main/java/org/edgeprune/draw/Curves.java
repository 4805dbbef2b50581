package org.edgeprune.draw;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Line2D;
import java.awt.geom.Rectangle2D;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.jfree.chart.JFreeChart;
import org.jfree.chart.axis.NumberAxis;
import org.jfree.chart.axis.ValueAxis;
import org.jfree.chart.block.BlockBorder;
import org.jfree.chart.plot.XYPlot;
import org.jfree.chart.renderer.xy.XYLineAndShapeRenderer;
import org.jfree.chart.ui.RectangleInsets;
import org.jfree.data.xy.XYSeries;
import org.jfree.data.xy.XYSeriesCollection;
import org.jfree.svg.SVGGraphics2D;
import org.jfree.svg.ViewBox;
import org.jfree.svg.util.DoubleConverter;

/**
 * A plot of named series against one x axis, as SVG for a report.
 *
 * <pre>{@code
 * String svg = Curves.of("Edge sparsity", "step", "sparsity").line("model", steps, sparsity).dashed("target", steps, targets).toSvg(640, 320);
 * }</pre>
 *
 * <p>Values that are no finite number leave a gap, as do values that are not positive on a logarithmic axis. Series
 * with more points than the plot has pixels are thinned so that every peak stays.
 */
public final class Curves {
    private enum Style {
        LINE,
        DASHED,
        POINTS
    }

    private record Series(String name, double[] x, double[] y, Style style) {}

    /** Okabe and Ito's colours, which colour-blind readers can tell apart. */
    private static final int[] COLOURS = {0x0072b2, 0xd55e00, 0x009e73, 0xcc79a7, 0xe69f00, 0x56b4e9, 0x505050};

    private static final Color GRID = new Color(0xe0e0e0);
    private static final Color TEXT = new Color(0x303030);

    private final String title;
    private final String xLabel;
    private final String yLabel;
    private final boolean logarithmic;
    private final List<Series> series;

    private Curves(String title, String xLabel, String yLabel, boolean logarithmic, List<Series> series) {
        this.title = title;
        this.xLabel = xLabel;
        this.yLabel = yLabel;
        this.logarithmic = logarithmic;
        this.series = series;
    }

    /** A plot without series. */
    public static Curves of(String title, String xLabel, String yLabel) {
        return new Curves(title, xLabel, yLabel, false, List.of());
    }

    /** The same with a logarithmic y axis; it stays linear while no value is positive. */
    public Curves logarithmic() {
        return new Curves(title, xLabel, yLabel, true, series);
    }

    /** Adds a line through the points {@code (x[i], y[i])}; x does not decrease. */
    public Curves line(String name, double[] x, double[] y) {
        return with(new Series(name, x.clone(), y.clone(), Style.LINE));
    }

    /** Adds a dashed line, for a target or a limit. */
    public Curves dashed(String name, double[] x, double[] y) {
        return with(new Series(name, x.clone(), y.clone(), Style.DASHED));
    }

    /** Adds points joined by a thin line, for a sweep: one point a run. */
    public Curves points(String name, double[] x, double[] y) {
        return with(new Series(name, x.clone(), y.clone(), Style.POINTS));
    }

    private Curves with(Series added) {
        if (added.x.length != added.y.length) {
            throw new IllegalArgumentException(
                    added.name + ": " + added.x.length + " x values, " + added.y.length + " y values");
        }
        List<Series> all = new ArrayList<>(series);
        all.add(added);
        return new Curves(title, xLabel, yLabel, logarithmic, List.copyOf(all));
    }

    /**
     * To be asked before the work whose result is to be plotted.
     *
     * @throws org.edgeprune.io.InputException if this machine has no fonts to measure labels with
     */
    public static void requireFonts() {
        Headless.ensure();
    }

    /**
     * An {@code <svg>} element to put into an HTML page, {@code width} x {@code height} pixels at its natural size.
     *
     * @throws org.edgeprune.io.InputException if this machine has no fonts to measure labels with
     */
    public String toSvg(int width, int height) {
        Headless.ensure();
        boolean log = logarithmic
                && series.stream().flatMapToDouble(s -> Arrays.stream(s.y)).anyMatch(y -> y > 0 && Double.isFinite(y));
        XYSeriesCollection data = new XYSeriesCollection();
        XYLineAndShapeRenderer renderer = new XYLineAndShapeRenderer();
        renderer.setDrawSeriesLineAsPath(true);
        for (int i = 0; i < series.size(); i++) {
            data.addSeries(points(i, log, width));
            style(renderer, i, series.get(i).style);
        }
        XYPlot plot = new XYPlot(data, axis(xLabel, false), axis(yLabel, log), renderer);
        plot.setBackgroundPaint(Color.WHITE);
        plot.setOutlineVisible(false);
        plot.setDomainGridlinePaint(GRID);
        plot.setRangeGridlinePaint(GRID);
        plot.setDomainGridlineStroke(new BasicStroke(1));
        plot.setRangeGridlineStroke(new BasicStroke(1));
        plot.setAxisOffset(RectangleInsets.ZERO_INSETS);
        plot.setNoDataMessage("no data");
        JFreeChart chart = new JFreeChart(title, font(Font.BOLD, 14), plot, series.size() > 1);
        chart.setBackgroundPaint(Color.WHITE);
        chart.getTitle().setPaint(TEXT);
        if (chart.getLegend() != null) {
            chart.getLegend().setItemFont(font(Font.PLAIN, 12));
            chart.getLegend().setFrame(BlockBorder.NONE);
        }
        SVGGraphics2D svg = new SVGGraphics2D(width, height);
        svg.setGeomDoubleConverter(new DoubleConverter(2));
        // clip paths have ids: the same in every run, different in the plots of one page
        svg.setDefsKeyPrefix("plot" + Integer.toHexString(fingerprint()) + "-");
        chart.draw(svg, new Rectangle2D.Double(0, 0, width, height));
        return svg.getSVGElement(null, true, new ViewBox(0, 0, width, height), null, null);
    }

    private int fingerprint() {
        int hash = (title + '\n' + xLabel + '\n' + yLabel).hashCode();
        for (Series s : series) {
            hash = 31 * (31 * (31 * hash + s.name.hashCode()) + Arrays.hashCode(s.x)) + Arrays.hashCode(s.y);
        }
        return hash;
    }

    private XYSeries points(int index, boolean log, int width) {
        Series from = series.get(index);
        // the key is the place, not the name: two series may have the same name
        XYSeries to = new XYSeries(new Key(index, from.name), false, true);
        double[] y = Arrays.stream(from.y)
                .map(v -> Double.isFinite(v) && (!log || v > 0) ? v : Double.NaN)
                .toArray();
        int bucket = Math.max(1, (y.length + width - 1) / width);
        for (int start = 0; start < y.length; start += bucket) {
            int end = Math.min(y.length, start + bucket);
            int low = start;
            int high = start;
            boolean gap = false;
            for (int i = start; i < end; i++) {
                gap |= Double.isNaN(y[i]);
                low = Double.isNaN(y[low]) || y[i] < y[low] ? i : low;
                high = Double.isNaN(y[high]) || y[i] > y[high] ? i : high;
            }
            to.add(from.x[Math.min(low, high)], y[Math.min(low, high)]);
            if (low != high) {
                to.add(from.x[Math.max(low, high)], y[Math.max(low, high)]);
            }
            if (gap && bucket > 1) {
                to.add(from.x[end - 1], Double.NaN);
            }
        }
        return to;
    }

    private record Key(int index, String name) implements Comparable<Key> {
        @Override
        public int compareTo(Key other) {
            return Integer.compare(index, other.index);
        }

        @Override
        public String toString() {
            return name;
        }
    }

    private static void style(XYLineAndShapeRenderer renderer, int index, Style style) {
        float width = style == Style.POINTS ? 1 : 1.6f;
        float[] dash = style == Style.DASHED ? new float[] {5, 4} : null;
        renderer.setSeriesPaint(index, new Color(COLOURS[index % COLOURS.length]));
        renderer.setSeriesStroke(
                index, new BasicStroke(width, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND, 1, dash, 0));
        renderer.setSeriesShapesVisible(index, style == Style.POINTS);
        renderer.setSeriesShape(index, new Ellipse2D.Double(-3, -3, 6, 6));
        renderer.setLegendLine(new Line2D.Double(-10, 0, 10, 0));
    }

    private static ValueAxis axis(String label, boolean log) {
        ValueAxis axis;
        if (log) {
            axis = new DecadeAxis(label);
        } else {
            NumberAxis linear = new NumberAxis(label);
            linear.setAutoRangeIncludesZero(false);
            linear.setStandardTickUnits(NumberAxis.createStandardTickUnits(Locale.ROOT));
            axis = linear;
        }
        axis.setLabelFont(font(Font.PLAIN, 12));
        axis.setTickLabelFont(font(Font.PLAIN, 11));
        axis.setLabelPaint(TEXT);
        axis.setTickLabelPaint(TEXT);
        axis.setAxisLinePaint(TEXT);
        return axis;
    }

    private static Font font(int style, int size) {
        return new Font(Font.SANS_SERIF, style, size);
    }
}
