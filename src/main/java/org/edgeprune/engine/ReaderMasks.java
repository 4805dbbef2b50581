package org.edgeprune.engine;

import java.util.List;
import org.edgeprune.mask.MaskLayout;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.Index;
import org.edgeprune.torch.Tensor;

/** The masks that readers of a pass see, and where gradients of these masks go. */
final class ReaderMasks {
    private final MaskLayout layout;
    private final float[] edges;
    private final Liveness live;
    private final Device device;

    /** @param edges edge masks by edge number */
    ReaderMasks(MaskLayout layout, float[] edges, Liveness live, Device device) {
        this.layout = layout;
        this.edges = edges;
        this.live = live;
        this.device = device;
    }

    /**
     * A mux for readers that all see the same writers; its masks {@code [readers, writers]} are zero towards writers
     * that are not live.
     */
    EdgeMux mux(List<ReaderRows> rows) {
        int writers = rows.get(0).group().visibleWriters();
        int readers = rows.stream().mapToInt(r -> r.numbers().length).sum();
        float[] z = new float[readers * writers];
        int next = 0;
        for (ReaderRows some : rows) {
            for (int row : some.numbers()) {
                int first = some.group().firstEdge() + row * writers;
                for (int w = 0; w < writers; w++) {
                    z[next++] = live.writer(w) ? edges[first + w] : 0;
                }
            }
        }
        return new EdgeMux(Tensor.of(z, readers, writers).to(device));
    }

    /** Writes the gradients of a mux's masks to their places among all masks' gradients. */
    void store(List<ReaderRows> rows, Tensor gradients, Tensor all) {
        int next = 0;
        for (ReaderRows some : rows) {
            int count = some.numbers().length;
            Index.store(layout.block(all, some.group()), some.numbers(), gradients.narrow(0, next, count));
            next += count;
        }
    }
}
