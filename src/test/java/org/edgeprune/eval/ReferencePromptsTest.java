package org.edgeprune.eval;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.edgeprune.graph.Ablation;
import org.edgeprune.io.InputException;
import org.edgeprune.task.Answer;
import org.edgeprune.task.Example;
import org.junit.jupiter.api.Test;

/** What is drawn for resampling, and which examples have nothing to be ablated with. */
class ReferencePromptsTest {
    private static final List<Example> THREE = List.of(example(1, 2, 3), example(3, 2, 1), example(3, 2, 5));

    private static Example example(int... clean) {
        return new Example(
                clean,
                new int[clean.length],
                clean.length - 1,
                clean.length,
                new Answer.Tokens(new int[] {5}, new int[] {6}));
    }

    @Test
    void resamplingTakesTheCleanPromptOfAnotherExample() {
        Set<Integer> drawn = new HashSet<>();
        for (long seed = 0; seed < 20; seed++) {
            List<Example> resampled = new ReferencePrompts(THREE, seed).resampled(THREE);
            for (int i = 0; i < 3; i++) {
                int[] corrupted = resampled.get(i).corrupted();
                assertArrayEquals(THREE.get(i).clean(), resampled.get(i).clean());
                assertFalse(Arrays.equals(corrupted, THREE.get(i).clean()));
                assertTrue(THREE.stream().anyMatch(example -> Arrays.equals(example.clean(), corrupted)));
            }
            drawn.add(resampled.getFirst().corrupted()[2]);
        }
        assertEquals(Set.of(1, 5), drawn, "each of the others is drawn with some seed");
    }

    /** So that a batch of a data set has the same prompts as the whole of it. */
    @Test
    void whatIsDrawnDoesNotDependOnTheExamplesBesideIt() {
        for (long seed = 0; seed < 20; seed++) {
            ReferencePrompts reference = new ReferencePrompts(THREE, seed);
            List<Example> together = reference.resampled(THREE);
            for (int i = 0; i < 3; i++) {
                assertArrayEquals(
                        together.get(i).corrupted(),
                        reference.resampled(List.of(THREE.get(i))).getFirst().corrupted());
            }
        }
    }

    @Test
    void anExampleWithoutPartnerOrWithoutMeansIsRefused() {
        ReferencePrompts reference = new ReferencePrompts(THREE, 1);
        List<Example> longer = List.of(example(1, 2, 3), example(1, 2, 3, 4));
        assertEquals(
                "--ablation resample: no other reference prompt has as many tokens (4) as test example 2: use more"
                        + " examples, or --ablation interchange",
                refusal(reference, Ablation.RESAMPLE, longer));
        assertEquals(
                "--ablation mean-positional: test example 2 has 4 tokens, and no reference prompt has more than 3: use"
                        + " data whose training prompts are as long, or --ablation mean",
                refusal(reference, Ablation.MEAN_POSITIONAL, longer));
        for (Ablation ablation : List.of(Ablation.MEAN, Ablation.ZERO, Ablation.INTERCHANGE)) {
            reference.requireFor(ablation, "test", longer);
        }
        for (Ablation ablation : Ablation.all()) {
            reference.requireFor(ablation, "test", THREE);
        }
    }

    private static String refusal(ReferencePrompts reference, Ablation ablation, List<Example> examples) {
        return assertThrows(InputException.class, () -> reference.requireFor(ablation, "test", examples))
                .getMessage();
    }
}
