package org.edgeprune.mask;

import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.graph.ReaderGroup;
import org.edgeprune.torch.Tensor;

/**
 * The place of each edge's mask in one flat vector.
 *
 * <p>The vector consists of one block for each {@link ReaderGroup}: {@code count} rows, one per reader, of
 * {@code rowLength} masks, one per writer. Normally rows contain only the edges that exist, so the vector is indexed by
 * edge number. The published implementation keeps a mask for every writer in every row, also for writers that come
 * after the reader; those unused masks are sampled, rounded and decayed, and affect its rounding of expected zeros.
 * {@link #reference} reproduces that, for its checkpoints and fixtures.
 *
 * <p>Where every position of the prompts has masks of its own ({@link #positions(ComputationGraph, int)}), the vector
 * consists of one such vector for each position, from the first position on.
 */
public final class MaskLayout {
    private final ComputationGraph graph;
    private final boolean unusedRows;
    private final int positions;

    private MaskLayout(ComputationGraph graph, boolean unusedRows, int positions) {
        this.graph = graph;
        this.unusedRows = unusedRows;
        this.positions = positions;
    }

    /**
     * The layout with one mask for each edge of the graph.
     *
     * @param graph the graph
     * @return a layout of {@code graph.edgeCount()} masks
     */
    public static MaskLayout edges(ComputationGraph graph) {
        return positions(graph, 1);
    }

    /**
     * The layout with one mask for each edge at each position, for prompts that all have as many tokens. Of one
     * position it is {@link #edges}.
     *
     * @param graph the graph
     * @param count tokens of each prompt, at least 1
     * @return a layout of {@code count * graph.edgeCount()} masks
     * @throws IllegalArgumentException if there are no positions, or more masks than a vector can have
     */
    public static MaskLayout positions(ComputationGraph graph, int count) {
        if (count < 1 || (long) count * graph.edgeCount() > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("masks of " + graph.edgeCount() + " edges at " + count + " positions");
        }
        return new MaskLayout(graph, false, count);
    }

    /**
     * The layout of the published implementation: one mask for each pair of a reader and a writer, used or not.
     *
     * @param graph the graph
     * @return a layout of readers x writers masks
     */
    public static MaskLayout reference(ComputationGraph graph) {
        return new MaskLayout(graph, true, 1);
    }

    /**
     * The graph that the masks belong to.
     *
     * @return the graph
     */
    public ComputationGraph graph() {
        return graph;
    }

    /** Whether there are masks for pairs that are not edges. */
    boolean hasUnusedRows() {
        return unusedRows;
    }

    /**
     * The length of the flat vector.
     *
     * @return number of masks
     */
    public int size() {
        return Math.multiplyExact(positions, perPosition());
    }

    /**
     * The number of positions that have masks of their own.
     *
     * @return tokens of each prompt; 1 where all tokens have the same masks
     */
    public int positions() {
        return positions;
    }

    /**
     * Whether positions have masks of their own.
     *
     * @return whether there is more than one
     */
    public boolean byPosition() {
        return positions > 1;
    }

    /**
     * The length of the part of the vector that belongs to one position.
     *
     * @return number of masks
     */
    public int perPosition() {
        return unusedRows ? Math.multiplyExact(graph.readers().size(), graph.nodeCount()) : graph.edgeCount();
    }

    /**
     * The number of masks in one row of a group's block.
     *
     * @param group a reader group of the graph
     * @return number of writers that have a mask in the row
     */
    public int rowLength(ReaderGroup group) {
        return unusedRows ? graph.nodeCount() : group.visibleWriters();
    }

    /**
     * The place of a group's block in the flat vector, or in each position's part of it.
     *
     * @param group a reader group of the graph
     * @return index of its first mask, from the beginning of the part
     */
    public int offset(ReaderGroup group) {
        return unusedRows ? group.firstReader() * graph.nodeCount() : group.firstEdge();
    }

    /** Number of masks in the group's block. */
    int blockSize(ReaderGroup group) {
        return group.count() * rowLength(group);
    }

    /** A view of the group's edge masks in a flat vector of one position: {@code [count, visibleWriters]}. */
    Tensor block(Tensor flat, ReaderGroup group) {
        return flat.narrow(0, offset(group), blockSize(group))
                .view(group.count(), rowLength(group))
                .narrow(1, 0, group.visibleWriters());
    }

    /** The masks of edges only, position by position, by edge number. */
    float[] edgesOf(float[] flat) {
        if (!unusedRows) {
            return flat.clone();
        }
        float[] edges = new float[graph.edgeCount()];
        for (ReaderGroup group : graph.groups()) {
            for (int row = 0; row < group.count(); row++) {
                System.arraycopy(
                        flat,
                        offset(group) + row * rowLength(group),
                        edges,
                        group.firstEdge() + row * group.visibleWriters(),
                        group.visibleWriters());
            }
        }
        return edges;
    }

    /** The inverse of {@link #edgesOf}; unused masks become {@code unused}. */
    float[] flatOf(float[] edges, float unused) {
        if (!unusedRows) {
            return edges.clone();
        }
        float[] flat = new float[size()];
        java.util.Arrays.fill(flat, unused);
        for (ReaderGroup group : graph.groups()) {
            for (int row = 0; row < group.count(); row++) {
                System.arraycopy(
                        edges,
                        group.firstEdge() + row * group.visibleWriters(),
                        flat,
                        offset(group) + row * rowLength(group),
                        group.visibleWriters());
            }
        }
        return flat;
    }
}
