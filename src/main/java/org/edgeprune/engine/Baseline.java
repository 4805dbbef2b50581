package org.edgeprune.engine;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.edgeprune.model.KeyValues;
import org.edgeprune.model.Mlp;
import org.edgeprune.model.Part;
import org.edgeprune.model.SelfAttention;
import org.edgeprune.model.TokenBatch;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.torch.GradMode;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;

/**
 * What a plain run of the model leaves behind for masked runs to fall back on: normally the run on the corrupted
 * prompts.
 *
 * <p>Head outputs are kept before the output projection, so a baseline is a few residual streams a layer, not one a
 * writer. Of the pasts of a batch of tails only keys and values are kept. The tensors belong to the scope in which it
 * was made.
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
     * @param past keys and values of the pasts; null where there are none
     */
    public record Layer(Tensor attentionInput, Tensor headValues, Tensor mlpInput, Tensor mlpOutput, KeyValues past) {
        private Layer tokens(Tensor numbers) {
            return new Layer(
                    attentionInput.indexSelect(0, numbers),
                    headValues.indexSelect(1, numbers),
                    mlpInput.indexSelect(0, numbers),
                    mlpOutput.indexSelect(0, numbers),
                    past);
        }
    }

    /**
     * Two runs made together.
     *
     * @param corrupted what the tails of the corrupted prompts leave behind
     * @param clean final residual stream of the tails of the clean prompts, {@code [tokens, hidden]}
     */
    public record Pair(Baseline corrupted, Tensor clean) {}

    /** Runs the model on a batch, every reader seeing the whole residual stream. */
    public static Baseline record(TransformerModel model, TokenBatch batch) {
        return record(model, batch, batch, false).corrupted();
    }

    /**
     * Runs the model on corrupted and on clean prompts layer by layer, so that a layer that is brought in serves both.
     *
     * @param corrupted the corrupted prompts, whole
     * @param clean tails of the clean prompts, whose pasts are those of the corrupted ones
     */
    public static Pair record(TransformerModel model, TokenBatch corrupted, TokenBatch clean) {
        return record(model, corrupted, clean, true);
    }

    private static Pair record(TransformerModel model, TokenBatch whole, TokenBatch tails, boolean both) {
        // What the tails do not need of the whole run goes as soon as it has ended.
        TensorScope outer = TensorScope.open();
        try (outer;
                GradMode off = GradMode.disabled()) {
            boolean all = tails.pastCount() == 0;
            Tensor kept = all ? null : tails.tokensIn(whole);
            Tensor pasts = all ? null : tails.pastIn(whole);
            List<Tensor> embeddings = model.embeddings(whole);
            Tensor residual = sum(embeddings);
            Tensor clean = both ? sum(model.embeddings(tails)) : null;
            List<Layer> layers = new ArrayList<>();
            for (int i = 0; i < model.graphShape().layers(); i++) {
                // A scope a layer: what it computes on the way is gone when it is done.
                TensorScope scope = TensorScope.open();
                try (scope) {
                    Attended attended;
                    KeyValues past;
                    Tensor cleanMiddle = null;
                    try (Part<SelfAttention> attention = model.attention(i)) {
                        attended = attend(model, attention, residual, whole, null);
                        past = all
                                ? null
                                : attended.keyValues().to(model.device()).tokens(pasts);
                        if (both) {
                            cleanMiddle =
                                    attend(model, attention, clean, tails, past).residual();
                        }
                    }
                    boolean parallel = model.graphShape().parallelBlocks();
                    Tensor mlpInput = parallel ? residual : attended.residual();
                    Tensor mlpOutput;
                    try (Part<Mlp> mlp = model.mlp(i)) {
                        mlpOutput = transform(model, mlp, mlpInput);
                        if (both) {
                            clean = scope.keep(cleanMiddle.add(transform(model, mlp, parallel ? clean : cleanMiddle)));
                        }
                    }
                    Layer layer = new Layer(residual, attended.heads().to(model.device()), mlpInput, mlpOutput, past);
                    layers.add(all ? layer : layer.tokens(kept));
                    tensors(layers.get(i)).forEach(scope::keep);
                    residual = scope.keep(attended.residual().add(mlpOutput));
                }
            }
            Baseline run = all
                    ? new Baseline(embeddings, List.copyOf(layers), residual)
                    : new Baseline(
                            embeddings.stream().map(e -> e.indexSelect(0, kept)).toList(),
                            List.copyOf(layers),
                            residual.indexSelect(0, kept));
            run.tensors().forEach(outer::keep);
            return new Pair(run, both ? outer.keep(clean) : null);
        }
    }

    /**
     * The residual stream after a layer's attention; on the layer's own device its head values, and keys and values.
     */
    private record Attended(Tensor heads, Tensor residual, KeyValues keyValues) {}

    private static Attended attend(
            TransformerModel model, Part<SelfAttention> attention, Tensor residual, TokenBatch batch, KeyValues past) {
        KeyValues before = past == null ? null : past.to(attention.device());
        SelfAttention.Shared shared = attention.get().shared(residual.to(attention.device()), batch, before);
        Tensor written = attention.get().write(shared.heads()).to(model.device());
        return new Attended(shared.heads(), residual.add(written), shared.keyValues());
    }

    /** What a layer's MLP adds. */
    private static Tensor transform(TransformerModel model, Part<Mlp> mlp, Tensor residual) {
        return mlp.get().apply(residual.to(mlp.device())).to(model.device());
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
     * The plain model up to its final norm, {@code [tokens, hidden]}: the residual stream that {@code resid_post}
     * reads. Recorded for differentiation where gradients are on and the model's parameters require them.
     */
    public static Tensor finalResidual(TransformerModel model, TokenBatch batch) {
        TensorScope outer = TensorScope.open();
        try (outer) {
            Tensor residual = sum(model.embeddings(batch));
            for (int i = 0; i < model.graphShape().layers(); i++) {
                // A scope a layer: only the residual stream outlives it.
                TensorScope scope = TensorScope.open();
                try (scope) {
                    Tensor middle;
                    try (Part<SelfAttention> attention = model.attention(i)) {
                        middle = attend(model, attention, residual, batch, null).residual();
                    }
                    try (Part<Mlp> mlp = model.mlp(i)) {
                        Tensor mlpInput = model.graphShape().parallelBlocks() ? residual : middle;
                        residual = scope.keep(middle.add(transform(model, mlp, mlpInput)));
                    }
                }
            }
            return outer.keep(residual);
        }
    }

    /**
     * What every writer adds to the residual stream, {@code [writers, tokens, hidden]}: the reference's writer states.
     * Each head carries an equal share of its layer's output bias.
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
                    Tensor heads = attention.writeEach(
                            values, IntStream.range(0, attention.heads()).toArray());
                    Tensor outputs = attention.outputBias() == null ? heads : heads.add(attention.biasShare());
                    states.add(outputs.to(model.device()));
                }
                states.add(layers.get(i).mlpOutput().unsqueeze(0));
            }
            return scope.keep(Tensor.cat(0, states));
        }
    }

    /**
     * Some neighbouring tokens of this run, as views.
     *
     * @param firstPast where their pasts start
     * @param pastCount how many tokens these have together
     */
    public Baseline tokens(int first, int count, int firstPast, int pastCount) {
        return new Baseline(
                embeddings.stream().map(e -> e.narrow(0, first, count)).toList(),
                layers.stream()
                        .map(l -> new Layer(
                                l.attentionInput().narrow(0, first, count),
                                l.headValues().narrow(1, first, count),
                                l.mlpInput().narrow(0, first, count),
                                l.mlpOutput().narrow(0, first, count),
                                pastCount == 0 ? null : l.past().tokens(firstPast, pastCount)))
                        .toList(),
                finalResidual.narrow(0, first, count));
    }

    /** Runs joined token by token, in their order. */
    public static Baseline cat(List<Baseline> runs) {
        Baseline first = runs.get(0);
        return new Baseline(
                IntStream.range(0, first.embeddings().size())
                        .mapToObj(e -> Tensor.cat(
                                0,
                                runs.stream()
                                        .map(run -> run.embeddings().get(e))
                                        .toList()))
                        .toList(),
                IntStream.range(0, first.layers().size())
                        .mapToObj(l -> cat(runs.stream().map(run -> run.layers().get(l))))
                        .toList(),
                Tensor.cat(0, runs.stream().map(Baseline::finalResidual).toList()));
    }

    private static Layer cat(Stream<Layer> layers) {
        List<Layer> parts = layers.toList();
        List<KeyValues> pasts =
                parts.stream().map(Layer::past).filter(Objects::nonNull).toList();
        return new Layer(
                Tensor.cat(0, parts.stream().map(Layer::attentionInput).toList()),
                Tensor.cat(1, parts.stream().map(Layer::headValues).toList()),
                Tensor.cat(0, parts.stream().map(Layer::mlpInput).toList()),
                Tensor.cat(0, parts.stream().map(Layer::mlpOutput).toList()),
                pasts.isEmpty() ? null : KeyValues.cat(pasts));
    }

    /** Every tensor of this run. */
    public List<Tensor> tensors() {
        List<Tensor> all = new ArrayList<>(embeddings);
        layers.forEach(layer -> all.addAll(tensors(layer)));
        all.add(finalResidual);
        return all;
    }

    private static List<Tensor> tensors(Layer layer) {
        List<Tensor> all = new ArrayList<>(
                List.of(layer.attentionInput(), layer.headValues(), layer.mlpInput(), layer.mlpOutput()));
        if (layer.past() != null) {
            all.add(layer.past().keys());
            all.add(layer.past().values());
        }
        return all;
    }

    static Tensor sum(List<Tensor> tensors) {
        return tensors.stream().reduce(Tensor::add).orElseThrow();
    }
}
