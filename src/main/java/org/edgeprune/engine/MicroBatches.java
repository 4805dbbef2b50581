package org.edgeprune.engine;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Cuts a batch into micro-batches, which {@link Workers} run. The cut follows from the batch and the limit alone: not
 * from the number of workers, so that sums over micro-batches, made in their order, are the same on every machine.
 */
public final class MicroBatches {
    private MicroBatches() {}

    /**
     * Cuts a batch into an even number of micro-batches of nearly equally many tokens; a batch of up to half the limit
     * stays whole. Prompts of similar length come together.
     *
     * @param tokens of each prompt of the batch, at least 1 each
     * @param limit tokens of a micro-batch, about, at the most; a longer prompt is a micro-batch by itself. 0: the
     *     batch stays whole
     * @return indices of the prompts of each micro-batch, ascending in each; every prompt is in one of them
     */
    public static List<int[]> cut(int[] tokens, int limit) {
        long total = IntStream.of(tokens).asLongStream().sum();
        long wanted = wanted(total, limit);
        if (wanted == 1) {
            return List.of(IntStream.range(0, tokens.length).toArray());
        }
        int[] order = IntStream.range(0, tokens.length)
                .boxed()
                .sorted(Comparator.comparingInt(prompt -> tokens[prompt]))
                .mapToInt(Integer::intValue)
                .toArray();
        List<int[]> parts = new ArrayList<>();
        int first = 0;
        long part = 0;
        long before = 0;
        for (int next = 0; next < order.length; next++) {
            // A prompt belongs to the micro-batch in whose share of all tokens its middle lies.
            long its = (2 * before + tokens[order[next]]) * wanted / (2 * total);
            if (its > part && next > first) {
                parts.add(ascending(order, first, next));
                first = next;
            }
            part = its;
            before += tokens[order[next]];
        }
        parts.add(ascending(order, first, order.length));
        return parts;
    }

    /**
     * Into how many micro-batches a batch of prompts of one length is cut.
     *
     * @param prompts in the batch
     * @param tokens in the batch
     * @param limit as for {@link #cut}
     * @return at least 1
     */
    public static long count(long prompts, long tokens, int limit) {
        return Math.min(prompts, wanted(tokens, limit));
    }

    private static long wanted(long tokens, int limit) {
        return limit == 0 || 2 * tokens <= limit ? 1 : 2 * Math.ceilDiv(tokens, 2L * limit);
    }

    private static int[] ascending(int[] order, int from, int to) {
        int[] part = Arrays.copyOfRange(order, from, to);
        Arrays.sort(part);
        return part;
    }
}
