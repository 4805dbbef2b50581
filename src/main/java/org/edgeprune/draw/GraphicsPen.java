package org.edgeprune.draw;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.font.FontRenderContext;
import java.awt.geom.AffineTransform;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Line2D;
import java.awt.geom.Path2D;
import java.util.List;

/**
 * Paints a plot through Java's graphics.
 *
 * @param g what it is painted on
 */
record GraphicsPen(Graphics2D g) implements PlotPen {
    private static final float[] DASHES = {5, 4};
    private static final double DOT_RADIUS = 3;

    @Override
    public void segment(double x1, double y1, double x2, double y2, int colour) {
        g.setColor(new Color(colour));
        g.setStroke(new BasicStroke(1));
        g.draw(new Line2D.Double(x1, y1, x2, y2));
    }

    @Override
    public void text(String text, double x, double y, double size, Anchor anchor, boolean bold, int colour) {
        Font font = new Font(Font.SANS_SERIF, bold ? Font.BOLD : Font.PLAIN, 1).deriveFont((float) size);
        double width = font.getStringBounds(text, new FontRenderContext(null, true, true))
                .getWidth();
        double share =
                switch (anchor) {
                    case START -> 0;
                    case MIDDLE -> 0.5;
                    case END -> 1;
                };
        g.setColor(new Color(colour));
        g.setFont(font);
        g.drawString(text, (float) (x - share * width), (float) y);
    }

    @Override
    public void verticalText(String text, double x, double y, double size, int colour) {
        AffineTransform before = g.getTransform();
        g.translate(x, y);
        g.rotate(-Math.PI / 2);
        text(text, 0, 0, size, Anchor.MIDDLE, false, colour);
        g.setTransform(before);
    }

    @Override
    public void line(List<List<Series.Point>> pieces, Series.Style style, int colour) {
        Path2D path = new Path2D.Double();
        for (List<Series.Point> piece : pieces) {
            path.moveTo(piece.getFirst().x(), piece.getFirst().y());
            // a point between gaps: the round ends of its line make it a dot
            piece.subList(piece.size() == 1 ? 0 : 1, piece.size()).forEach(p -> path.lineTo(p.x(), p.y()));
        }
        stroke(path, style, colour);
    }

    @Override
    public void sample(double x, double y, double length, Series.Style style, int colour) {
        stroke(new Line2D.Double(x, y, x + length, y), style, colour);
    }

    private void stroke(java.awt.Shape shape, Series.Style style, int colour) {
        g.setColor(new Color(colour));
        g.setStroke(
                style == Series.Style.DASHED
                        ? new BasicStroke(
                                (float) style.width(), BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND, 1, DASHES, 0)
                        : new BasicStroke((float) style.width(), BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND));
        g.draw(shape);
    }

    @Override
    public void dot(double x, double y, int colour) {
        g.setColor(new Color(colour));
        g.fill(new Ellipse2D.Double(x - DOT_RADIUS, y - DOT_RADIUS, 2 * DOT_RADIUS, 2 * DOT_RADIUS));
    }
}
