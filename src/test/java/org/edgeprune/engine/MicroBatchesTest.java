package org.edgeprune.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MicroBatchesTest {
    @ParameterizedTest
    @CsvSource({"32, 20, 160, 4", "8, 20, 160, 2", "4, 20, 160, 1", "5, 20, 160, 2", "24, 20, 160, 4", "32, 20, 0, 1"})
    void anEvenNumberOfEqualMicroBatches(int prompts, int length, int limit, int count) {
        int[] tokens = new int[prompts];
        Arrays.fill(tokens, length);
        List<int[]> parts = MicroBatches.cut(tokens, limit);
        assertEquals(count, parts.size());
        assertEquals(count, MicroBatches.count(prompts, (long) prompts * length, limit));
        int most = parts.stream().mapToInt(part -> part.length).max().orElseThrow();
        int least = parts.stream().mapToInt(part -> part.length).min().orElseThrow();
        assertTrue(most - least <= 1, () -> least + " to " + most + " prompts");
    }

    @Test
    void aPromptBeyondTheLimitIsAMicroBatchByItself() {
        List<int[]> parts = MicroBatches.cut(new int[] {500, 400, 450}, 100);
        assertEquals(List.of(List.of(1), List.of(2), List.of(0)), asLists(parts));
        assertEquals(3, MicroBatches.count(3, 1350, 100));
    }

    @Test
    void promptsOfSimilarLengthComeTogether() {
        List<int[]> parts = MicroBatches.cut(new int[] {10, 30, 10, 30, 10, 10, 10, 10}, 60);
        assertEquals(List.of(List.of(0, 2, 4, 5, 6, 7), List.of(1, 3)), asLists(parts));
    }

    @Test
    void everyPromptIsInOneMicroBatchAndNoneIsFarAboveTheLimit() {
        SplittableRandom random = new SplittableRandom(3);
        for (int round = 0; round < 500; round++) {
            int[] tokens = random.ints(random.nextInt(1, 60), 1, 40).toArray();
            int limit = random.nextInt(1, 300);
            List<int[]> parts = MicroBatches.cut(tokens, limit);
            assertArrayEquals(
                    IntStream.range(0, tokens.length).toArray(),
                    parts.stream().flatMapToInt(IntStream::of).sorted().toArray());
            for (int[] part : parts) {
                assertTrue(part.length > 0);
                int sum = IntStream.of(part).map(i -> tokens[i]).sum();
                int longest = IntStream.of(part).map(i -> tokens[i]).max().orElseThrow();
                assertTrue(sum <= limit + longest, () -> sum + " tokens where " + limit + " are the limit");
            }
        }
    }

    private static List<List<Integer>> asLists(List<int[]> parts) {
        return parts.stream().map(part -> IntStream.of(part).boxed().toList()).toList();
    }
}
