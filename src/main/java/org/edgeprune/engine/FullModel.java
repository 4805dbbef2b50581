package org.edgeprune.engine;

import java.util.List;
import java.util.Optional;
import org.edgeprune.model.KeyValues;
import org.edgeprune.model.Mlp;
import org.edgeprune.model.Part;
import org.edgeprune.model.SelfAttention;
import org.edgeprune.model.TokenBatch;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.torch.GradMode;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;

/** Forward passes of the full model, in which every reader sees the whole residual stream. */
public final class FullModel {
    private FullModel() {}

    /**
     * Runs the model and computes the logits of every token, without recording gradients.
     *
     * @param model the model
     * @param batch the prompts, packed
     * @return logits {@code [tokens, vocab]}, F32, in the caller's scope
     */
    public static Tensor logits(TransformerModel model, TokenBatch batch) {
        try (GradMode _ = GradMode.disabled();
                TensorScope scope = TensorScope.open()) {
            return scope.keep(model.logits(finalResidual(model, batch)));
        }
    }

    /**
     * Runs the model and computes the logits of the scored tokens only, without recording gradients.
     *
     * @param model the model
     * @param batch the prompts, packed
     * @param scored indices of the scored tokens in the packed batch, {@code [scored]}, i64, on the model's device
     * @return logits {@code [scored, vocab]}, F32, in the caller's scope
     */
    public static Tensor logits(TransformerModel model, TokenBatch batch, Tensor scored) {
        try (GradMode _ = GradMode.disabled();
                TensorScope scope = TensorScope.open()) {
            return scope.keep(model.logits(finalResidual(model, batch).indexSelect(0, scored)));
        }
    }

    /**
     * Runs the model up to its final norm. The result is recorded for differentiation if gradients are enabled and the
     * model's parameters require them.
     *
     * @param model the model
     * @param batch the prompts, packed
     * @return the residual stream that {@code resid_post} reads, {@code [tokens, hidden]}, in the model's compute dtype
     *     and in the caller's scope
     */
    public static Tensor finalResidual(TransformerModel model, TokenBatch batch) {
        TensorScope outer = TensorScope.open();
        try (outer) {
            Tensor residual = sum(model.embeddings(batch));
            for (int i = 0; i < model.graphShape().layers(); i++) {
                // One scope per layer: only the residual stream outlives it.
                TensorScope scope = TensorScope.open();
                try (scope) {
                    Tensor middle;
                    try (Part<SelfAttention> attention = model.attention(i)) {
                        middle = attend(model, attention, residual, batch, Optional.empty())
                                .residual();
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
     * The result of a layer's attention on the whole residual stream.
     *
     * @param heads head outputs before W_O, {@code [heads, tokens, headDim]}, on the layer's device
     * @param residual the residual stream after attention, {@code [tokens, hidden]}, on the model's device
     * @param keyValues the keys and values of the batch's tokens, on the layer's device
     */
    record Attended(Tensor heads, Tensor residual, KeyValues keyValues) {}

    static Attended attend(
            TransformerModel model,
            Part<SelfAttention> attention,
            Tensor residual,
            TokenBatch batch,
            Optional<KeyValues> past) {
        KeyValues before = past.map(p -> p.to(attention.device())).orElse(null);
        SelfAttention.Shared shared = attention.get().shared(residual.to(attention.device()), batch, before);
        Tensor written = attention.get().write(shared.heads()).to(model.device());
        return new Attended(shared.heads(), residual.add(written), shared.keyValues());
    }

    /** What a layer's MLP adds. */
    static Tensor transform(TransformerModel model, Part<Mlp> mlp, Tensor residual) {
        return mlp.get().apply(residual.to(mlp.device())).to(model.device());
    }

    static Tensor sum(List<Tensor> tensors) {
        return tensors.stream().reduce(Tensor::add).orElseThrow();
    }
}
