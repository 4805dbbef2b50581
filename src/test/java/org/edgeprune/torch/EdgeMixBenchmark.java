package org.edgeprune.torch;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Measures the three products of {@link EdgeMix} at GPT-2 small's shape (8 prompts of 20 tokens, 768 wide, the 157
 * writers that the last block reads) on one thread, next to what the machine could do at most:
 *
 * <pre>bound = max(operations / fastest matrix product, bytes / fastest copy)</pre>
 *
 * where an operation is an addition or a multiplication behind a mask that is not zero, and every row that is used is
 * read or written once. Times are the least processor time of several runs, which other load disturbs less than the
 * clock does. {@code run_scripts/mix_bench.sh [INSTRUCTION SETS]} starts it.
 */
final class EdgeMixBenchmark {
    private static final int WRITERS = 157;
    private static final int COLUMNS = 160 * 768;
    private static final int RUNS = 9;
    private static final double[] DENSITIES = {1, 0.5, 0.1, 0.02};

    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    private final double operationsPerSecond;
    private final double bytesPerSecond;

    private EdgeMixBenchmark() {
        int size = 1024;
        Tensor a = Tensor.ones(size, size);
        operationsPerSecond =
                2.0 * size * size * size / seconds(() -> a.matmul(a).close());
        Tensor from = Tensor.ones(1 << 25);
        Tensor to = Tensor.ones(1 << 25);
        bytesPerSecond = 2.0 * Float.BYTES * (1 << 25) / seconds(() -> to.copy_(from));
    }

    /**
     * @param arguments the instruction sets to measure, as {@link EdgeMix.InstructionSet} names them; none: the best
     */
    public static void main(String[] arguments) {
        LibTorch.setThreads(1);
        try (TensorScope _ = TensorScope.open()) {
            EdgeMixBenchmark benchmark = new EdgeMixBenchmark();
            System.out.printf(
                    "one thread: matrix products %.0f GFLOP/s, copies %.1f GB/s%n",
                    benchmark.operationsPerSecond / 1e9, benchmark.bytesPerSecond / 1e9);
            System.out.printf(
                    "%-9s %7s %8s  %-15s %8s %8s %8s %8s %8s%n",
                    "kernels", "readers", "density", "product", "ms", "GFLOP/s", "GB/s", "bound ms", "x bound");
            List<String> sets = new ArrayList<>(List.of(arguments));
            do {
                if (!sets.isEmpty()
                        && !EdgeMix.InstructionSet.valueOf(sets.getFirst()).use()) {
                    System.out.println(sets.removeFirst() + ": not on this processor");
                    continue;
                }
                String name = sets.isEmpty() ? "" : sets.removeFirst();
                for (int readers : new int[] {36, 1}) {
                    for (double density : DENSITIES) {
                        benchmark.measure(name, readers, density);
                    }
                }
            } while (!sets.isEmpty());
        }
    }

    private void measure(String name, int readers, double density) {
        try (TensorScope _ = TensorScope.open()) {
            SplittableRandom random = new SplittableRandom(7);
            float[] z = new float[readers * WRITERS];
            for (int i = 0; i < z.length; i++) {
                z[i] = random.nextDouble() < density ? 0.01f + 0.98f * random.nextFloat() : 0;
            }
            long edges = count(z, 0, z.length, 1);
            long writers = 0;
            for (int w = 0; w < WRITERS; w++) {
                writers += count(z, w, z.length, WRITERS) > 0 ? 1 : 0;
            }
            long live = 0;
            for (int r = 0; r < readers; r++) {
                live += count(z, r * WRITERS, (r + 1) * WRITERS, 1) > 0 ? 1 : 0;
            }
            Tensor masks = Tensor.of(z, readers, WRITERS);
            Tensor states =
                    Tensor.empty(DType.F32, Device.CPU, WRITERS, COLUMNS).normal_(0, 1);
            Tensor grad = Tensor.empty(DType.F32, Device.CPU, readers, COLUMNS).normal_(0, 1);
            Tensor base = Tensor.ones(COLUMNS);
            Tensor out = Tensor.ones(readers, COLUMNS);
            Tensor flowing = Tensor.zeros(WRITERS, COLUMNS);
            Tensor dots = Tensor.empty(DType.F32, Device.CPU, readers, WRITERS);
            String row = "%-9s %7d %7.0f%%  ".formatted(name, readers, 100 * density);
            report(row, "mix", edges, writers + 1 + readers, () -> EdgeMix.forward(out, base, masks, states));
            report(
                    row,
                    "state gradients",
                    edges,
                    2 * writers + live,
                    () -> EdgeMix.addStateGradients(flowing, masks, grad));
            report(
                    row,
                    "mask gradients",
                    edges,
                    writers + live,
                    () -> EdgeMix.maskGradients(dots, masks, grad, states));
        }
    }

    private void report(String row, String product, long edges, long rows, Runnable work) {
        double seconds = seconds(work);
        double operations = 2.0 * edges * COLUMNS;
        double bytes = (double) rows * COLUMNS * Float.BYTES;
        double bound = Math.max(operations / operationsPerSecond, bytes / bytesPerSecond);
        System.out.printf(
                "%s%-15s %8.2f %8.1f %8.1f %8.2f %8.2f%n",
                row,
                product,
                1e3 * seconds,
                operations / seconds / 1e9,
                bytes / seconds / 1e9,
                1e3 * bound,
                seconds / bound);
    }

    private static long count(float[] z, int from, int to, int step) {
        long live = 0;
        for (int i = from; i < to; i += step) {
            live += z[i] != 0 ? 1 : 0;
        }
        return live;
    }

    private static double seconds(Runnable work) {
        double[] times = new double[RUNS];
        for (int i = 0; i < RUNS; i++) {
            long began = THREADS.getCurrentThreadCpuTime();
            work.run();
            times[i] = 1e-9 * (THREADS.getCurrentThreadCpuTime() - began);
        }
        return Arrays.stream(times).min().orElseThrow();
    }
}
