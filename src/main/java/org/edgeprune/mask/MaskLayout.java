package org.edgeprune.mask;

import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.graph.ReaderGroup;
import org.edgeprune.torch.Tensor;

/**
 * Where each edge's mask lies in one flat vector.
 *
 * <p>The vector holds one block for each {@link ReaderGroup}: {@code count} rows, one per reader, of {@code rowLength}
 * masks, one per writer. Normally rows hold just the edges that exist, so the vector is indexed by edge number. The
 * reference keeps a mask for every writer in every row, also for writers that come after the reader; those unused masks
 * are sampled, rounded and decayed, and shift its rounding of expected zeros. {@link #reference} reproduces that, for
 * its checkpoints and fixtures.
 */
public final class MaskLayout {
    private final ComputationGraph graph;
    private final boolean unusedRows;

    private MaskLayout(ComputationGraph graph, boolean unusedRows) {
        this.graph = graph;
        this.unusedRows = unusedRows;
    }

    /** One mask for each edge of the graph. */
    public static MaskLayout edges(ComputationGraph graph) {
        return new MaskLayout(graph, false);
    }

    /** The reference's layout: one mask for each reader and writer, used or not. */
    public static MaskLayout reference(ComputationGraph graph) {
        return new MaskLayout(graph, true);
    }

    public ComputationGraph graph() {
        return graph;
    }

    /** Whether masks exist for pairs that are no edges. */
    public boolean hasUnusedRows() {
        return unusedRows;
    }

    /** Length of the flat vector. */
    public int size() {
        return unusedRows ? Math.multiplyExact(graph.readers().size(), graph.nodeCount()) : graph.edgeCount();
    }

    /** Masks in one row of this group's block. */
    public int rowLength(ReaderGroup group) {
        return unusedRows ? graph.nodeCount() : group.visibleWriters();
    }

    /** Where the group's block starts in the flat vector. */
    public int offset(ReaderGroup group) {
        return unusedRows ? group.firstReader() * graph.nodeCount() : group.firstEdge();
    }

    /** Number of masks in the group's block. */
    public int blockSize(ReaderGroup group) {
        return group.count() * rowLength(group);
    }

    /** A view of the group's edge masks in the flat vector: {@code [count, visibleWriters]}. */
    public Tensor block(Tensor flat, ReaderGroup group) {
        return flat.narrow(0, offset(group), blockSize(group))
                .view(group.count(), rowLength(group))
                .narrow(1, 0, group.visibleWriters());
    }

    /** The masks of edges alone, by edge number. */
    public float[] edgesOf(float[] flat) {
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
    public float[] flatOf(float[] edges, float unused) {
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
