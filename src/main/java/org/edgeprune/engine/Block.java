package org.edgeprune.engine;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
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

/** One layer's attention or MLP in a masked pass: how what its writers add follows from what its readers see. */
sealed interface Block {
    /** Its readers, in the order of their inputs. */
    ReaderRows readers();

    /** Numbers of its writers, ascending. */
    int[] writers();

    /** The residual stream that its readers fall back on, {@code [tokens, hidden]}; empty for zero. */
    Optional<Tensor> base();

    /**
     * Differentiable in all arguments.
     *
     * @param inputs what each reader sees, {@code [readers, tokens, hidden]}
     * @param nodeMask of each writer, {@code [writers]}
     * @param neuronMask of each neuron, {@code [inner]}; empty where they have no masks, and for heads
     * @return delta_w of each writer: what it adds beyond the baseline, {@code [writers, tokens, hidden]}
     */
    Tensor deltas(Tensor inputs, Tensor nodeMask, Optional<Tensor> neuronMask);

    /**
     * Some heads of a layer.
     *
     * @param baseline what flows along cut edges, in this layer
     */
    record Heads(
            TransformerModel model,
            ComputationGraph graph,
            int layer,
            HeadSet set,
            TokenBatch batch,
            Baseline.Layer baseline)
            implements Block {
        @Override
        public ReaderRows readers() {
            ReaderGroup queries = graph.group(Reader.Kind.QUERY, layer);
            int all = graph.shape().kvHeads();
            int firstKey = queries.count();
            int firstValue = firstKey + all;
            int[] rows = IntStream.concat(
                            Arrays.stream(set.heads()),
                            IntStream.concat(
                                    Arrays.stream(set.kvHeads()).map(h -> firstKey + h),
                                    Arrays.stream(set.kvHeads()).map(h -> firstValue + h)))
                    .toArray();
            return new ReaderRows(queries, firstValue + all, rows);
        }

        @Override
        public int[] writers() {
            int first = graph.firstWriter(layer);
            return Arrays.stream(set.heads()).map(h -> first + h).toArray();
        }

        @Override
        public Optional<Tensor> base() {
            return baseline.attentionBase();
        }

        @Override
        public Tensor deltas(Tensor inputs, Tensor nodeMask, Optional<Tensor> neuronMask) {
            try (Part<SelfAttention> part = model.attention(layer)) {
                SelfAttention attention = part.get();
                List<Tensor> qkv = inputs.to(part.device())
                        .split(0, set.heads().length, set.kvHeads().length, set.kvHeads().length);
                KeyValues past = baseline.past().map(p -> p.to(part.device())).orElse(null);
                Tensor values = attention.values(qkv.get(0), qkv.get(1), qkv.get(2), set, batch, past);
                Tensor scale = nodeMask.to(part.device()).to(values.dtype()).view(-1, 1, 1);
                return baseline.headDeltas(attention, values, set.heads(), scale)
                        .to(model.device());
            }
        }
    }

    /**
     * A layer's MLP.
     *
     * @param baseline as for {@link Heads}
     */
    record Neurons(TransformerModel model, ComputationGraph graph, int layer, Baseline.Layer baseline)
            implements Block {
        @Override
        public ReaderRows readers() {
            return ReaderRows.single(graph.group(Reader.Kind.MLP, layer));
        }

        @Override
        public int[] writers() {
            return new int[] {graph.firstWriter(layer) + graph.shape().heads()};
        }

        @Override
        public Optional<Tensor> base() {
            return baseline.mlpBase();
        }

        @Override
        public Tensor deltas(Tensor inputs, Tensor nodeMask, Optional<Tensor> neuronMask) {
            try (Part<Mlp> mlp = model.mlp(layer)) {
                Tensor read = inputs.squeeze(0).to(mlp.device());
                Tensor output = neuronMask
                        .map(mask -> masked(mlp, read, mask))
                        .orElseGet(() -> mlp.get().apply(read))
                        .to(model.device());
                Tensor delta = baseline.mlpDelta(output);
                return delta.mul(nodeMask.to(delta.dtype())).unsqueeze(0);
            }
        }

        /** What the MLP adds with neurons of {@code z h + (1 - z) h'}, where h' is what cut ones carry. */
        private Tensor masked(Part<Mlp> mlp, Tensor read, Tensor mask) {
            Tensor active = mlp.get().neurons(read);
            Tensor scale = mask.to(mlp.device()).to(active.dtype());
            return mlp.get()
                    .write(baseline.neurons(mlp)
                            .map(cut -> cut.add(active.sub(cut).mul(scale)))
                            .orElseGet(() -> active.mul(scale)));
        }
    }
}
