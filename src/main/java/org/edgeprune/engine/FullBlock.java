package org.edgeprune.engine;

import java.util.List;
import java.util.Optional;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.graph.Reader;
import org.edgeprune.graph.ReaderGroup;
import org.edgeprune.model.HeadSet;
import org.edgeprune.model.KeyValues;
import org.edgeprune.model.Mlp;
import org.edgeprune.model.Part;
import org.edgeprune.model.SelfAttention;
import org.edgeprune.model.TokenBatch;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.torch.Tensor;

/** One layer's attention or MLP in the full model, where all its readers see the same residual stream. */
sealed interface FullBlock {
    /** The group of its first reader: the others follow it, and all see the same writers. */
    ReaderGroup firstGroup();

    /** Number of its readers. */
    int readers();

    /** Number of its first writer. */
    int firstWriter();

    /** Number of its writers. */
    int writers();

    /**
     * What its writers add together, by the ordinary computation.
     *
     * @param stream what every reader sees, {@code [tokens, hidden]}
     * @return {@code [tokens, hidden]}
     */
    Tensor output(Tensor stream);

    /**
     * The same, with an input for each reader, so that it can be differentiated by each.
     *
     * @param inputs what each reader sees, {@code [readers, tokens, hidden]}
     * @return what was computed
     */
    Computed compute(Tensor inputs);

    /**
     * What a block computed.
     *
     * @param output what its writers add together, {@code [tokens, hidden]}, on the model's device
     * @param neurons of an MLP, activations that the output was computed from, {@code [tokens, inner]}
     */
    record Computed(Tensor output, Optional<Tensor> neurons) {}

    /**
     * All heads of a layer.
     *
     * @param past keys and values of the tokens before a batch of tails
     */
    record Heads(TransformerModel model, ComputationGraph graph, int layer, TokenBatch batch, Optional<KeyValues> past)
            implements FullBlock {
        @Override
        public ReaderGroup firstGroup() {
            return graph.group(Reader.Kind.QUERY, layer);
        }

        @Override
        public int readers() {
            return graph.shape().heads() + 2 * graph.shape().kvHeads();
        }

        @Override
        public int firstWriter() {
            return graph.firstWriter(layer);
        }

        @Override
        public int writers() {
            return graph.shape().heads();
        }

        @Override
        public Tensor output(Tensor stream) {
            try (Part<SelfAttention> part = model.attention(layer)) {
                SelfAttention attention = part.get();
                Tensor values = attention
                        .shared(stream.to(part.device()), batch, past(part))
                        .heads();
                return attention.write(values).to(model.device());
            }
        }

        @Override
        public Computed compute(Tensor inputs) {
            try (Part<SelfAttention> part = model.attention(layer)) {
                SelfAttention attention = part.get();
                int kvHeads = graph.shape().kvHeads();
                HeadSet all = HeadSet.all(graph.shape().heads(), kvHeads);
                List<Tensor> qkv = inputs.to(part.device()).split(0, all.count(), kvHeads, kvHeads);
                Tensor values = attention.values(qkv.get(0), qkv.get(1), qkv.get(2), all, batch, past(part));
                return new Computed(attention.write(values).to(model.device()), Optional.empty());
            }
        }

        private KeyValues past(Part<SelfAttention> part) {
            return past.map(p -> p.to(part.device())).orElse(null);
        }
    }

    /**
     * A layer's MLP.
     *
     * @param separate whether gradients of its neurons are wanted
     */
    record Neurons(TransformerModel model, ComputationGraph graph, int layer, boolean separate) implements FullBlock {
        @Override
        public ReaderGroup firstGroup() {
            return graph.group(Reader.Kind.MLP, layer);
        }

        @Override
        public int readers() {
            return 1;
        }

        @Override
        public int firstWriter() {
            return graph.firstWriter(layer) + graph.shape().heads();
        }

        @Override
        public int writers() {
            return 1;
        }

        @Override
        public Tensor output(Tensor stream) {
            try (Part<Mlp> mlp = model.mlp(layer)) {
                return FullModel.transform(model, mlp, stream);
            }
        }

        @Override
        public Computed compute(Tensor inputs) {
            if (!separate) {
                return new Computed(output(inputs.squeeze(0)), Optional.empty());
            }
            try (Part<Mlp> mlp = model.mlp(layer)) {
                Tensor neurons = mlp.get().neurons(inputs.squeeze(0).to(mlp.device()));
                return new Computed(mlp.get().write(neurons).to(model.device()), Optional.of(neurons));
            }
        }
    }
}
