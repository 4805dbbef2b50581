package org.edgeprune.engine;

import java.util.ArrayList;
import java.util.List;
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
                SelfAttention attention = model.attention(i);
                Tensor values = attention.sharedValues(residual, batch);
                Tensor middle = residual.add(attention.write(values));
                Tensor mlpInput = model.graphShape().parallelBlocks() ? residual : middle;
                Tensor mlpOutput = model.mlp(i).apply(mlpInput);
                layers.add(new Layer(residual, values, mlpInput, mlpOutput));
                residual = middle.add(mlpOutput);
            }
            return new Baseline(embeddings, List.copyOf(layers), residual);
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
                    SelfAttention attention = model.attention(i);
                    Tensor middle = residual.add(attention.write(attention.sharedValues(residual, batch)));
                    Tensor mlpInput = model.graphShape().parallelBlocks() ? residual : middle;
                    residual = scope.keep(middle.add(model.mlp(i).apply(mlpInput)));
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
                SelfAttention attention = model.attention(i);
                Tensor heads = attention.writeEach(layers.get(i).headValues(), allHeads(attention));
                states.add(attention.outputBias() == null
                        ? heads
                        : heads.add(attention.outputBias().mul(1.0 / attention.heads())));
                states.add(layers.get(i).mlpOutput().unsqueeze(0));
            }
            return scope.keep(Tensor.cat(0, states));
        }
    }

    static int[] allHeads(SelfAttention attention) {
        return java.util.stream.IntStream.range(0, attention.heads()).toArray();
    }

    static Tensor sum(List<Tensor> tensors) {
        return tensors.stream().reduce(Tensor::add).orElseThrow();
    }
}
