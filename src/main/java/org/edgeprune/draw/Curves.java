package org.edgeprune.draw;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.edgeprune.io.AtomicFile;
import org.edgeprune.io.InputException;

/**
 * A plot of named series against one x axis, as SVG or PNG.
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
        SvgPen pen = new SvgPen(width, height);
        layout(width, height).draw(pen);
        return pen.end();
    }

    /**
     * The plot as an image with two pixels for each pixel of its natural size.
     *
     * @param width the natural width in pixels
     * @param height the natural height in pixels
     * @return the bytes of a PNG file
     * @throws InputException if this machine has no fonts
     */
    public byte[] toPng(int width, int height) {
        return PngImage.of(width, height, g -> layout(width, height).draw(new GraphicsPen(g)));
    }

    /**
     * Refuses files that {@link #write} could not write, before anything is computed.
     *
     * @param file the file
     * @throws InputException unless its name ends in {@code .svg} or {@code .png}
     */
    public static void requireKnownFormat(Path file) {
        if (!extension(file).equals("svg") && !extension(file).equals("png")) {
            throw new InputException(file + ": unknown format of a plot: use .svg or .png");
        }
    }

    /**
     * Writes the plot in the format of the file's extension, atomically.
     *
     * @param file ends in {@code .svg} or {@code .png}
     * @param width the natural width in pixels
     * @param height the natural height in pixels
     * @throws InputException if the extension is another one, the file cannot be written, or a PNG is asked for on a
     *     machine without fonts
     */
    public void write(Path file, int width, int height) {
        requireKnownFormat(file);
        if (extension(file).equals("png")) {
            byte[] image = toPng(width, height);
            AtomicFile.write(file, out -> out.write(image));
        } else {
            AtomicFile.writeText(file, toSvg(width, height));
        }
    }

    private static String extension(Path file) {
        String name = String.valueOf(file.getFileName());
        return name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
    }

    private CurvesLayout layout(int width, int height) {
        boolean log = axes.logarithmicY() && series.stream().anyMatch(Series::hasPositive);
        List<CurvesLayout.Drawn> drawn = new ArrayList<>();
        for (Series s : series) {
            drawn.add(new CurvesLayout.Drawn(s.name(), s.style(), s.pieces(log, width)));
        }
        return new CurvesLayout(width, height, title, xLabel, yLabel, drawn, new Axes(axes.logarithmicX(), log));
    }
}
