package org.edgeprune.engine;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.edgeprune.model.KeyValues;
import org.edgeprune.model.Mlp;
import org.edgeprune.model.Part;
import org.edgeprune.model.SelfAttention;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.torch.GradMode;
import org.edgeprune.torch.Index;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;

/**
 * The states of a run of the full model, normally the one on the corrupted prompts.
 *
 * <p>Head outputs are kept before the output projection, so a run takes a few residual streams per layer instead of one
 * per writer. If the batch consists of tails, only keys and values of the tokens before them are kept. The tensors
 * belong to the scope in which the run was made.
 *
 * @param embeddings what each embedding node adds, {@code [tokens, hidden]} each
 * @param layers the states of each layer, in order
 * @param finalResidual the residual stream that {@code resid_post} reads, {@code [tokens, hidden]}
 */
public record RecordedRun(List<Tensor> embeddings, List<Layer> layers, Tensor finalResidual) implements Baseline {
    /**
     * The states of one layer.
     *
     * @param attentionInput residual stream before attention, {@code [tokens, hidden]}
     * @param headValues head outputs before W_O, {@code [heads, tokens, headDim]}
     * @param mlpInput residual stream before the MLP, {@code [tokens, hidden]}
     * @param mlpOutput what the MLP adds, {@code [tokens, hidden]}
     * @param past keys and values of the tokens before the tails; empty if the batch consists of whole prompts
     * @param neurons activations of the MLP's neurons where they do not follow from {@code mlpInput}, as means do not,
     *     {@code [tokens, inner]}
     */
    public record Layer(
            Tensor attentionInput,
            Tensor headValues,
            Tensor mlpInput,
            Tensor mlpOutput,
            Optional<KeyValues> past,
            Optional<Tensor> neurons)
            implements Baseline.Layer {
        /** The states of a layer of a run, whose neurons follow from what the MLP reads. */
        Layer(Tensor attentionInput, Tensor headValues, Tensor mlpInput, Tensor mlpOutput, Optional<KeyValues> past) {
            this(attentionInput, headValues, mlpInput, mlpOutput, past, Optional.empty());
        }

        @Override
        public Optional<Tensor> neurons(Part<Mlp> mlp) {
            return Optional.of(neurons.map(known -> known.to(mlp.device()))
                    .orElseGet(() -> mlp.get().neurons(mlpInput.to(mlp.device()))));
        }

        @Override
        public Optional<Tensor> attentionBase() {
            return Optional.of(attentionInput);
        }

        @Override
        public Optional<Tensor> mlpBase() {
            return Optional.of(mlpInput);
        }

        @Override
        public Tensor headDeltas(SelfAttention attention, Tensor values, int[] heads, Tensor nodeMasks) {
            Tensor before = Index.select(headValues.to(values.device()), heads);
            return attention.writeEach(values.sub(before).mul(nodeMasks), heads);
        }

        @Override
        public Tensor mlpDelta(Tensor output) {
            return output.sub(mlpOutput);
        }

        /** The tokens with these indices, i64; the past stays as it is. */
        Layer tokens(Tensor numbers) {
            return new Layer(
                    attentionInput.indexSelect(0, numbers),
                    headValues.indexSelect(1, numbers),
                    mlpInput.indexSelect(0, numbers),
                    mlpOutput.indexSelect(0, numbers),
                    past,
                    neurons.map(known -> known.indexSelect(0, numbers)));
        }

        private Layer tokens(int first, int count, Optional<KeyValues> theirPast) {
            return new Layer(
                    attentionInput.narrow(0, first, count),
                    headValues.narrow(1, first, count),
                    mlpInput.narrow(0, first, count),
                    mlpOutput.narrow(0, first, count),
                    theirPast,
                    neurons.map(known -> known.narrow(0, first, count)));
        }

        private static Layer cat(List<Layer> parts) {
            List<KeyValues> pasts =
                    parts.stream().map(Layer::past).flatMap(Optional::stream).toList();
            List<Tensor> known =
                    parts.stream().map(Layer::neurons).flatMap(Optional::stream).toList();
            return new Layer(
                    Tensor.cat(0, parts.stream().map(Layer::attentionInput).toList()),
                    Tensor.cat(1, parts.stream().map(Layer::headValues).toList()),
                    Tensor.cat(0, parts.stream().map(Layer::mlpInput).toList()),
                    Tensor.cat(0, parts.stream().map(Layer::mlpOutput).toList()),
                    pasts.isEmpty() ? Optional.empty() : Optional.of(KeyValues.cat(pasts)),
                    known.isEmpty() ? Optional.empty() : Optional.of(Tensor.cat(0, known)));
        }

        List<Tensor> tensors() {
            List<Tensor> all = new ArrayList<>(List.of(attentionInput, headValues, mlpInput, mlpOutput));
            past.ifPresent(p -> all.addAll(List.of(p.keys(), p.values())));
            neurons.ifPresent(all::add);
            return all;
        }
    }

    @Override
    public Tensor embeddingDelta(int embedding, Tensor added) {
        return added.sub(embeddings.get(embedding));
    }

    @Override
    public Layer layer(int layer) {
        return layers.get(layer);
    }

    @Override
    public Optional<Tensor> finalBase() {
        return Optional.of(finalResidual);
    }

    @Override
    public Tensor plusWriterStates(Tensor deltas, TransformerModel model, boolean withEmbeddings) {
        return deltas.add(writerStates(model, withEmbeddings));
    }

    /**
     * What every writer adds to the residual stream, which the published implementation calls writer states. Each head
     * carries an equal share of its layer's output bias.
     *
     * @param model the model of this run
     * @param withEmbeddings whether embedding nodes are writers
     * @return {@code [writers, tokens, hidden]}, in the caller's scope
     */
    public Tensor writerStates(TransformerModel model, boolean withEmbeddings) {
        try (GradMode _ = GradMode.disabled();
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

    @Override
    public RecordedRun tokens(int first, int count, int firstPast, int pastCount) {
        return new RecordedRun(
                embeddings.stream().map(e -> e.narrow(0, first, count)).toList(),
                layers.stream()
                        .map(layer -> layer.tokens(
                                first,
                                count,
                                layer.past().filter(p -> pastCount > 0).map(p -> p.tokens(firstPast, pastCount))))
                        .toList(),
                finalResidual.narrow(0, first, count));
    }

    /** The tokens with these indices, i64, of a run whose layers are already restricted to them. */
    RecordedRun endsAt(Tensor numbers) {
        return new RecordedRun(
                embeddings.stream().map(e -> e.indexSelect(0, numbers)).toList(),
                layers,
                finalResidual.indexSelect(0, numbers));
    }

    /** Joins runs along the tokens, in their order. */
    static RecordedRun cat(List<RecordedRun> runs) {
        RecordedRun first = runs.get(0);
        return new RecordedRun(
                IntStream.range(0, first.embeddings().size())
                        .mapToObj(e -> Tensor.cat(
                                0,
                                runs.stream()
                                        .map(run -> run.embeddings().get(e))
                                        .toList()))
                        .toList(),
                IntStream.range(0, first.layers().size())
                        .mapToObj(l -> Layer.cat(
                                runs.stream().map(run -> run.layers().get(l)).toList()))
                        .toList(),
                Tensor.cat(0, runs.stream().map(RecordedRun::finalResidual).toList()));
    }

    @Override
    public List<Tensor> tensors() {
        List<Tensor> all = new ArrayList<>(embeddings);
        layers.forEach(layer -> all.addAll(layer.tensors()));
        all.add(finalResidual);
        return all;
    }
}
