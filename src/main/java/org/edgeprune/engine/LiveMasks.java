package org.edgeprune.engine;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.edgeprune.mask.MaskLayout;
import org.edgeprune.mask.Masks;
import org.edgeprune.torch.DType;
import org.edgeprune.torch.Index;
import org.edgeprune.torch.Tensor;

/**
 * The masks of the live nodes in a pass, and the positions of their gradients. Masks stay on their device; the host
 * reads once which of them are zero.
 */
final class LiveMasks {
    private final Masks masks;
    private final Liveness live;
    private final Tensor liveWriters;

    private LiveMasks(Masks masks, Liveness live) {
        this.masks = masks;
        this.live = live;
        this.liveWriters = live.writersOn(masks.edges().device());
    }

    /**
     * @param embeddingDeltas of the embedding nodes, the first writers. One that is zero everywhere is not live
     *     whatever its mask: clean and corrupted prompts of one length have the same position embeddings
     * @param coupled whether all heads of a layer must be computed if one is
     */
    static LiveMasks of(Masks masks, List<Tensor> embeddingDeltas, boolean coupled) {
        MaskLayout layout = masks.layout();
        int edges = layout.size();
        int nodes = layout.graph().nodeCount();
        List<Tensor> flags =
                new ArrayList<>(List.of(masks.edges().ne(0), masks.nodes().ne(0)));
        embeddingDeltas.forEach(delta -> flags.add(delta.ne(0).any().view(1)));
        boolean[] known = Tensor.cat(0, flags).toBooleans();
        boolean[] inert = new boolean[nodes];
        for (int i = 0; i < embeddingDeltas.size(); i++) {
            inert[i] = !known[edges + nodes + i];
        }
        return new LiveMasks(
                masks,
                Liveness.of(
                        layout,
                        Arrays.copyOf(known, edges),
                        Arrays.copyOfRange(known, edges, edges + nodes),
                        inert,
                        coupled));
    }

    Liveness live() {
        return live;
    }

    /** A mux for some readers; its masks {@code [readers, writers]} are zero towards writers that are not live. */
    EdgeMux mux(ReaderRows rows) {
        int writers = rows.first().visibleWriters();
        Tensor selected = Index.select(matrix(masks.edges(), rows), rows.numbers());
        return new EdgeMux(selected.mul(liveWriters.narrow(0, 0, writers)).contiguous());
    }

    /** Masks of some writers, {@code [writers]}, as a tensor of its own. */
    Tensor nodes(int[] writers) {
        return Index.select(masks.nodes(), writers).copy();
    }

    /** Masks of the neurons of a layer's MLP, {@code [inner]}, as a tensor of its own; empty where they have none. */
    Optional<Tensor> neurons(int layer) {
        return masks.neurons(layer).map(Tensor::copy);
    }

    /** The mask of one writer, a scalar. */
    Tensor node(int writer) {
        return masks.nodes().select(0, writer);
    }

    /** Writes the gradients of a mux's masks to their places among all masks' gradients. */
    void store(ReaderRows rows, Tensor gradients, Tensor all) {
        Index.store(matrix(all, rows), rows.numbers(), gradients);
    }

    /** Zeros for the gradients of all edge masks, in their layout. */
    Tensor newEdgeGradients() {
        return zerosLike(masks.edges());
    }

    /** Zeros for the gradients of all node masks. */
    Tensor newNodeGradients() {
        return zerosLike(masks.nodes());
    }

    /** Zeros for the gradients of all neuron masks, {@code [layers, inner]}; empty where neurons have none. */
    Optional<Tensor> newNeuronGradients() {
        int layers = masks.layout().graph().shape().layers();
        return masks.neurons().map(all -> zerosLike(all).view(layers, -1));
    }

    /** One where a node's mask is neither zero nor one, else zero: elsewhere the hard concrete has no gradient. */
    Tensor nodesInside() {
        return inside(masks.nodes());
    }

    /** The same of every neuron's mask, which there must be, {@code [layers * inner]}. */
    Tensor neuronsInside() {
        return inside(masks.neurons().orElseThrow());
    }

    private static Tensor inside(Tensor masks) {
        return masks.gt(0).and(masks.lt(1)).to(DType.F32);
    }

    private static Tensor zerosLike(Tensor tensor) {
        return Tensor.zeros(DType.F32, tensor.device(), tensor.shape());
    }

    private Tensor matrix(Tensor flat, ReaderRows rows) {
        int rowLength = masks.layout().rowLength(rows.first());
        return flat.narrow(0, masks.layout().offset(rows.first()), (long) rows.count() * rowLength)
                .view(rows.count(), rowLength)
                .narrow(1, 0, rows.first().visibleWriters());
    }
}
