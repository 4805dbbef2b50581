package org.edgeprune.draw;

import java.util.List;

/** Draws the elements of a plot. Lengths are pixels with y downwards, colours 0xRRGGBB. */
interface PlotPen {
    /** Which part of a text its x is of. */
    enum Anchor {
        START,
        MIDDLE,
        END
    }

    void segment(double x1, double y1, double x2, double y2, int colour);

    /** @param y of the baseline */
    void text(String text, double x, double y, double size, Anchor anchor, boolean bold, int colour);

    /** A text that is read from below to above, with its middle at y and its baseline at x. */
    void verticalText(String text, double x, double y, double size, int colour);

    /** A series' line, in pieces with gaps between them. */
    void line(List<List<Series.Point>> pieces, Series.Style style, int colour);

    /** A horizontal piece of a line, for the legend. */
    void sample(double x, double y, double length, Series.Style style, int colour);

    void dot(double x, double y, int colour);
}
