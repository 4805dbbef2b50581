package org.edgeprune.attribute;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Scores of edges, and of what was scored beside them ({@link ScoreLevels}). All have the sign and the unit of the
 * edges' scores: to first order, how much the loss rises when the component is ablated.
 *
 * @param edges of every edge
 * @param nodes of every writer by its index, {@code [writers]}; empty where they were not asked for
 * @param neurons of every MLP neuron, {@code [layers][inner]}; empty where they were not asked for
 * @param positions of every edge at each position, from the first on, which add up to {@code edges}; empty where they
 *     were not asked for
 */
public record LevelScores(
        EdgeScores edges, Optional<float[]> nodes, Optional<float[][]> neurons, List<EdgeScores> positions) {
    /** Copies the list. */
    public LevelScores {
        positions = List.copyOf(positions);
    }

    /**
     * Writes {@code scores.safetensors}.
     *
     * @param file written or replaced, atomically
     * @throws org.edgeprune.io.InputException if it cannot be written
     */
    public void write(Path file) {
        ScoresFile.write(file, this);
    }

    /**
     * Reads {@code scores.safetensors} with all that was scored.
     *
     * @param file that {@link #write} wrote
     * @return its scores
     * @throws org.edgeprune.io.InputException as {@link EdgeScores#read(Path)}
     */
    public static LevelScores read(Path file) {
        return ScoresFile.readAll(file);
    }

    /**
     * Scores of edges alone.
     *
     * @param edges of every edge
     * @return the scores
     */
    public static LevelScores of(EdgeScores edges) {
        return new LevelScores(edges, Optional.empty(), Optional.empty(), List.of());
    }
}
