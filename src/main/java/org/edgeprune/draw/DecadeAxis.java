package org.edgeprune.draw;

import java.awt.Graphics2D;
import java.awt.geom.Rectangle2D;
import java.text.DecimalFormat;
import java.text.DecimalFormatSymbols;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jfree.chart.axis.LogAxis;
import org.jfree.chart.axis.NumberTick;
import org.jfree.chart.ui.RectangleEdge;
import org.jfree.chart.ui.TextAnchor;

/**
 * A vertical logarithmic axis whose ticks are powers of ten, with twice and five times these where the range is short.
 */
final class DecadeAxis extends LogAxis {
    private static final long serialVersionUID = 1L;
    private static final int MAX_TICKS = 8;

    DecadeAxis(String label) {
        super(label);
    }

    @Override
    protected List<NumberTick> refreshTicksVertical(Graphics2D g, Rectangle2D area, RectangleEdge edge) {
        double low = Math.log10(getRange().getLowerBound());
        double high = Math.log10(getRange().getUpperBound());
        double[] steps = high - low < 3 ? new double[] {1, 2, 5} : new double[] {1};
        int every = Math.max(1, (int) Math.ceil((high - low) / MAX_TICKS));
        DecimalFormat plain = new DecimalFormat("0.####", DecimalFormatSymbols.getInstance(Locale.ROOT));
        DecimalFormat power = new DecimalFormat("0.##E0", DecimalFormatSymbols.getInstance(Locale.ROOT));
        List<NumberTick> ticks = new ArrayList<>();
        for (int decade = Math.floorDiv((int) Math.floor(low), every) * every; decade <= high; decade += every) {
            for (double step : steps) {
                double value = step * Math.pow(10, decade);
                if (getRange().contains(value)) {
                    String label = (decade < -3 || decade > 4 ? power : plain).format(value);
                    ticks.add(new NumberTick(value, label, TextAnchor.CENTER_RIGHT, TextAnchor.CENTER_RIGHT, 0));
                }
            }
        }
        return ticks;
    }
}
