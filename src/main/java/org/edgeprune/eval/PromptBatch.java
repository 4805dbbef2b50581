package org.edgeprune.eval;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.edgeprune.engine.Baseline;
import org.edgeprune.engine.FullModel;
import org.edgeprune.engine.MaskedPass;
import org.edgeprune.graph.Ablation;
import org.edgeprune.mask.Masks;
import org.edgeprune.model.TokenBatch;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.task.Example;
import org.edgeprune.task.Loss;
import org.edgeprune.task.Scorer;
import org.edgeprune.torch.GradMode;
import org.edgeprune.torch.Tensor;

/**
 * A batch of examples with the full model's part of the work done, ready for the masked model. Its tensors belong to
 * the scope in which it was made.
 *
 * @param clean the clean prompts, from the token on at which they may differ from the corrupted ones ({@link #past})
 * @param baseline what flows along cut edges
 * @param scored indices of the scored tokens in {@code clean}, example by example, {@code [scored]}, i64
 * @param weights weight of each row of logits in the loss, {@code [rows]}; an example has 1 / examples in all, or that
 *     on each position if the loss is summed over them
 * @param fullLogits the full model's logits as {@link #rows} makes them, {@code [rows, columns]}, F32
 * @param rows how the scored tokens' logits become rows that are compared as distributions
 */
