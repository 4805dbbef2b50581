package org.edgeprune.engine;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.edgeprune.model.Execution;
import org.edgeprune.torch.LibTorch;

/**
 * Runs the micro-batches of a batch, several at the same time, on one thread each, on which libtorch's operations use
 * one thread while others are busy. The results do not depend on the number of workers: micro-batches are cut without
 * regard to it ({@link MicroBatches}), and their results are handed over in the order of the micro-batches.
 *
 * <p>A micro-batch is identified by its number, and its result is a plain value that does not belong to any thread's
 * {@link org.edgeprune.torch.TensorScope}.
 *
 * <p>A batch may also be spread over several processes, {@link #on(Ranks)}, each with workers of its own. That does not
 * change the results either.
 *
 * <p>Threads live for one batch. A {@code Workers} may be used by several threads; one with several ranks by one.
 */
public final class Workers {
    private final WorkerCount count;
    private final Ranks ranks;
    private Gathered gathered = new Gathered(0, 0);

    private Workers(WorkerCount count, Ranks ranks) {
        this.count = count;
        this.ranks = ranks;
    }

    /**
     * What the ranks exchanged for one batch.
     *
     * @param bytes results of all ranks, bytes
     * @param seconds of this rank, from its last result to everybody's, with the wait for slower ranks
     */
    public record Gathered(long bytes, double seconds) {}

    /**
     * A fixed number of workers.
     *
     * @param count number of micro-batches at the same time, at least 1
     * @return the workers
     * @throws IllegalArgumentException if the number is less than 1
     */
    public static Workers of(int count) {
        if (count < 1) {
            throw new IllegalArgumentException(count + " workers: must be at least 1");
        }
        return new Workers(WorkerCount.fixed(count), Ranks.alone());
    }

    /**
     * The workers of a model: as many as its execution asks for; otherwise as many as there are cores for operations of
     * {@link LibTorch#threads} threads each, or one if that is measured to be faster.
     *
     * @param execution how the model is run
     * @return the workers
     */
    public static Workers of(Execution execution) {
        return execution.workers().isPresent()
                ? of(execution.workers().getAsInt())
                : new Workers(WorkerCount.measured(most(execution)), Ranks.alone());
    }

    /**
     * Workers of the same number, on each of several ranks.
     *
     * @param all this process and the others
     * @return workers that spread the batches of {@link #run(int, IntFunction, Packing, Consumer)}
     */
    public Workers on(Ranks all) {
        return new Workers(count, all);
    }

    /**
     * The processes that batches are spread over.
     *
     * @return {@link Ranks#alone} where nothing else was asked for
     */
    public Ranks ranks() {
        return ranks;
    }

    /**
     * What the ranks exchanged for the last batch.
     *
     * @return nothing where there is one rank
     */
    public Gathered gathered() {
        return gathered;
    }

    /**
     * The largest number of workers that a model's batches may use.
     *
     * @param execution how the model is run
     * @return at least 1
     */
    public static int most(Execution execution) {
        if (execution.workers().isPresent()) {
            return execution.workers().getAsInt();
        }
        return execution.isOnCpu() ? Math.max(1, Runtime.getRuntime().availableProcessors() / LibTorch.threads()) : 1;
    }

    /**
     * The number of workers of the last batch.
     *
     * @return number of threads, including the calling one
     */
    public int last() {
        return count.last();
    }

    /**
     * How many micro-batches of a batch this rank runs.
     *
     * @param microBatches how many there are on all ranks together
     * @return all of them where there is one rank
     */
    public int own(int microBatches) {
        return numbers(microBatches).length;
    }

    private int[] numbers(int microBatches) {
        return IntStream.iterate(ranks.rank(), number -> number < microBatches, number -> number + ranks.size())
                .toArray();
    }

