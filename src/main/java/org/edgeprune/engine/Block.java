package org.edgeprune.engine;

import java.util.Arrays;
import java.util.List;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.graph.Reader;
import org.edgeprune.model.HeadSet;
import org.edgeprune.model.KeyValues;
import org.edgeprune.model.Mlp;
import org.edgeprune.model.Part;
import org.edgeprune.model.SelfAttention;
import org.edgeprune.model.TokenBatch;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.torch.Index;
import org.edgeprune.torch.Tensor;

/** One layer's attention or MLP in a masked pass: how what its writers add follows from what its readers see. */
sealed interface Block {
    /** Its readers, in the order of their inputs. */
    List<ReaderRows> readers();

    /** Numbers of its writers, ascending. */
    int[] writers();

    /**
     * The residual stream of the corrupted run that its readers fall back on, {@code [tokens, hidden]}; null for zero.
     */
    Tensor base();

    /**
     * Differentiable in both arguments.
     *
     * @param inputs what each reader sees, {@code [readers, tokens, hidden]}
     * @param nodeMask of each writer, {@code [writers]}
     * @return delta_w of each writer: what it adds beyond the corrupted run, {@code [writers, tokens, hidden]}
     */
    Tensor deltas(Tensor inputs, Tensor nodeMask);

    /**
     * Some heads of a layer, with a corrupted run to fall back on.
     *
     * @param corrupted that run's layer; null for zero ablation
     */
    record Heads(
            TransformerModel model,
            ComputationGraph graph,
            int layer,
            HeadSet set,
            TokenBatch batch,
            Baseline.Layer corrupted)
            implements Block {
        @Override
        public List<ReaderRows> readers() {
            return List.of(
                    new ReaderRows(graph.group(Reader.Kind.QUERY, layer), set.heads()),
                    new ReaderRows(graph.group(Reader.Kind.KEY, layer), set.kvHeads()),
                    new ReaderRows(graph.group(Reader.Kind.VALUE, layer), set.kvHeads()));
        }

        @Override
        public int[] writers() {
            int first = graph.firstWriter(layer);
            return Arrays.stream(set.heads()).map(h -> first + h).toArray();
        }

        @Override
        public Tensor base() {
            return corrupted == null ? null : corrupted.attentionInput();
        }

        @Override
        public Tensor deltas(Tensor inputs, Tensor nodeMask) {
            try (Part<SelfAttention> part = model.attention(layer)) {
                SelfAttention attention = part.get();
                List<Tensor> qkv = inputs.to(part.device())
                        .split(0, set.heads().length, set.kvHeads().length, set.kvHeads().length);
                KeyValues past = corrupted == null || corrupted.past() == null
                        ? null
                        : corrupted.past().to(part.device());
                Tensor values = attention.values(qkv.get(0), qkv.get(1), qkv.get(2), set, batch, past);
                Tensor scale = nodeMask.to(part.device()).to(values.dtype()).view(-1, 1, 1);
                return scaled(attention, values, scale).to(model.device());
            }
        }

        /** Node masks scale head values, which are narrower than what heads write. */
        private Tensor scaled(SelfAttention attention, Tensor values, Tensor scale) {
            if (corrupted == null) {
                Tensor deltas = attention.writeEach(values.mul(scale), set.heads());
                return attention.outputBias() == null
                        ? deltas
                        : deltas.add(attention.biasShare().mul(scale));
            }
            Tensor before = Index.select(corrupted.headValues().to(values.device()), set.heads());
            return attention.writeEach(values.sub(before).mul(scale), set.heads());
        }
    }

    /**
     * A layer's MLP.
     *
     * @param corrupted as for {@link Heads}
     */
    record Neurons(TransformerModel model, ComputationGraph graph, int layer, Baseline.Layer corrupted)
            implements Block {
        @Override
        public List<ReaderRows> readers() {
            return List.of(new ReaderRows(graph.group(Reader.Kind.MLP, layer), new int[] {0}));
        }

        @Override
        public int[] writers() {
            return new int[] {graph.firstWriter(layer) + graph.shape().heads()};
        }

        @Override
        public Tensor base() {
            return corrupted == null ? null : corrupted.mlpInput();
        }

        @Override
        public Tensor deltas(Tensor inputs, Tensor nodeMask) {
            try (Part<Mlp> mlp = model.mlp(layer)) {
                Tensor output =
                        mlp.get().apply(inputs.squeeze(0).to(mlp.device())).to(model.device());
                Tensor diff = corrupted == null ? output : output.sub(corrupted.mlpOutput());
                return diff.mul(nodeMask.to(diff.dtype())).unsqueeze(0);
            }
        }
    }
}
