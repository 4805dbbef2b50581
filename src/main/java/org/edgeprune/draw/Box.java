package org.edgeprune.draw;

/** A rectangle: left, top, width and height in points; y goes downwards. */
record Box(double x, double y, double width, double height) {
    double centre() {
        return x + width / 2;
    }

    double bottom() {
        return y + height;
    }

    Box moved(double dx, double dy) {
        return new Box(x + dx, y + dy, width, height);
    }
}