public record PromptBatch(
        TokenBatch clean, Baseline baseline, Tensor scored, Tensor weights, Tensor fullLogits, Rows rows) {
    private static final int GRAIN = 4;

    /**
     * Rows of logits that are distributions: one row per scored token, or one per example across its scored tokens.
     *
     * @param vocabulary ids of the task's tokens, {@code [columns]}, i64; empty for the whole vocabulary
     * @param examples number of examples in the batch; only used across positions
     * @param across whether a row is a whole example (a distribution over positions and tokens) instead of one token
     */
    public record Rows(Optional<Tensor> vocabulary, int examples, boolean across) {
        /**
         * Selects and reshapes logits. Differentiable.
         *
         * @param logits logits of the scored tokens, {@code [scored, vocab]}
         * @return {@code [rows, columns]}: {@code [scored, columns]}, or across positions {@code [examples, scored /
         *     examples * columns]}
         */
        public Tensor of(Tensor logits) {
            Tensor words = vocabulary.map(ids -> logits.indexSelect(-1, ids)).orElse(logits);
            return across ? words.reshape(examples, -1) : words;
        }
    }

    /**
     * Runs the full model on the prompts of every example: on the clean ones, and on the corrupted ones if the ablation
     * needs them.
     *
     * @param model the full model
     * @param examples prompt pairs; across positions all must have equally many scored tokens
     * @param scorer the task's vocabulary and kind of loss
     * @param ablation what cut edges carry
     * @return the batch, in the caller's scope
     */
    public static PromptBatch of(
            TransformerModel model, List<Example> examples, Scorer scorer, AblationStates ablation) {
        return of(model, ablation.examples(examples), examples.size(), scorer, ablation);
    }

    /**
     * The same for some examples of a larger batch, whose loss is the sum of its parts' losses.
     *
     * @param examples as they are run, see {@link AblationStates#examples}
     * @param batchSize examples of the whole batch, by which {@link #weights} are divided
     */
    static PromptBatch of(
            TransformerModel model, List<Example> examples, int batchSize, Scorer scorer, AblationStates ablation) {
        return ablation.in(recorded(model, examples, batchSize, scorer, ablation.kind()));
    }

    /** The same without the states that come from reference prompts: cut edges carry zero in their place. */
    static PromptBatch recorded(
            TransformerModel model, List<Example> examples, int batchSize, Scorer scorer, Ablation ablation) {
        TokenBatch clean = clean(model, examples, ablation);
        Tensor scored = scored(clean, examples).to(model.device());
        Rows rows = rows(scorer, examples, model);
        Tensor weights = weights(examples, batchSize, scorer).to(model.device());
        return switch (ablation) {
            case Ablation.Zero _, Ablation.Mean _, Ablation.MeanPositional _ ->
                new PromptBatch(
                        clean, Baseline.ZERO, scored, weights, rows.of(FullModel.logits(model, clean, scored)), rows);
            case Ablation.Interchange _, Ablation.Resample _ -> {
                Baseline.Pair pair = Baseline.record(model, corrupted(model, examples), clean);
                try (GradMode _ = GradMode.disabled()) {
                    Tensor full = rows.of(model.logits(pair.clean().indexSelect(0, scored)));
                    yield new PromptBatch(clean, pair.corrupted(), scored, weights, full, rows);
                }
            }
        };
    }

    /**
     * The same, with the full model's part of the work taken from an earlier batch of these examples.
     *
     * @param fullLogits of that batch
     * @param baseline of that batch
     */
    static PromptBatch of(
            TransformerModel model,
            List<Example> examples,
            Scorer scorer,
            Ablation ablation,
            Tensor fullLogits,
            Baseline baseline) {
        TokenBatch clean = clean(model, examples, ablation);
        return new PromptBatch(
                clean,
                baseline,
                scored(clean, examples).to(model.device()),
                weights(examples, examples.size(), scorer).to(model.device()),
                fullLogits,
                rows(scorer, examples, model));
    }

    /**
     * Runs the masked model.
     *
     * @param model the full model
     * @param masks masks of edges and nodes, on the model's device
     * @param gradients whether a backward pass will follow
     * @return the pass, in the current scope
     */
    public MaskedPass pass(TransformerModel model, Masks masks, MaskedPass.Gradients gradients) {
        return MaskedPass.forward(model, clean, baseline, masks, scored, gradients);
    }

    /**
     * The logits of a masked model, to be compared with {@link #fullLogits}.
     *
     * @param model the full model
     * @param pass of {@link #pass}
     * @return {@code [rows, columns]}; differentiable in the pass's final residual stream
     */
    public Tensor logits(TransformerModel model, MaskedPass pass) {
        return rows.of(model.logits(pass.finalResidual()));
    }

    /**
     * This batch with another baseline.
     *
     * @param other what flows along ablated edges; packed like the clean prompts
     * @return the batch
     */
    public PromptBatch withBaseline(Baseline other) {
        return new PromptBatch(clean, other, scored, weights, fullLogits, rows);
    }

    /**
     * This batch several times over, each copy with the weights of the original.
     *
     * @param copies of the clean prompts
     * @param examples all copies' examples, copy by copy
     * @param count number of copies
     * @return a batch whose rows are those of the copies, copy by copy; its baseline is still the original's
     */
    public PromptBatch repeated(TokenBatch copies, List<Example> examples, int count) {
        return new PromptBatch(
                copies,
                baseline,
                scored(copies, examples).to(scored.device()),
                Tensor.cat(0, Collections.nCopies(count, weights)),
                Tensor.cat(0, Collections.nCopies(count, fullLogits)),
                new Rows(rows.vocabulary(), rows.examples() * count, rows.across()));
    }

    private static TokenBatch corrupted(TransformerModel model, List<Example> examples) {
        return TokenBatch.of(examples.stream().map(Example::corrupted).toList(), model.device());
    }

    /** The clean prompts, without the tokens at which the masked model has nothing to do. */
    static TokenBatch clean(TransformerModel model, List<Example> examples, Ablation ablation) {
        int[] past = examples.stream()
                .mapToInt(example -> past(model, example, ablation))
                .toArray();
        return TokenBatch.tails(examples.stream().map(Example::clean).toList(), past, model.device());
    }

    /**
     * The number of an example's first tokens that need not be run under masks: up to the first token at which clean
     * and corrupted prompt differ, a causal model has the same states for both, whatever the masks. It does not reach
     * into the scored tokens, and is a multiple of {@value #GRAIN}, so that many prompts have pasts of the same length
     * and go through attention together.
     *
     * @param model the full model
     * @param example a prompt pair
     * @param ablation what cut edges carry
     * @return a number of tokens; 0 if the ablation has no corrupted prompt or the model is not causal
     */
    public static int past(TransformerModel model, Example example, Ablation ablation) {
        if (!ablation.needsCorruptedPrompt() || !model.causal()) {
            return 0;
        }
        int differing = Arrays.mismatch(example.clean(), example.corrupted());
        int same = differing < 0 ? example.scoreStart() : Math.min(differing, example.scoreStart());
        return same / GRAIN * GRAIN;
    }

    static Rows rows(Scorer scorer, List<Example> examples, TransformerModel model) {
        int[] words = scorer.vocabulary();
        boolean across = scorer.loss() == Loss.ACROSS_POSITIONS;
        if (across && examples.stream().mapToInt(Example::scored).distinct().count() > 1) {
            throw new IllegalArgumentException("a batch scored across positions needs equally many in every example");
        }
        return new Rows(
                Optional.ofNullable(words)
                        .map(ids -> Tensor.of(longs(ids), ids.length).to(model.device())),
                examples.size(),
                across);
    }

    /** How many rows of logits an example has. */
    static int rowCount(Example example, Scorer scorer) {
        return scorer.loss() == Loss.ACROSS_POSITIONS ? 1 : example.scored();
    }

    static Tensor scored(TokenBatch clean, List<Example> examples) {
        List<Long> tokens = new ArrayList<>();
        for (int row = 0; row < examples.size(); row++) {
            for (int position = examples.get(row).scoreStart();
                    position < examples.get(row).scoreEnd();
                    position++) {
                tokens.add((long) clean.token(row, position));
            }
        }
        return Tensor.of(tokens.stream().mapToLong(Long::longValue).toArray(), tokens.size());
    }

    static Tensor weights(List<Example> examples, int batchSize, Scorer scorer) {
        int rows = examples.stream().mapToInt(e -> rowCount(e, scorer)).sum();
        float[] weights = new float[rows];
        int next = 0;
        for (Example example : examples) {
            double share = scorer.loss() == Loss.MEAN_OVER_POSITIONS ? example.scored() : 1;
            for (int i = 0; i < rowCount(example, scorer); i++) {
                weights[next++] = (float) (1.0 / batchSize / share);
            }
        }
        return Tensor.of(weights, rows);
    }

    private static long[] longs(int[] values) {
        return Arrays.stream(values).asLongStream().toArray();
    }
}
