package org.edgeprune.engine;

import java.util.Optional;
import org.edgeprune.torch.GradMode;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;

/**
 * What a block computed, from leaves of autograd's graph where it was recorded.
 *
 * @param inputs what its readers saw, {@code [readers, tokens, hidden]}
 * @param nodeMasks of its writers, {@code [writers]}
 * @param deltas of its writers, {@code [writers, tokens, hidden]}
 */
record BlockRun(Tensor inputs, Tensor nodeMasks, Tensor deltas) {
    /**
     * Computes a block.
     *
     * @param base what its readers see where all edges are cut
     * @param recorded whether for differentiation
     */
    static BlockRun of(
            Block block, EdgeMux mux, Optional<Tensor> base, Tensor outbox, LiveMasks masks, boolean recorded) {
        Tensor inputs;
        try (Phase _ = Phase.of(Phase.Part.MIX)) {
            inputs = mux.read(base, outbox);
        }
        Tensor nodeMasks = masks.nodes(block.writers());
        if (!recorded) {
            try (Phase _ = Phase.of(Phase.Part.BLOCKS)) {
                return new BlockRun(inputs, nodeMasks, block.deltas(inputs, nodeMasks));
            }
        }
        inputs.requiresGrad_(true);
        nodeMasks.requiresGrad_(true);
        try (Phase _ = Phase.of(Phase.Part.BLOCKS);
                GradMode _ = GradMode.enabled()) {
            return new BlockRun(inputs, nodeMasks, block.deltas(inputs, nodeMasks));
        }
    }

    BlockRun keep(TensorScope scope) {
        scope.keep(inputs);
        scope.keep(nodeMasks);
        scope.keep(deltas);
        return this;
    }
}
