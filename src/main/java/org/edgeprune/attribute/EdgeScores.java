package org.edgeprune.attribute;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.edgeprune.graph.Circuit;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.graph.GraphShape;
import org.edgeprune.graph.Reader;
import org.edgeprune.graph.ReaderGroup;
import org.edgeprune.graph.Writer;
import org.edgeprune.io.InputException;

/**
 * A score for every edge of a {@link ComputationGraph}. Immutable.
 *
 * <p>Positive means that the loss rises when the edge is cut, so that the edge helps the task; negative that the loss
 * falls. Scores are in the unit of the loss that was attributed (a logit difference, nats), or of no unit where a
 * method only ranks. All are finite.
 */
public final class EdgeScores {
    private final ComputationGraph graph;
    private final float[] values;

    private EdgeScores(ComputationGraph graph, float[] values) {
        this.graph = graph;
        this.values = values;
    }

    /**
     * Scores by edge number.
     *
     * @param graph the graph that they are of
     * @param values one score an edge, at the place of {@link ComputationGraph#edgeIndex}; copied
     * @return the scores
     * @throws IllegalArgumentException if there is not one value for each edge
     * @throws InputException naming the first edge whose score is NaN or infinite
     */
    public static EdgeScores of(ComputationGraph graph, float[] values) {
        if (values.length != graph.edgeCount()) {
            throw new IllegalArgumentException(values.length + " scores for " + graph.edgeCount() + " edges");
        }
        float[] copy = new float[values.length];
        for (int i = 0; i < copy.length; i++) {
            if (!Float.isFinite(values[i])) {
                throw new InputException("the score of edge " + graph.edge(i) + " is " + values[i]
                        + ": scores must be finite numbers; look for NaN or infinity in the weights");
            }
            copy[i] = values[i] + 0.0f; // -0 becomes 0, with which it ties
        }
        return new EdgeScores(graph, copy);
    }

    /**
     * The graph that the scores are of.
     *
     * @return the graph
     */
    public ComputationGraph graph() {
        return graph;
    }

    /**
     * Number of scores.
     *
     * @return the graph's number of edges
     */
    public int size() {
        return values.length;
    }

    /**
     * The score of the edge with that number.
     *
     * @param edge from 0 to {@link #size()} - 1
     * @return its score
     */
    public float at(int edge) {
        return values[edge];
    }

    /**
     * The score of an edge.
     *
     * @param writer where it begins
     * @param reader where it ends
     * @return its score
     * @throws IllegalArgumentException if there is no such edge
     */
    public float at(Writer writer, Reader reader) {
        return values[graph.edgeIndex(writer, reader)];
    }

    /**
     * All scores by edge number.
     *
     * @return a copy, {@code [edges]}
     */
    public float[] toArray() {
        return values.clone();
    }

    /**
     * What all edges out of each writer score together: to first order, how much the loss rises when the whole writer
     * is cut.
     *
     * @return {@code [writers]}, by their index
     */
    public float[] byWriter() {
        double[] sums = new double[graph.nodeCount()];
        for (ReaderGroup group : graph.groups()) {
            for (int i = 0; i < group.edgeCount(); i++) {
                sums[i % group.visibleWriters()] += values[group.firstEdge() + i];
            }
        }
        float[] scores = new float[sums.length];
        for (int w = 0; w < sums.length; w++) {
            scores[w] = (float) sums[w];
        }
        return scores;
    }

    /**
     * The edges from the best to the worst; those with equal scores by their numbers.
     *
     * @param by what makes an edge the better one
     * @return all edge numbers, {@code [edges]}
     */
    public int[] ranked(Ranking by) {
        long[] keys = new long[values.length];
        for (int i = 0; i < keys.length; i++) {
            keys[i] = (long) ~ordered(by.key(values[i])) << 32 | i;
        }
        Arrays.parallelSort(keys);
        return LongStream.of(keys).mapToInt(key -> (int) key).toArray();
    }

    /** An int that is the smaller the smaller a finite number is. */
    private static int ordered(float value) {
        int bits = Float.floatToIntBits(value);
        return bits < 0 ? bits ^ Integer.MAX_VALUE : bits;
    }

    /**
     * The circuit of the best edges.
     *
     * @param count how many, from 0 to {@link #size()}
     * @param by what makes an edge the better one
     * @return a circuit of just so many edges
     */
    public Circuit top(int count, Ranking by) {
        BitSet kept = new BitSet(values.length);
        IntStream.of(Arrays.copyOf(ranked(by), requireCount(count))).forEach(kept::set);
        return Circuit.of(graph, kept);
    }

    private int requireCount(int count) {
        if (count < 0 || count > values.length) {
            throw new IllegalArgumentException(count + " of " + values.length + " edges");
        }
        return count;
    }

    /**
     * Writes {@code scores.safetensors}: see {@link ScoresFile} for its format.
     *
     * @param file written or replaced, atomically
     * @throws InputException if it cannot be written
     */
    public void write(Path file) {
        ScoresFile.write(file, LevelScores.of(this));
    }

    /**
     * Reads {@code scores.safetensors}, of whatever graph it is.
     *
     * @param file that {@link #write} wrote
     * @return its scores
     * @throws InputException in one line, naming the file, if it is no file of scores, is damaged, or has a score that
     *     is not finite
     */
    public static EdgeScores read(Path file) {
        return ScoresFile.read(file);
    }

    /**
     * Reads the scores of a model's graph, with or without embedding nodes.
     *
     * @param file that {@link #write} wrote
     * @param model the model's shape, with embedding nodes
     * @return its scores
     * @throws InputException as {@link #read(Path)}, and if the scores are of another graph
     */
    public static EdgeScores read(Path file, GraphShape model) {
        EdgeScores scores = ScoresFile.read(file);
        GraphShape shape = scores.graph.shape();
        if (!shape.equals(model) && !shape.equals(model.withoutEmbeddings())) {
            throw new InputException(file + ": holds scores of another graph: " + describe(shape)
                    + ", and the model has " + describe(model) + ": name the model that they were computed for");
        }
        return scores;
    }

    private static String describe(GraphShape shape) {
        return shape.layers() + " layers, " + shape.heads() + " heads, " + shape.kvHeads() + " key/value heads"
                + (shape.hasEmbeddings() ? ", " + String.join(" and ", shape.embeddings()) : ", no embedding nodes")
                + (shape.parallelBlocks() ? ", parallel blocks" : "");
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof EdgeScores s
                && graph.shape().equals(s.graph.shape())
                && Arrays.equals(values, s.values);
    }

    @Override
    public int hashCode() {
        return 31 * graph.shape().hashCode() + Arrays.hashCode(values);
    }

    @Override
    public String toString() {
        return "scores of " + values.length + " edges";
    }
}
