package org.edgeprune.tracr.compile;

/** A linear map between two spaces, filled entry by entry: {@code y = x @ matrix}. */
final class Linear {
    private final Space from;
    private final Space to;
    private final double[][] matrix;

    Linear(Space from, Space to) {
        this.from = from;
        this.to = to;
        this.matrix = new double[from.size()][to.size()];
    }

    Space from() {
        return from;
    }

    Space to() {
        return to;
    }

    void add(Direction input, Direction output, double weight) {
        matrix[from.index(input)][to.index(output)] += weight;
    }

    double weight(int input, int output) {
        return matrix[input][output];
    }
}
