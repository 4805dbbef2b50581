package org.edgeprune.engine;

import java.util.ArrayList;
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

/**
 * Runs the full model and records what a {@link RecordedRun} holds, layer by layer. A second stream, that of the clean
 * prompts, may go through each layer while its weights are there.
 */
final class BaselineRecorder {
    private final TransformerModel model;
    private final TokenBatch batch;

    BaselineRecorder(TransformerModel model, TokenBatch batch) {
        this.model = model;
        this.batch = batch;
    }

    /** The residual streams between two layers. */
    private record Streams(Tensor recorded, Optional<Tensor> clean) {}

    /** A layer's record and the streams after it. */
    private record Step(RecordedRun.Layer layer, Streams after) {}

    /** The clean prompts' tails, and where these tokens and their pasts lie among the recorded ones. */
    private record Tails(TokenBatch batch, Optional<Selection> selection) {
        static Tails of(TokenBatch tails, TokenBatch whole) {
            return new Tails(
                    tails,
                    tails.pastCount() == 0
                            ? Optional.empty()
                            : Optional.of(new Selection(tails.tokensIn(whole), tails.pastIn(whole))));
        }
    }

    /** What one or two streams leave behind. */
    private record Recorded(RecordedRun run, Optional<Tensor> clean) {}

    /** Token numbers, i64. */
    private record Selection(Tensor tokens, Tensor pasts) {}

    RecordedRun record() {
        return run(Optional.empty()).run();
    }

    Baseline.Pair record(TokenBatch clean) {
        Recorded recorded = run(Optional.of(clean));
        return new Baseline.Pair(recorded.run(), recorded.clean().orElseThrow());
    }

    private Recorded run(Optional<TokenBatch> clean) {
        TensorScope outer = TensorScope.open();
        try (outer;
                GradMode _ = GradMode.disabled()) {
            Optional<Tails> tails = clean.map(batchOfTails -> Tails.of(batchOfTails, batch));
            List<Tensor> embeddings = model.embeddings(batch);
            Streams streams =
                    new Streams(FullModel.sum(embeddings), clean.map(b -> FullModel.sum(model.embeddings(b))));
            List<RecordedRun.Layer> layers = new ArrayList<>();
            for (int i = 0; i < model.graphShape().layers(); i++) {
                Step step = layer(i, streams, tails);
                layers.add(step.layer());
                streams = step.after();
            }
            RecordedRun all = new RecordedRun(embeddings, List.copyOf(layers), streams.recorded());
            // What the tails do not need of the whole run goes when this scope ends.
            RecordedRun run = tails.flatMap(Tails::selection)
                    .map(selection -> all.endsAt(selection.tokens()))
                    .orElse(all);
            run.tensors().forEach(outer::keep);
            return new Recorded(run, streams.clean().map(outer::keep));
        }
    }

    /** Runs one layer in a scope of its own: what it computes on the way is gone when it is done. */
    private Step layer(int number, Streams before, Optional<Tails> tails) {
        TensorScope scope = TensorScope.open();
        try (scope) {
            FullModel.Attended attended;
            Optional<KeyValues> past;
            Optional<Tensor> cleanMiddle;
            try (Part<SelfAttention> attention = model.attention(number)) {
                attended = FullModel.attend(model, attention, before.recorded(), batch, Optional.empty());
                KeyValues seen = attended.keyValues();
                past = tails.flatMap(Tails::selection)
                        .map(selection -> seen.to(model.device()).tokens(selection.pasts()));
                Optional<KeyValues> theirs = past;
                cleanMiddle = before.clean().map(stream -> FullModel.attend(
                                model, attention, stream, tails.orElseThrow().batch(), theirs)
                        .residual());
            }
            Tensor mlpInput = mlpInput(before.recorded(), attended.residual());
            Tensor mlpOutput;
            Optional<Tensor> cleanAfter;
            try (Part<Mlp> mlp = model.mlp(number)) {
                mlpOutput = FullModel.transform(model, mlp, mlpInput);
                cleanAfter = cleanMiddle.map(middle -> middle.add(
                        FullModel.transform(model, mlp, mlpInput(before.clean().orElseThrow(), middle))));
            }
            RecordedRun.Layer layer = new RecordedRun.Layer(
                    before.recorded(), attended.heads().to(model.device()), mlpInput, mlpOutput, past);
            RecordedRun.Layer kept = tails.flatMap(Tails::selection)
                    .map(selection -> layer.tokens(selection.tokens()))
                    .orElse(layer);
            kept.tensors().forEach(scope::keep);
            return new Step(
                    kept, new Streams(scope.keep(attended.residual().add(mlpOutput)), cleanAfter.map(scope::keep)));
        }
    }

    /** What the MLP reads: parallel blocks both read the stream before the layer. */
    private Tensor mlpInput(Tensor before, Tensor middle) {
        return model.graphShape().parallelBlocks() ? before : middle;
    }
}
