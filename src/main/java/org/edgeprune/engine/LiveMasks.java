package org.edgeprune.engine;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.edgeprune.mask.MaskLayout;
import org.edgeprune.mask.Masks;
import org.edgeprune.model.TokenBatch;
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
    /** Of each token, {@code [tokens]}, i64; it matters where positions have masks of their own. */
    private final Tensor positions;

    private LiveMasks(Masks masks, Tensor positions, Liveness live) {
        this.masks = masks;
        this.positions = positions;
        this.live = live;
        this.liveWriters = live.writersOn(masks.edges().device());
    }

    /**
     * @param batch the tokens of the pass
     * @param embeddingDeltas of the embedding nodes, the first writers. One that is zero everywhere is not live
     *     whatever its mask: clean and corrupted prompts of one length have the same position embeddings
     * @param coupled whether all heads of a layer must be computed if one is
     */
    static LiveMasks of(Masks masks, TokenBatch batch, List<Tensor> embeddingDeltas, boolean coupled) {
        MaskLayout layout = masks.layout();
        requireFit(layout, batch);
        int edges = layout.perPosition();
        int nodes = layout.graph().nodeCount();
        List<Tensor> flags =
                new ArrayList<>(List.of(anywhere(masks), masks.nodes().ne(0)));
        embeddingDeltas.forEach(delta -> flags.add(delta.ne(0).any().view(1)));
        boolean[] known = Tensor.cat(0, flags).toBooleans();
        boolean[] inert = new boolean[nodes];
        for (int i = 0; i < embeddingDeltas.size(); i++) {
            inert[i] = !known[edges + nodes + i];
        }
        return new LiveMasks(
                masks,
                batch.positions(),
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

    /** Masks of other positions than a prompt has would be taken for those of its own. */
    private static void requireFit(MaskLayout layout, TokenBatch batch) {
        if (layout.byPosition() && batch.runs().stream().anyMatch(run -> run.wholeLength() != layout.positions())) {
            throw new IllegalArgumentException("masks of " + layout.positions() + " positions for prompts of "
                    + batch.runs().stream()
                            .map(TokenBatch.Run::wholeLength)
                            .distinct()
                            .toList() + " tokens");
        }
    }

    /** Which edges have a mask that is not zero, at any position. */
    private static Tensor anywhere(Masks masks) {
        return masks.layout().byPosition()
                ? masks.edges().view(masks.layout().positions(), -1).amax(0).ne(0)
                : masks.edges().ne(0);
    }

    /**
     * A mux for some readers; its masks are zero towards writers that are not live.
     *
     * @param tokens the numbers of those that read; empty for all
     */
    Mux mux(ReaderRows rows, Optional<Tensor> tokens) {
        Tensor writers = liveWriters.narrow(0, 0, rows.first().visibleWriters());
        Tensor selected = Index.select(matrix(masks.edges(), rows), rows.numbers())
                .mul(writers)
                .contiguous();
        return masks.layout().byPosition()
                ? new PositionMux(
                        selected.transpose(0, 1).contiguous(),
                        tokens.map(numbers -> positions.indexSelect(0, numbers)).orElse(positions))
                : new EdgeMux(selected);
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
        Tensor byReader = masks.layout().byPosition() ? gradients.transpose(0, 1) : gradients;
        Index.store(matrix(all, rows), rows.numbers(), byReader);
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

    /**
     * The values of some readers' edges: {@code [readers, writers]}, or {@code [readers, positions, writers]} where
     * positions have masks of their own.
     */
    private Tensor matrix(Tensor flat, ReaderRows rows) {
        MaskLayout layout = masks.layout();
        int rowLength = layout.rowLength(rows.first());
        int offset = layout.offset(rows.first());
        int writers = rows.first().visibleWriters();
        long length = (long) rows.count() * rowLength;
        return layout.byPosition()
                ? flat.view(layout.positions(), -1)
                        .narrow(1, offset, length)
                        .view(layout.positions(), rows.count(), rowLength)
                        .narrow(2, 0, writers)
                        .transpose(0, 1)
                : flat.narrow(0, offset, length).view(rows.count(), rowLength).narrow(1, 0, writers);
    }
}
