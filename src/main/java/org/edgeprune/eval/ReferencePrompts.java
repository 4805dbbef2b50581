package org.edgeprune.eval;

import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.edgeprune.graph.Ablation;
import org.edgeprune.io.InputException;
import org.edgeprune.task.Example;

/**
 * The examples that mean ablation takes its means of, and resampling its prompts from: normally the training examples.
 *
 * @param examples at least one where the ablation needs them
 * @param seed the same seed draws the same prompts
 */
public record ReferencePrompts(List<Example> examples, long seed) {
    /** For ablations that need none. */
    public static final ReferencePrompts NONE = new ReferencePrompts(List.of(), 0);

    /** Copies the list. */
    public ReferencePrompts {
        examples = List.copyOf(examples);
    }

    /**
     * Checks, before anything is computed, that an ablation is defined for examples.
     *
     * @param ablation what cut edges will carry
     * @param part which examples these are, for the message, such as {@code "test"}
     * @param others the examples that will be run
     * @throws InputException naming the first example that has no prompt to be resampled from, or is longer than every
     *     reference prompt where means are by position
     */
    public void requireFor(Ablation ablation, String part, List<Example> others) {
        switch (ablation) {
            case Ablation.Interchange _, Ablation.Zero _, Ablation.Mean _ -> {}
            case Ablation.MeanPositional _ -> {
                int longest = examples.stream().mapToInt(Example::length).max().orElse(0);
                first(others, example -> example.length() > longest).ifPresent(i -> {
                    throw new InputException("--ablation mean-positional: %s example %d has %d tokens, and no reference"
                                    .formatted(part, i + 1, others.get(i).length())
                            + " prompt has more than " + longest
                            + ": use data whose training prompts are as long, or --ablation mean");
                });
            }
            case Ablation.Resample _ ->
                first(others, example -> candidates(example).isEmpty()).ifPresent(i -> {
                    throw new InputException("--ablation resample: no other reference prompt has as many tokens ("
                            + others.get(i).length() + ") as " + part + " example " + (i + 1)
                            + ": use more examples, or --ablation interchange");
                });
        }
    }

    private interface Refused {
        boolean test(Example example);
    }

    private static OptionalInt first(List<Example> examples, Refused refused) {
        return IntStream.range(0, examples.size())
                .filter(i -> refused.test(examples.get(i)))
                .findFirst();
    }

    private List<Example> candidates(Example example) {
        return examples.stream()
                .filter(other -> other.length() == example.length() && !Arrays.equals(other.clean(), example.clean()))
                .toList();
    }

    /**
     * Examples with the clean prompt of another reference example of the same length as corrupted prompt. What is drawn
     * for an example depends on the seed and its clean prompt alone, and not on the examples beside it.
     *
     * @param others the examples
     * @return as many examples, in their order
     * @throws InputException as {@link #requireFor}
     */
    public List<Example> resampled(List<Example> others) {
        requireFor(Ablation.RESAMPLE, "the", others);
        return others.stream().map(this::resampled).toList();
    }

    private Example resampled(Example example) {
        List<Example> candidates = candidates(example);
        int drawn = new SplittableRandom(seed + Arrays.hashCode(example.clean())).nextInt(candidates.size());
        return new Example(
                example.clean(),
                candidates.get(drawn).clean(),
                example.scoreStart(),
                example.scoreEnd(),
                example.answer());
    }
}
