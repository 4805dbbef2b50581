package org.edgeprune.engine;

import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.graph.GraphShape;
import org.edgeprune.graph.Reader;
import org.edgeprune.graph.Writer;
import org.edgeprune.model.HeadSet;
import org.edgeprune.model.KeyValues;
import org.edgeprune.model.Mlp;
import org.edgeprune.model.Part;
import org.edgeprune.model.SelfAttention;
import org.edgeprune.model.TokenBatch;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.torch.GradMode;
import org.edgeprune.torch.Index;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;

/**
 * Runs the full model with one edge cut (activation patching), for many edges into one reader at a time: each edge has
 * a copy of the prompts, and all copies go through the model together.
 *
 * <p>Up to the reader nothing changes, so a run begins there: with x the stream that the reader sees in the full model,
 * it sees {@code x - delta_w} where the edge from w is cut; what its block adds changes by the difference, and the
 * layers behind it run as ever. Nodes and neurons are cut in the same way, in what their block adds.
 */
public final class EdgeCuts {
    private final FullRun run;
    private final TransformerModel model;
    private final ComputationGraph graph;
    private final TokenBatch.Copies copies;
    private final Tensor scored;
    private final List<Optional<KeyValues>> pasts;
    private final Baseline baseline;

    private EdgeCuts(
            FullRun run, Baseline baseline, TokenBatch.Copies copies, Tensor scored, List<Optional<KeyValues>> pasts) {
        this.run = run;
        this.baseline = baseline;
        this.model = run.model();
        this.graph = run.graph();
        this.copies = copies;
        this.scored = scored;
        this.pasts = pasts;
    }

    /**
     * Prepares to cut edges.
     *
     * @param run the full model's run
     * @param baseline that its deltas are measured from
     * @param copies of the run's prompts, one for each edge that is cut at a time
     * @param scored numbers of the tokens whose final residual stream is wanted, in the copies, copy by copy, i64
     * @return what cuts them; its tensors belong to the current scope
     */
    public static EdgeCuts of(FullRun run, Baseline baseline, TokenBatch.Copies copies, Tensor scored) {
        List<Optional<KeyValues>> pasts = IntStream.range(0, run.graph().shape().layers())
                .mapToObj(layer -> baseline.layer(layer).past().map(past -> past.tokens(copies.pasts())))
                .toList();
        return new EdgeCuts(run, baseline, copies, scored, pasts);
    }

    /**
     * Cuts an edge in each copy.
     *
     * @param reader where the edges end
     * @param writers where each copy's edge begins; one for each copy
     * @return the final residual stream at the scored tokens, copy by copy, {@code [scored, hidden]}
     */
    public Tensor finalResidual(Reader reader, int[] writers) {
        TensorScope scope = TensorScope.open();
        try (scope;
                GradMode _ = GradMode.disabled()) {
            Tensor end = end(reader, writers);
            return scope.keep(end.indexSelect(0, scored));
        }
    }

    /**
     * Cuts a node in each copy, with all edges out of it.
     *
     * @param writers each copy's node; all embeddings, heads of one layer, or the MLP of one layer
     * @return as {@link #finalResidual(Reader, int[])}
     */
    public Tensor finalResidualWithout(int[] writers) {
        TensorScope scope = TensorScope.open();
        try (scope;
                GradMode _ = GradMode.disabled()) {
            Writer first = graph.writers().get(writers[0]);
            Tensor cut = deltas(writers).neg();
            Tensor end =
                    switch (first.kind()) {
                        case HEAD -> behindHeads(first.layer(), cut);
                        case MLP -> behindMlp(first.layer(), cut);
                        default -> layersFrom(0, copied(run.stream(0)).add(cut));
                    };
            return scope.keep(end.indexSelect(0, scored));
        }
    }

    /**
     * Cuts a neuron in each copy: it carries its activation in the baseline.
     *
     * @param layer whose MLP it is
     * @param neurons each copy's neuron
     * @return as {@link #finalResidual(Reader, int[])}
     */
    public Tensor finalResidualWithoutNeurons(int layer, int[] neurons) {
        TensorScope scope = TensorScope.open();
        try (scope;
                GradMode _ = GradMode.disabled();
                Part<Mlp> mlp = model.mlp(layer)) {
            Tensor active = mlp.get().neurons(run.stream(2 * layer + 1).to(mlp.device()));
            int inner = Math.toIntExact(active.size(1));
            float[] chosen = new float[neurons.length * inner];
            for (int copy = 0; copy < neurons.length; copy++) {
                chosen[copy * inner + neurons[copy]] = 1;
            }
            Tensor tokens = copies.tokens().to(mlp.device());
            Tensor cut = run.neuronDeltas(layer, baseline)
                    .indexSelect(0, tokens)
                    .mul(Tensor.of(chosen, neurons.length, inner)
                            .to(mlp.device())
                            .to(active.dtype())
                            .indexSelect(0, copies.copies().to(mlp.device())));
            Tensor change = mlp.get()
                    .write(active.indexSelect(0, tokens).sub(cut))
                    .to(model.device())
                    .sub(copied(run.output(2 * layer + 1, 1)));
            Tensor end = behindMlp(layer, change);
            return scope.keep(end.indexSelect(0, scored));
        }
    }