    /**
     * Runs all micro-batches of a batch, each on one of the ranks, and gives all results to all ranks. Rank r runs
     * those with the numbers r, r + ranks, and so on, so that ranks have nearly the same number of micro-batches, and
     * of long ones. With one rank this is {@link #run(int, IntFunction, Consumer)}.
     *
     * @param <T> type of a micro-batch's result
     * @param microBatches how many there are on all ranks together
     * @param job computes the result of a micro-batch from its number, from 0, on any thread of its rank
     * @param packing writes results for the other ranks
     * @param results receives the results of all ranks in the order of the numbers, one at a time
     */
    public <T> void run(
            int microBatches, IntFunction<? extends T> job, Packing<T> packing, Consumer<? super T> results) {
        int size = ranks.size();
        if (size == 1) {
            run(microBatches, job, results);
            return;
        }
        int[] numbers = numbers(microBatches);
        List<byte[]> mine = new ArrayList<>(numbers.length);
        if (numbers.length > 0) {
            this.<T>run(numbers.length, i -> job.apply(numbers[i]), result -> mine.add(packing.pack(result)));
        }
        long bytes = 0;
        long began = System.nanoTime();
        // In rounds of one micro-batch a rank, so that the results of all need not be in memory together.
        for (int first = 0; first < microBatches; first += size) {
            int round = first / size;
            List<byte[]> all = ranks.gather(round < mine.size() ? mine.set(round, null) : new byte[0]);
            for (int rank = 0; rank < Math.min(size, microBatches - first); rank++) {
                bytes += all.get(rank).length;
                results.accept(packing.unpack(all.get(rank)));
            }
        }
        gathered = new Gathered(bytes, (System.nanoTime() - began) / 1e9);
    }

    /**
     * Runs all micro-batches of a batch in this process, with the calling thread as one of the workers (a batch of one
     * micro-batch runs on no other), and returns when no worker is running any more. If one fails, no further ones are
     * begun, and this throws the exception of the first of them, by its number, with the others' added as suppressed.
     *
     * @param <T> type of a micro-batch's result
     * @param microBatches how many there are
     * @param job computes the result of a micro-batch from its number, from 0, on any thread
     * @param results receives the results in the order of the numbers, one at a time, on any thread
     */
    public <T> void run(int microBatches, IntFunction<? extends T> job, Consumer<? super T> results) {
        int workers = Math.min(microBatches, count.next());
        Batch<T> batch = new Batch<>(microBatches, job, results);
        long began = System.nanoTime();
        List<Thread> others = new ArrayList<>();
        try {
            for (int i = 1; i < workers; i++) {
                others.add(Thread.ofPlatform()
                        .name("edgeprune worker " + (i + 1))
                        .daemon()
                        .start(batch::work));
            }
            batch.work();
        } catch (Throwable e) { // a thread that cannot be had
            batch.stop();
            throw e;
        } finally {
            others.forEach(Workers::join);
        }
        batch.requireDone();
        count.took(workers, microBatches, System.nanoTime() - began, batch.cpuNanos());
    }

    /** Waits for a thread's end also where the waiting one is interrupted, which it then still is. */
    private static void join(Thread thread) {
        boolean interrupted = false;
        while (true) {
            try {
                thread.join();
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** One batch on its way. */
    private static final class Batch<T> {
        private final int size;
        private final IntFunction<? extends T> job;
        private final Consumer<? super T> results;
        private final Map<Integer, T> waiting = new HashMap<>();
        private int begun;
        private int delivered;
        private long cpuNanos;
        private Throwable failure;
        private int failed;

        Batch(int size, IntFunction<? extends T> job, Consumer<? super T> results) {
            this.size = size;
            this.job = job;
            this.results = results;
        }

        /** A worker's work. */
        void work() {
            long began = CpuTime.ofThread();
            for (int next = next(); next >= 0; next = next()) {
                try {
                    deliver(next, job.apply(next));
                } catch (Throwable e) {
                    fail(next, e);
                }
            }
            addCpuNanos(CpuTime.ofThread() - began);
        }

        /** The number of a micro-batch that nobody has begun; -1 if there is none. */
        private synchronized int next() {
            return begun < size ? begun++ : -1;
        }

        /** Begins no further ones. */
        synchronized void stop() {
            begun = size;
        }

        private synchronized void deliver(int number, T result) {
            waiting.put(number, result);
            while (waiting.containsKey(delivered)) {
                results.accept(waiting.remove(delivered++));
            }
        }

        /** Numbers are begun in their order, so that the first one that fails is the same whoever is faster. */
        @SuppressWarnings("ReferenceEquality") // a throwable cannot suppress itself
        private synchronized void fail(int number, Throwable thrown) {
            stop();
            Throwable other = failure;
            if (failure == null || number < failed) {
                failure = thrown;
                failed = number;
            } else {
                other = thrown;
            }
            // Several may have thrown one and the same object, which cannot be suppressed by itself.
            if (other != null && other != failure) {
                failure.addSuppressed(other);
            }
        }

        private synchronized void addCpuNanos(long nanos) {
            cpuNanos += nanos;
        }

        synchronized long cpuNanos() {
            return cpuNanos;
        }

        synchronized void requireDone() {
            switch (failure) {
                case null -> {}
                case RuntimeException e -> throw e;
                case Error e -> throw e;
                default -> throw new IllegalStateException(failure);
            }
        }
    }
}
