package org.edgeprune.attribute;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.edgeprune.engine.KlDivergence;
import org.edgeprune.eval.PromptBatch;
import org.edgeprune.io.InputException;
import org.edgeprune.task.Contrast;
import org.edgeprune.task.Example;
import org.edgeprune.task.Scorer;
import org.edgeprune.torch.Tensor;

/**
 * The loss L whose change is attributed to edges: low where the task is done well, or where the full model's output is
 * kept.
 *
 * <p>With R the right answers' columns of a row of logits l, W the wrong ones' and p = softmax(l):
 */
public enum Objective {
    /** {@code KL(full || l)} in nats: needs no answers. */
    KL("kl", false, false),
    /** {@code logsumexp_W l - logsumexp_R l}: for one answer on each side, minus the logit difference. */
    LOGIT_DIFFERENCE("logit-difference", true, true),
    /** The sum of {@link #KL} and {@link #LOGIT_DIFFERENCE}. */
    KL_AND_LOGIT_DIFFERENCE("kl+logit-difference", true, true),
    /** {@code -ln sum_R p}, in nats. */
    CROSS_ENTROPY("cross-entropy", true, false),
    /** {@code sum_W p - sum_R p}. */
    PROBABILITY_DIFFERENCE("probability-difference", true, true);

    private final String key;
    private final boolean needsRight;
    private final boolean needsWrong;

    Objective(String key, boolean needsRight, boolean needsWrong) {
        this.key = key;
        this.needsRight = needsRight;
        this.needsWrong = needsWrong;
    }

    /**
     * The name on the command line and in {@code run.json}.
     *
     * @return such as {@code logit-difference}
     */
    public String key() {
        return key;
    }

    /**
     * The objective of a name.
     *
     * @param key as {@link #key}, in upper or lower case
     * @return the objective
     * @throws InputException if there is none
     */
    public static Objective named(String key) {
        return Arrays.stream(values())
                .filter(objective -> objective.key.equalsIgnoreCase(key))
                .findFirst()
                .orElseThrow(() -> new InputException("unknown objective '" + key + "': use "
                        + Arrays.stream(values()).map(Objective::key).collect(Collectors.joining(", "))));
    }

    /**
     * Whether the loss is smallest at the full model itself, where its gradient is therefore zero.
     *
     * @return whether it is {@link #KL}
     */
    public boolean isFlatAtFullModel() {
        return this == KL;
    }

    /**
     * Checks that every example has the answers that this objective needs.
     *
     * @param examples the examples to be attributed
     * @param scorer the task's judge
     * @throws InputException naming the first example that lacks one
     */
    public void requireAnswers(List<Example> examples, Scorer scorer) {
        if (!needsRight) {
            return;
        }
        for (int i = 0; i < examples.size(); i++) {
            Optional<Contrast> contrast = scorer.contrast(examples.get(i));
            if (contrast.isEmpty()) {
                throw new InputException("--objective " + key + ": example " + (i + 1)
                        + " of the data has no right answer among the logits: use --objective kl");
            }
            if (needsWrong && !contrast.get().hasWrong()) {
                throw new InputException("--objective " + key + ": example " + (i + 1)
                        + " of the data has no distractor to compare with: use --objective cross-entropy or kl, or data"
                        + " with a \"distractor\"");
            }
        }
    }

    /**
     * The loss of a batch: the mean over its examples, weighted as the task's KL loss is.
     *
     * @param logits of the model under test, {@code [rows, columns]}, as {@link PromptBatch#rows} makes them
     * @param batch the examples as they were run
     * @param examples the same, in their order
     * @param scorer the task's judge
     * @return a scalar, differentiable in {@code logits}
     */
    public Tensor loss(Tensor logits, PromptBatch batch, List<Example> examples, Scorer scorer) {
        return each(logits, batch, examples, scorer).mul(batch.weights()).sum();
    }

    /** The loss of each row of logits, {@code [rows]}, unweighted; arguments as for {@link #loss}. */
    Tensor each(Tensor logits, PromptBatch batch, List<Example> examples, Scorer scorer) {
        return switch (this) {
            case KL -> KlDivergence.each(batch.fullLogits().logSoftmax(-1), logits);
            case LOGIT_DIFFERENCE -> {
                Sides sides = Sides.of(examples, scorer, logits);
                yield sides.wrong(logits).sub(sides.right(logits));
            }
            case KL_AND_LOGIT_DIFFERENCE ->
                KL.each(logits, batch, examples, scorer).add(LOGIT_DIFFERENCE.each(logits, batch, examples, scorer));
            case CROSS_ENTROPY ->
                logits.logsumexp(-1).sub(Sides.of(examples, scorer, logits).right(logits));
            case PROBABILITY_DIFFERENCE -> {
                Sides sides = Sides.of(examples, scorer, logits);
                Tensor logProbs = logits.logSoftmax(-1);
                yield sides.wrong(logProbs).exp().sub(sides.right(logProbs).exp());
            }
        };
    }

    /**
     * Where right and wrong answers are not, {@code [rows, columns]} each.
     *
     * @param notRight true where a column is no right answer
     * @param notWrong true where a column is no wrong answer
     */
    private record Sides(Tensor notRight, Tensor notWrong) {
        static Sides of(List<Example> examples, Scorer scorer, Tensor logits) {
            int rows = (int) logits.size(0);
            int columns = (int) logits.size(1);
            boolean[] notRight = new boolean[Math.multiplyExact(rows, columns)];
            boolean[] notWrong = new boolean[notRight.length];
            Arrays.fill(notRight, true);
            Arrays.fill(notWrong, true);
            int row = 0;
            for (Example example : examples) {
                Contrast contrast = scorer.contrast(example).orElseThrow();
                for (int i = 0; i < contrast.right().length; i++, row++) {
                    for (int column : contrast.right()[i]) {
                        notRight[row * columns + column] = false;
                    }
                    for (int column : contrast.wrong()[i]) {
                        notWrong[row * columns + column] = false;
                    }
                }
            }
            return new Sides(
                    Tensor.of(notRight, rows, columns).to(logits.device()),
                    Tensor.of(notWrong, rows, columns).to(logits.device()));
        }

        /** ln of the sum of the right answers' exponentials, {@code [rows]}. */
        Tensor right(Tensor logits) {
            return logits.maskedFill(notRight, Double.NEGATIVE_INFINITY).logsumexp(-1);
        }

        Tensor wrong(Tensor logits) {
            return logits.maskedFill(notWrong, Double.NEGATIVE_INFINITY).logsumexp(-1);
        }
    }
}
