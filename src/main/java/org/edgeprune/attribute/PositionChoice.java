package org.edgeprune.attribute;

import java.util.Arrays;
import org.edgeprune.graph.Circuit;
import org.edgeprune.graph.PositionCircuit;
import org.edgeprune.io.InputException;

/** Which edges of a run with masks at each position are meant, where one list of edges is asked for. */
public sealed interface PositionChoice {
    /**
     * The edges that are kept there.
     *
     * @param circuit the circuit at each position
     * @return one circuit
     * @throws InputException if there is no such position
     */
    Circuit of(PositionCircuit circuit);

    /**
     * One number for each edge, of numbers for each edge at each position.
     *
     * @param values {@code [positions * edges]}, position by position
     * @param edges number of edges
     * @return {@code [edges]}: those of the position, or the largest of all positions
     */
    float[] of(float[] values, int edges);

    /**
     * In words.
     *
     * @param positions number of positions
     * @return such as {@code position 3 of 15, from 0}
     */
    String text(int positions);

    /**
     * The edges at one position.
     *
     * @param position from 0 on
     */
    record At(int position) implements PositionChoice {
        @Override
        public Circuit of(PositionCircuit circuit) {
            if (position < 0 || position >= circuit.positions()) {
                throw new InputException("--position " + position + ": the circuit has positions 0 to "
                        + (circuit.positions() - 1) + ", or any");
            }
            return circuit.at(position);
        }

        @Override
        public float[] of(float[] values, int edges) {
            if (position < 0 || (position + 1L) * edges > values.length) {
                throw new InputException("--position " + position + ": the circuit has positions 0 to "
                        + (values.length / edges - 1) + ", or any");
            }
            return Arrays.copyOfRange(values, position * edges, (position + 1) * edges);
        }

        @Override
        public String text(int positions) {
            return "position " + position + " of " + positions + ", from 0";
        }
    }

    /** The edges that are kept at any position. */
    record Anywhere() implements PositionChoice {
        @Override
        public Circuit of(PositionCircuit circuit) {
            return circuit.anywhere();
        }

        @Override
        public float[] of(float[] values, int edges) {
            float[] largest = Arrays.copyOf(values, edges);
            for (int i = edges; i < values.length; i++) {
                largest[i % edges] = Math.max(largest[i % edges], values[i]);
            }
            return largest;
        }

        @Override
        public String text(int positions) {
            return "any of " + positions + " positions";
        }
    }
}
