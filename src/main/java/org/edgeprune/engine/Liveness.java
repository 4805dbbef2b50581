package org.edgeprune.engine;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.graph.Reader;
import org.edgeprune.graph.ReaderGroup;
import org.edgeprune.mask.MaskLayout;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.Tensor;

/**
 * Which nodes take part at given masks: a writer is live if its mask is not zero and a live reader reads it with a mask
 * that is not zero; a reader is live if it feeds a live writer, or is {@code resid_post}. Everything else cannot change
 * the output and has zero gradient, so it is not computed.
 */
final class Liveness {
    private final boolean[] writers;

    private Liveness(boolean[] writers) {
        this.writers = writers;
    }

    /**
     * @param edges whether each edge's mask is not zero, flat as in the layout
     * @param nodes whether each writer's mask is not zero
     * @param inert writers whose delta is known to be zero whatever the masks
     * @param coupled whether all heads of a layer must be computed if one is
     */
    static Liveness of(MaskLayout layout, boolean[] edges, boolean[] nodes, boolean[] inert, boolean coupled) {
        ComputationGraph graph = layout.graph();
        boolean[] writers = new boolean[graph.nodeCount()];
        for (int g = graph.groups().size() - 1; g >= 0; g--) {
            ReaderGroup group = graph.groups().get(g);
            if (coupled && group.kind() == Reader.Kind.VALUE) {
                spread(writers, graph.firstWriter(group.layer()), graph.shape().heads());
            }
            for (int row = 0; row < group.count(); row++) {
                Reader reader = graph.readers().get(group.firstReader() + row);
                if (reader.kind() != Reader.Kind.RESID_POST
                        && graph.fedBy(reader).stream().noneMatch(w -> writers[w.index()])) {
                    continue;
                }
                int first = layout.offset(group) + row * layout.rowLength(group);
                for (int w = 0; w < group.visibleWriters(); w++) {
                    writers[w] |= edges[first + w] && nodes[w] && !inert[w];
                }
            }
        }
        return new Liveness(writers);
    }

    /** If one of these writers is live, all are. */
    private static void spread(boolean[] writers, int first, int count) {
        boolean any = IntStream.range(first, first + count).anyMatch(w -> writers[w]);
        Arrays.fill(writers, first, first + count, any);
    }

    boolean writer(int index) {
        return writers[index];
    }

    /** One for each live writer, zero for the others, {@code [nodes]}, F32. */
    Tensor writersOn(Device device) {
        float[] live = new float[writers.length];
        for (int w = 0; w < live.length; w++) {
            live[w] = writers[w] ? 1 : 0;
        }
        return Tensor.of(live, live.length).to(device);
    }

    /** The live query heads of a layer, ascending. */
    int[] heads(ComputationGraph graph, int layer) {
        int first = graph.firstWriter(layer);
        return IntStream.range(0, graph.shape().heads())
                .filter(h -> writers[first + h])
                .toArray();
    }
}
