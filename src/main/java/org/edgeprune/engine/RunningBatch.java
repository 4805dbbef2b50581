package org.edgeprune.engine;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Consumer;

/**
 * A batch whose micro-batches several workers are running.
 *
 * @param <C> what a worker runs them on: a copy of the model
 * @param <T> type of a micro-batch's result
 */
final class RunningBatch<C, T> {
    private final List<C> copies;
    private final int workers;
    private final BiFunction<C, Integer, ? extends T> job;
    private final Consumer<? super T> results;
    private final Map<Integer, T> waiting = new HashMap<>();
    /** The first number that is not to be begun. */
    private int end;

    private int begun;
    private int delivered;
    private long cpuNanos;
    private Throwable failure;

    /**
     * A batch none of whose micro-batches is begun.
     *
     * @param copies used by all workers if it is one; otherwise each worker has its own
     * @param workers number of workers, each of which will call {@link #work}
     * @param size number of micro-batches
     * @param job computes the result of a micro-batch on a copy
     * @param results receives the results in the order of the numbers, one at a time
     */
    RunningBatch(
            List<C> copies,
            int workers,
            int size,
            BiFunction<C, Integer, ? extends T> job,
            Consumer<? super T> results) {
        this.copies = copies;
        this.workers = workers;
        this.end = size;
        this.job = job;
        this.results = results;
    }

    /** A worker's work; returns when there is no more for it to begin. */
    void work(int worker) {
        C copy = copies.get(copies.size() == 1 ? 0 : worker);
        long began = CpuTime.ofThread();
        for (int number = first(worker); goesOn(number); number = after(number)) {
            try {
                deliver(number, job.apply(copy, number));
            } catch (Throwable e) {
                fail(number, e);
            }
        }
        addCpuNanos(CpuTime.ofThread() - began);
    }

    private int first(int worker) {
        return copies.size() == 1 ? next() : worker;
    }

    /**
     * Workers of one copy take the next number that nobody has begun. Of several copies each has its own numbers: even
     * where devices differ in their last bits, the same run again gives the same bits.
     */
    private int after(int number) {
        return copies.size() == 1 ? next() : number + workers;
    }

    private synchronized int next() {
        return begun++;
    }

    private synchronized boolean goesOn(int number) {
        return number < end;
    }

    /** Begins none of these numbers and of those that follow. */
    synchronized void stopAt(int number) {
        end = Math.min(end, number);
    }

    private synchronized void deliver(int number, T result) {
        waiting.put(number, result);
        while (waiting.containsKey(delivered)) {
            results.accept(waiting.remove(delivered++));
        }
    }

    /** All lower numbers are run, so that the first one that fails is the same whoever is faster. */
    @SuppressWarnings("ReferenceEquality") // a throwable cannot suppress itself
    private synchronized void fail(int number, Throwable thrown) {
        Throwable other = failure;
        if (failure == null || number < end) {
            failure = thrown;
        } else {
            other = thrown;
        }
        stopAt(number);
        // Several may have thrown one and the same object, which cannot be suppressed by itself.
        if (other != null && other != failure) {
            failure.addSuppressed(other);
        }
    }

    private synchronized void addCpuNanos(long nanos) {
        cpuNanos += nanos;
    }

    /** What the workers have computed, all together; 0 if that is not known. */
    synchronized long cpuNanos() {
        return cpuNanos;
    }

    /** Throws what the first micro-batch that failed has thrown. */
    synchronized void requireDone() {
        switch (failure) {
            case null -> {}
            case RuntimeException e -> throw e;
            case Error e -> throw e;
            default -> throw new IllegalStateException(failure);
        }
    }
}
