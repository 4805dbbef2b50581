package org.edgeprune.engine;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.edgeprune.model.Mlp;
import org.edgeprune.model.Part;
import org.edgeprune.model.SelfAttention;
import org.edgeprune.model.TokenBatch;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.torch.GradMode;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;

/**
 * What a plain run of the model leaves behind for masked runs to fall back on: normally the run on the corrupted prompts.
 *
 * <p>Head outputs are kept before the output projection, so a baseline is a few residual streams a layer, not one a writer. The
 * tensors belong to the scope in which it was made.
 *
 * @param embeddings what each embedding node adds, {@code [tokens, hidden]} each
 * @param layers one entry a layer
 * @param finalResidual the residual stream that {@code resid_post} reads, {@code [tokens, hidden]}
 */
public record Baseline(List<Tensor> embeddings, List<Layer> layers, Tensor finalResidual) {
    /**
     * @param attentionInput residual stream before attention, {@code [tokens, hidden]}
     * @param headValues head outputs before W_O, {@code [heads, tokens, headDim]}
     * @param mlpInput residual stream before the MLP, {@code [tokens, hidden]}
     * @param mlpOutput what the MLP adds, {@code [tokens, hidden]}
     */
    public record Layer(Tensor attentionInput, Tensor headValues, Tensor mlpInput, Tensor mlpOutput) {}

    /** Runs the model on a batch, every reader seeing the whole residual stream. */
    public static Baseline record(TransformerModel model, TokenBatch batch) {
        try (GradMode off = GradMode.disabled()) {
            List<Tensor> embeddings = model.embeddings(batch);
            Tensor residual = sum(embeddings);
            List<Layer> layers = new ArrayList<>();
            for (int i = 0; i < model.graphShape().layers(); i++) {
                // A scope a layer: what it computes on the way is gone when it is done.
                TensorScope scope = TensorScope.open();
                try (scope) {
                    Attended attended = attend(model, i, residual, batch);
                    Tensor mlpInput = model.graphShape().parallelBlocks() ? residual : attended.residual();
                    Tensor mlpOutput = transform(model, i, mlpInput);
                    layers.add(new Layer(residual, scope.keep(attended.headValues()), scope.keep(mlpInput), scope.keep(mlpOutput)));
                    residual = scope.keep(attended.residual().add(mlpOutput));
                }
            }
            return new Baseline(embeddings, List.copyOf(layers), residual);
        }
    }

    /** A layer's head values and the residual stream after its attention. */
    private record Attended(Tensor headValues, Tensor residual) {}

    private static Attended attend(TransformerModel model, int layer, Tensor residual, TokenBatch batch) {
        try (Part<SelfAttention> attention = model.attention(layer)) {
            Tensor values = attention.get().sharedValues(residual.to(attention.device()), batch);
            Tensor written = attention.get().write(values).to(model.device());
            return new Attended(values.to(model.device()), residual.add(written));
        }
    }

    /** What a layer's MLP adds. */
    private static Tensor transform(TransformerModel model, int layer, Tensor residual) {
        try (Part<Mlp> mlp = model.mlp(layer)) {
            return mlp.get().apply(residual.to(mlp.device())).to(model.device());
        }
    }

    /**
     * The plain model: logits at the scored tokens, {@code [scored, vocab]}.
     *
     * @param scored token numbers, i64; null for all tokens
     */
    public static Tensor logits(TransformerModel model, TokenBatch batch, Tensor scored) {
        try (GradMode off = GradMode.disabled();
                TensorScope scope = TensorScope.open()) {
            Tensor residual = finalResidual(model, batch);
            return scope.keep(model.logits(scored == null ? residual : residual.indexSelect(0, scored)));
        }
    }

