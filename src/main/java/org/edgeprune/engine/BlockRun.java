package org.edgeprune.engine;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.edgeprune.torch.GradMode;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;

/**
 * What a block computed, from leaves of autograd's graph where it was recorded.
 *
 * @param inputs what its readers saw, {@code [readers, tokens, hidden]}
 * @param nodeMasks of its writers, {@code [writers]}
 * @param neuronMasks of an MLP whose neurons have masks, {@code [inner]}
 * @param deltas of its writers, {@code [writers, tokens, hidden]}
 */
record BlockRun(Tensor inputs, Tensor nodeMasks, Optional<Tensor> neuronMasks, Tensor deltas) {
    /**
     * Computes a block.
     *
     * @param base what its readers see where all edges are cut
     * @param recorded whether for differentiation
     */
    static BlockRun of(Block block, Mux mux, Optional<Tensor> base, Tensor outbox, LiveMasks masks, boolean recorded) {
        Tensor inputs;
        try (Phase _ = Phase.of(Phase.Part.MIX)) {
            inputs = mux.read(base, outbox);
        }
        Tensor nodeMasks = masks.nodes(block.writers());
        Optional<Tensor> neuronMasks =
                block instanceof Block.Neurons mlp ? masks.neurons(mlp.layer()) : Optional.empty();
        if (!recorded) {
            try (Phase _ = Phase.of(Phase.Part.BLOCKS)) {
                return new BlockRun(inputs, nodeMasks, neuronMasks, block.deltas(inputs, nodeMasks, neuronMasks));
            }
        }
        inputs.requiresGrad_(true);
        nodeMasks.requiresGrad_(true);
        neuronMasks.ifPresent(masksOfNeurons -> masksOfNeurons.requiresGrad_(true));
        try (Phase _ = Phase.of(Phase.Part.BLOCKS);
                GradMode _ = GradMode.enabled()) {
            return new BlockRun(inputs, nodeMasks, neuronMasks, block.deltas(inputs, nodeMasks, neuronMasks));
        }
    }

    /** What is differentiated by: inputs, node masks, and neuron masks where there are some. */
    List<Tensor> leaves() {
        return Stream.concat(Stream.of(inputs, nodeMasks), neuronMasks.stream()).toList();
    }

    BlockRun keep(TensorScope scope) {
        scope.keep(inputs);
        scope.keep(nodeMasks);
        neuronMasks.ifPresent(scope::keep);
        scope.keep(deltas);
        return this;
    }
}