    /** The final stream where what the heads of a layer add changes. */
    private Tensor behindHeads(int layer, Tensor change) {
        Tensor middle =
                copied(run.stream(2 * layer).add(run.output(2 * layer, 1))).add(change);
        Tensor mlp = graph.shape().parallelBlocks()
                ? copied(run.output(2 * layer + 1, 1))
                : new FullBlock.Neurons(model, graph, layer, false).output(middle);
        return layersFrom(layer + 1, middle.add(mlp));
    }

    /** The final stream where what the MLP of a layer adds changes. */
    private Tensor behindMlp(int layer, Tensor change) {
        return layersFrom(layer + 1, copied(run.stream(2 * layer + 2)).add(change));
    }

    private Tensor layersFrom(int layer, Tensor stream) {
        Tensor behind = stream;
        for (int next = layer; next < graph.shape().layers(); next++) {
            behind = layer(next, behind);
        }
        return behind;
    }

    private Tensor end(Reader reader, int[] writers) {
        Tensor cut = deltas(writers).neg();
        if (reader.kind() == Reader.Kind.RESID_POST) {
            return copied(run.finalResidual()).add(cut);
        }
        int block = 2 * reader.layer() + (reader.kind() == Reader.Kind.MLP ? 1 : 0);
        return layersFrom(
                reader.layer() + 1, layerWith(reader, copied(run.stream(block)).add(cut)));
    }

    /** The stream behind a layer, one of whose readers sees something else. */
    private Tensor layerWith(Reader reader, Tensor seen) {
        int layer = reader.layer();
        Tensor before = run.stream(2 * layer);
        Tensor middle = before.add(run.output(2 * layer, 1));
        FullBlock.Neurons neurons = new FullBlock.Neurons(model, graph, layer, false);
        if (reader.kind() == Reader.Kind.MLP) {
            return copied(middle).add(neurons.output(seen));
        }
        Tensor changed = copied(middle).add(changeOfHeads(reader, seen));
        return graph.shape().parallelBlocks()
                ? changed.add(copied(run.output(2 * layer + 1, 1)))
                : changed.add(neurons.output(changed));
    }

    /** How what the heads write changes, {@code [tokens, hidden]}. */
    private Tensor changeOfHeads(Reader reader, Tensor seen) {
        GraphShape shape = graph.shape();
        int layer = reader.layer();
        int[] changed = model.coupledHeads()
                ? IntStream.range(0, shape.heads()).toArray()
                : graph.fedBy(reader).stream().mapToInt(Writer::head).toArray();
        HeadSet set = HeadSet.of(changed, shape.heads(), shape.kvHeads());
        Tensor usual = copied(run.stream(2 * layer));
        try (Part<SelfAttention> part = model.attention(layer)) {
            SelfAttention attention = part.get();
            Tensor values = attention.values(
                    inputs(reader, Reader.Kind.QUERY, set.heads(), usual, seen).to(part.device()),
                    inputs(reader, Reader.Kind.KEY, set.kvHeads(), usual, seen).to(part.device()),
                    inputs(reader, Reader.Kind.VALUE, set.kvHeads(), usual, seen)
                            .to(part.device()),
                    set,
                    copies.batch(),
                    pasts.get(layer).map(past -> past.to(part.device())).orElse(null));
            Tensor before = Index.select(run.values(layer), set.heads())
                    .indexSelect(1, copies.tokens())
                    .to(part.device());
            return attention.writeEach(values.sub(before), set.heads()).sum(0).to(model.device());
        }
    }

    /** What each of some heads reads: the reader something else, the others the usual. */
    private static Tensor inputs(Reader reader, Reader.Kind kind, int[] heads, Tensor usual, Tensor seen) {
        return Tensor.stack(
                0,
                IntStream.of(heads)
                        .mapToObj(head -> kind == reader.kind() && head == reader.head() ? seen : usual)
                        .toList());
    }

    private Tensor layer(int layer, Tensor before) {
        TensorScope scope = TensorScope.open();
        try (scope) {
            FullBlock heads = new FullBlock.Heads(model, graph, layer, copies.batch(), pasts.get(layer));
            FullBlock neurons = new FullBlock.Neurons(model, graph, layer, false);
            Tensor middle = before.add(heads.output(before));
            Tensor mlpInput = graph.shape().parallelBlocks() ? before : middle;
            return scope.keep(middle.add(neurons.output(mlpInput)));
        }
    }

    /** A tensor of the prompts' tokens, {@code [tokens, hidden]}, for each copy. */
    private Tensor copied(Tensor tokens) {
        return tokens.indexSelect(0, copies.tokens());
    }

    /** delta_w of each copy's writer, {@code [copies * tokens, hidden]}. */
    private Tensor deltas(int[] writers) {
        Tensor all = run.deltas();
        Tensor first = Tensor.of(
                        IntStream.of(writers).mapToLong(w -> w * all.size(1)).toArray(), writers.length)
                .to(all.device());
        Tensor rows = first.indexSelect(0, copies.copies()).add(copies.tokens());
        return all.view(-1, all.size(2)).indexSelect(0, rows);
    }
}
