package org.edgeprune.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;
import org.edgeprune.fixture.ThreadRanks;
import org.edgeprune.io.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(60)
class RanksTest {
    private static final List<String> WORKPLACE = List.of("one for all");

    private static final Packing<Integer> NUMBER = new Packing<>() {
        @Override
        public byte[] pack(Integer result) {
            return ByteBuffer.allocate(4).putInt(result).array();
        }

        @Override
        public Integer unpack(byte[] bytes) {
            return ByteBuffer.wrap(bytes).getInt();
        }
    };

    /** Also more ranks than micro-batches, and none at all. */
    @ParameterizedTest
    @CsvSource({"1, 7, 1", "2, 7, 1", "3, 7, 2", "3, 6, 3", "5, 2, 1", "2, 0, 1"})
    void allRanksSeeAllResultsInOrderAndEachIsComputedOnce(int ranks, int microBatches, int workers) {
        Map<Integer, Integer> computedBy = new ConcurrentHashMap<>();
        List<List<Integer>> seen = ThreadRanks.run(ranks, rank -> {
            Workers mine = Workers.of(workers).on(rank);
            List<Integer> results = Collections.synchronizedList(new ArrayList<>());
            mine.run(
                    WORKPLACE,
                    microBatches,
                    (_, number) -> {
                        assertEquals(null, computedBy.put(number, rank.rank()));
                        return number * number;
                    },
                    NUMBER,
                    results::add);
            assertEquals(ranks == 1 ? 0 : 4L * microBatches, mine.gathered().bytes());
            return results;
        });
        List<Integer> expected =
                IntStream.range(0, microBatches).map(i -> i * i).boxed().toList();
        seen.forEach(results -> assertEquals(expected, results));
        computedBy.forEach((number, rank) -> assertEquals(number % ranks, rank));
        assertEquals(microBatches, computedBy.size());
    }

    /** Also of fewer numbers than ranks, and with ranks that have no micro-batch. */
    @ParameterizedTest
    @CsvSource({"2, 7, 101", "3, 7, 100", "3, 6, 4", "5, 2, 17", "4, 9, 2", "2, 1, 3"})
    void everyRankGetsTheSumOfOneProcessBitByBit(int ranks, int microBatches, int masks) {
        List<MicroBatchGradients> parts = IntStream.range(0, microBatches)
                .mapToObj(i -> gradients(i, masks))
                .toList();
        MicroBatchGradients expected = Workers.of(1).sum(WORKPLACE, microBatches, (_, i) -> copy(parts.get(i)));
        ThreadRanks.run(ranks, rank -> {
            Workers mine = Workers.of(2).on(rank);
            assertSame(expected, mine.sum(WORKPLACE, microBatches, (_, i) -> copy(parts.get(i))));
            int all = masks + 3;
            int slice = all * (rank.rank() + 1) / ranks - all * rank.rank() / ranks;
            assertEquals(
                    microBatches * (16L + 4L * slice) + 4L * all,
                    mine.gathered().bytes(),
                    "one slice of each micro-batch, and every slice of the sum");
            return 0;
        });
    }

    /** Sums of them differ with their order. */
    private static MicroBatchGradients gradients(int seed, int edges) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] numbers = new float[edges + 3];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = (float) (random.nextDouble(-1, 1) * Math.pow(10, random.nextInt(-8, 8)));
        }
        numbers[0] = -0f;
        return MicroBatchGradients.ofFlat(random.nextDouble(), edges, 2, numbers);
    }

    /** The sum may change its first part. */
    private static MicroBatchGradients copy(MicroBatchGradients part) {
        return MicroBatchGradients.ofFlat(part.loss(), part.edges().length, part.nodes().length, part.flat());
    }

    private static void assertSame(MicroBatchGradients expected, MicroBatchGradients actual) {
        assertEquals(Double.doubleToRawLongBits(expected.loss()), Double.doubleToRawLongBits(actual.loss()));
        assertArrayEquals(bits(expected.edges()), bits(actual.edges()));
        assertArrayEquals(bits(expected.nodes()), bits(actual.nodes()));
        assertArrayEquals(bits(expected.neurons()), bits(actual.neurons()));
    }

    @Test
    void thereIsSomethingForEachRank() {
        assertArrayEquals(
                new byte[] {4}, Ranks.alone().exchange(List.of(new byte[] {4})).getFirst());
    }

    @Test
    void arraysKeepEveryBit() {
        float[] floats = {Float.intBitsToFloat(0x7fc01234), -0f, Float.MIN_VALUE};
        assertArrayEquals(bits(floats), bits(Packing.FLOATS.unpack(Packing.FLOATS.pack(floats))));
        double[] doubles = {Double.longBitsToDouble(0x7ff8000000001234L), -0.0, Math.PI};
        double[] after = Packing.DOUBLES.unpack(Packing.DOUBLES.pack(doubles));
        for (int i = 0; i < doubles.length; i++) {
            assertEquals(Double.doubleToRawLongBits(doubles[i]), Double.doubleToRawLongBits(after[i]));
        }
        assertEquals(3, after.length);
    }

    private static int[] bits(float[] values) {
        return IntStream.range(0, values.length)
                .map(i -> Float.floatToRawIntBits(values[i]))
                .toArray();
    }

    @Test
    void ranksThatDifferAreNamed() {
        ThreadRanks.run(3, ranks -> {
            ranks.requireSame("nothing", new byte[] {7});
            String message = assertThrows(
                            InputException.class,
                            () -> ranks.requireSame("the colour", new byte[] {(byte) (ranks.rank() / 2)}))
                    .getMessage();
            assertEquals("rank 2 and rank 0 differ in the colour", message);
            return 0;
        });
    }

    @Test
    void oneNumberThatDiffersIsNoticed() {
        ThreadRanks.run(2, ranks -> {
            ranks.requireSame("nothing", new float[] {1, 2});
            float other = ranks.isFirst() ? 0f : -0f;
            String message = assertThrows(
                            InputException.class, () -> ranks.requireSame("the masks", new float[] {1, other}))
                    .getMessage();
            assertEquals("rank 1 and rank 0 differ in the masks", message);
            return 0;
        });
    }

    @Test
    void rankZeroDecides() {
        List<Boolean> decided = ThreadRanks.run(
                3, ranks -> ranks.decide(() -> ranks.rank() == 0) && !ranks.decide(() -> ranks.rank() > 0));
        assertEquals(List.of(true, true, true), decided);
    }

    @Test
    void aProcessByItselfIsTheFirst() {
        Ranks alone = Ranks.alone();
        assertTrue(alone.isFirst());
        assertArrayEquals(new byte[] {1, 2}, alone.gather(new byte[] {1, 2}).getFirst());
    }
}
