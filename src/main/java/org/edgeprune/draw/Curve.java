package org.edgeprune.draw;

import java.util.ArrayList;
import java.util.List;

/**
 * A smooth line of cubic Bezier segments.
 *
 * @param points the start point, then for each segment two control points and the end point
 */
record Curve(List<Point> points) {
    record Point(double x, double y) {}

    Curve {
        points = List.copyOf(points);
        if (points.size() < 4 || points.size() % 3 != 1) {
            throw new IllegalArgumentException(points.size() + " points do not form a cubic curve");
        }
    }

    /** From a writer's bottom, vertical at both ends, to a reader's top. */
    static Curve falling(Point from, Point to) {
        double reach = 0.45 * (to.y - from.y);
        return new Curve(List.of(from, new Point(from.x, from.y + reach), new Point(to.x, to.y - reach), to));
    }

    /**
     * ELK's spline: its bend points are the control and end points of cubic segments; if fewer than two remain, the
     * last segment is straight.
     */
    static Curve spline(Point from, List<Point> bends, Point to) {
        List<Point> points = new ArrayList<>(List.of(from));
        points.addAll(bends.subList(0, bends.size() - bends.size() % 3));
        if (bends.size() % 3 == 2) {
            points.addAll(bends.subList(bends.size() - 2, bends.size()));
        } else {
            Point last = points.get(points.size() - 1);
            points.add(last);
            points.add(to);
        }
        points.add(to);
        return new Curve(points);
    }

    /** With a straight segment from the end down to {@code y}. */
    Curve extended(double y) {
        Point end = points.get(points.size() - 1);
        Point lower = new Point(end.x, y);
        List<Point> longer = new ArrayList<>(points);
        longer.addAll(List.of(end, lower, lower));
        return new Curve(longer);
    }

    /**
     * The two strokes of an arrowhead at the end: a point on one side, the end, a point on the other side.
     *
     * @param width of the line
     */
    List<Point> arrow(double width) {
        Point end = points.getLast();
        Point before = points.reversed().stream()
                .filter(p -> Math.hypot(end.x - p.x, end.y - p.y) > 1e-6)
                .findFirst()
                .orElse(new Point(end.x, end.y - 1));
        double length = Math.hypot(end.x - before.x, end.y - before.y);
        double back = 3 + width;
        double dx = back * (end.x - before.x) / length;
        double dy = back * (end.y - before.y) / length;
        double side = 0.5;
        return List.of(
                new Point(end.x - dx - side * dy, end.y - dy + side * dx),
                end,
                new Point(end.x - dx + side * dy, end.y - dy - side * dx));
    }

    Curve moved(double dx, double dy) {
        return new Curve(points.stream().map(p -> new Point(p.x + dx, p.y + dy)).toList());
    }
}