    /**
     * The plain model up to its final norm, {@code [tokens, hidden]}: the residual stream that {@code resid_post} reads. Recorded for
     * differentiation where gradients are on and the model's parameters require them.
     */
    public static Tensor finalResidual(TransformerModel model, TokenBatch batch) {
        TensorScope outer = TensorScope.open();
        try (outer) {
            Tensor residual = sum(model.embeddings(batch));
            for (int i = 0; i < model.graphShape().layers(); i++) {
                // A scope a layer: only the residual stream outlives it.
                TensorScope scope = TensorScope.open();
                try (scope) {
                    Tensor middle = attend(model, i, residual, batch).residual();
                    Tensor mlpInput = model.graphShape().parallelBlocks() ? residual : middle;
                    residual = scope.keep(middle.add(transform(model, i, mlpInput)));
                }
            }
            return outer.keep(residual);
        }
    }

    /**
     * What every writer adds to the residual stream, {@code [writers, tokens, hidden]}: the reference's writer states. Each head
     * carries an equal share of its layer's output bias.
     *
     * @param withEmbeddings whether embedding nodes are writers
     */
    public Tensor writerStates(TransformerModel model, boolean withEmbeddings) {
        try (GradMode off = GradMode.disabled();
                TensorScope scope = TensorScope.open()) {
            List<Tensor> states = new ArrayList<>();
            if (withEmbeddings) {
                embeddings.forEach(e -> states.add(e.unsqueeze(0)));
            }
            for (int i = 0; i < layers.size(); i++) {
                try (Part<SelfAttention> part = model.attention(i)) {
                    SelfAttention attention = part.get();
                    Tensor values = layers.get(i).headValues().to(part.device());
                    Tensor heads = attention.writeEach(values, IntStream.range(0, attention.heads()).toArray());
                    Tensor outputs = attention.outputBias() == null ? heads : heads.add(attention.biasShare());
                    states.add(outputs.to(model.device()));
                }
                states.add(layers.get(i).mlpOutput().unsqueeze(0));
            }
            return scope.keep(Tensor.cat(0, states));
        }
    }

    /** Some neighbouring tokens of this run, as views. */
    public Baseline tokens(int first, int count) {
        return new Baseline(
                embeddings.stream().map(e -> e.narrow(0, first, count)).toList(),
                layers.stream()
                        .map(l -> new Layer(
                                l.attentionInput().narrow(0, first, count),
                                l.headValues().narrow(1, first, count),
                                l.mlpInput().narrow(0, first, count),
                                l.mlpOutput().narrow(0, first, count)))
                        .toList(),
                finalResidual.narrow(0, first, count));
    }

    /** Runs joined token by token, in their order. */
    public static Baseline cat(List<Baseline> runs) {
        Baseline first = runs.get(0);
        return new Baseline(
                IntStream.range(0, first.embeddings().size())
                        .mapToObj(e -> joined(0, runs, run -> run.embeddings().get(e)))
                        .toList(),
                IntStream.range(0, first.layers().size())
                        .mapToObj(l -> new Layer(
                                joined(0, runs, run -> run.layers().get(l).attentionInput()),
                                joined(1, runs, run -> run.layers().get(l).headValues()),
                                joined(0, runs, run -> run.layers().get(l).mlpInput()),
                                joined(0, runs, run -> run.layers().get(l).mlpOutput())))
                        .toList(),
                joined(0, runs, Baseline::finalResidual));
    }

    private static Tensor joined(int dim, List<Baseline> runs, Function<Baseline, Tensor> part) {
        return Tensor.cat(dim, runs.stream().map(part).toList());
    }

    /** Every tensor of this run. */
    public List<Tensor> tensors() {
        List<Tensor> all = new ArrayList<>(embeddings);
        for (Layer layer : layers) {
            all.addAll(List.of(layer.attentionInput(), layer.headValues(), layer.mlpInput(), layer.mlpOutput()));
        }
        all.add(finalResidual);
        return all;
    }

    static Tensor sum(List<Tensor> tensors) {
        return tensors.stream().reduce(Tensor::add).orElseThrow();
    }
}
