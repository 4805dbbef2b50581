package org.edgeprune.engine;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Adds up what the micro-batches of all ranks contribute to a step, in their order. Each rank adds one slice of the
 * gradients, for all ranks, and then gets the others' slices: a reduce-scatter and an all-gather. With M micro-batches
 * on R ranks, a rank receives M / R + 1 times as many numbers as there are masks, and adds M / R times as many, where
 * every rank would otherwise receive and add those of all M. Each number is still the sum of the same numbers in the
 * same order, so that the bits do not depend on R.
 *
 * @param total loss and gradients of the whole batch, on every rank
 * @param bytes what this rank received for it, its own part included
 */
record SlicedSum(MicroBatchGradients total, long bytes) {
    /**
     * Called by all ranks together.
     *
     * @param ranks all ranks; rank r has the micro-batches r, r + ranks, and so on
     * @param mine what those of this rank contribute, in their order; the entries are released
     * @param microBatches how many there are on all ranks together, at least 1
     */
    static SlicedSum of(Ranks ranks, List<MicroBatchGradients> mine, int microBatches) {
        int size = ranks.size();
        Slice sum = null;
        long bytes = 0;
        // In rounds of one micro-batch a rank, so that the slices of all need not be in memory together.
        for (int first = 0; first < microBatches; first += size) {
            int round = first / size;
            List<byte[]> received = ranks.exchange(
                    round < mine.size() ? slices(mine.set(round, null), size) : Collections.nCopies(size, new byte[0]));
            for (byte[] slice : received.subList(0, Math.min(size, microBatches - first))) {
                bytes += slice.length;
                sum = sum == null ? Slice.of(slice) : sum.plus(slice);
            }
        }
        List<byte[]> all = ranks.gather(Packing.FLOATS.pack(sum.numbers()));
        bytes += all.stream().mapToLong(slice -> slice.length).sum();
        return new SlicedSum(joined(sum, all), bytes);
    }

    /** Of one micro-batch, or the sum of several. */
    private record Slice(double loss, int edges, int nodes, float[] numbers) {
        static Slice of(byte[] bytes) {
            ByteBuffer buffer = ByteBuffer.wrap(bytes);
            double loss = buffer.getDouble();
            int edges = buffer.getInt();
            int nodes = buffer.getInt();
            float[] numbers = new float[buffer.remaining() / Float.BYTES];
            buffer.asFloatBuffer().get(numbers);
            return new Slice(loss, edges, nodes, numbers);
        }

        /** Adds the next one in place. */
        Slice plus(byte[] bytes) {
            Slice next = of(bytes);
            MicroBatchGradients.Sum.add(numbers, next.numbers);
            return new Slice(loss + next.loss, edges, nodes, numbers);
        }
    }

    /**
     * Of all gradients, one after the other, a slice for each rank: the loss, the numbers of edges and nodes, floats.
     */
    private static List<byte[]> slices(MicroBatchGradients all, int count) {
        float[] numbers = all.flat();
        return IntStream.range(0, count)
                .mapToObj(i -> {
                    int from = (int) ((long) numbers.length * i / count);
                    int length = (int) ((long) numbers.length * (i + 1) / count) - from;
                    ByteBuffer slice = ByteBuffer.allocate(
                            Double.BYTES + 2 * Integer.BYTES + Math.multiplyExact(Float.BYTES, length));
                    slice.putDouble(all.loss()).putInt(all.edges().length).putInt(all.nodes().length);
                    slice.asFloatBuffer().put(numbers, from, length);
                    return slice.array();
                })
                .toList();
    }

    private static MicroBatchGradients joined(Slice mine, List<byte[]> slices) {
        int bytes = slices.stream().mapToInt(slice -> slice.length).reduce(0, Math::addExact);
        FloatBuffer numbers = FloatBuffer.allocate(bytes / Float.BYTES);
        slices.forEach(slice -> numbers.put(ByteBuffer.wrap(slice).asFloatBuffer()));
        return MicroBatchGradients.ofFlat(mine.loss(), mine.edges(), mine.nodes(), numbers.array());
    }
}
