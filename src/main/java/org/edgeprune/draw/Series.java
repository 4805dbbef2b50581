package org.edgeprune.draw;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** One named series of a plot: the points {@code (x[i], y[i])}. */
record Series(String name, double[] x, double[] y, Style style) {
    enum Style {
        LINE,
        DASHED,
        POINTS;

        /** Width of the line, pixels. */
        double width() {
            return this == POINTS ? 1 : 1.6;
        }
    }

    record Point(double x, double y) {}

    /**
     * The largest magnitude of a value that is drawn; the smallest is its inverse. The ends of an axis around such
     * values, and their ratio, are finite and not zero.
     */
    private static final double MOST = 1e150;

    Series {
        if (x.length != y.length) {
            throw new IllegalArgumentException(name + ": " + x.length + " x values, " + y.length + " y values");
        }
        x = x.clone();
        y = y.clone();
    }

    /** Whether a value could be shown on a logarithmic axis. */
    boolean hasPositive() {
        return Arrays.stream(y).anyMatch(v -> v > 0 && isDrawable(v));
    }

    /** Whether a value can be shown on an axis: NaN, infinities and values next to them or next to zero cannot. */
    private static boolean isDrawable(double value) {
        double magnitude = Math.abs(value);
        return magnitude == 0 || (magnitude >= 1 / MOST && magnitude <= MOST);
    }

    /**
     * The points to draw, in segments separated by gaps: points whose x or y cannot be shown on an axis, or whose y is
     * not positive if {@code positive} is set, are gaps. Of more than {@code buckets} points, only the lowest and the
     * highest of each bucket of adjacent points are kept.
     */
    List<List<Point>> pieces(boolean positive, int buckets) {
        List<List<Point>> pieces = new ArrayList<>();
        List<Point> piece = new ArrayList<>();
        int size = Math.max(1, (y.length + buckets - 1) / buckets);
        for (int start = 0; start < y.length; start += size) {
            int end = Math.min(y.length, start + size);
            int low = -1;
            int high = -1;
            boolean gap = false;
            for (int i = start; i < end; i++) {
                if (!isDrawable(x[i]) || !isDrawable(y[i]) || (positive && y[i] <= 0)) {
                    gap = true;
                    continue;
                }
                low = low < 0 || y[i] < y[low] ? i : low;
                high = high < 0 || y[i] > y[high] ? i : high;
            }
            if (low >= 0) {
                piece.add(new Point(x[Math.min(low, high)], y[Math.min(low, high)]));
                if (low != high) {
                    piece.add(new Point(x[Math.max(low, high)], y[Math.max(low, high)]));
                }
            }
            if (gap && !piece.isEmpty()) {
                pieces.add(List.copyOf(piece));
                piece.clear();
            }
        }
        if (!piece.isEmpty()) {
            pieces.add(List.copyOf(piece));
        }
        return List.copyOf(pieces);
    }
}
