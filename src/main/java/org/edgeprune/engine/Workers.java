package org.edgeprune.engine;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.edgeprune.model.Execution;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.torch.LibTorch;

/**
 * Runs the micro-batches of a batch, several at the same time, on one thread each, on which libtorch's operations use
 * one thread while others are busy. The results do not depend on the number of workers: micro-batches are cut without
 * regard to it ({@link MicroBatches}), and their results are handed over in the order of the micro-batches.
 *
 * <p>A micro-batch is identified by its number, and its result is a plain value that does not belong to any thread's
 * {@link org.edgeprune.torch.TensorScope}.
 *
 * <p>Where a model has several copies ({@link TransformerModel#copies}), normally one for each GPU, each worker uses
 * one of them, and always runs the same numbers on it.
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
     * @param bytes what this rank received of results, its own included
     * @param seconds of this rank, from its last result to the results of all ranks, or their sum, with the wait for
     *     slower ranks
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
     * The workers of a model: as many as its execution asks for; otherwise one for each copy of the model, or, if there
     * is one copy, as many as there are cores for operations of {@link LibTorch#threads} threads each, or one if that
     * is measured to be faster.
     *
     * @param execution how the model is run
     * @return the workers
     */
    public static Workers of(Execution execution) {
        int most = most(execution);
        boolean measured = execution.workers().isEmpty() && execution.copies().size() == 1;
        return measured ? new Workers(WorkerCount.measured(most), Ranks.alone()) : of(most);
    }

    /**
     * Workers of the same number, on each of several ranks.
     *
     * @param all this process and the others
     * @return workers that spread the batches of {@link #run(TransformerModel, int, Job, Packing, Consumer)}
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
        if (execution.copies().size() > 1) {
            return execution.copies().size();
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
     * Computes the result of a micro-batch.
     *
     * @param <T> type of the result
     */
    @FunctionalInterface
    public interface Job<T> {
        /**
         * Called on any thread, by several at the same time.
         *
         * @param model the copy of the model to run
         * @param number of the micro-batch, from 0
         * @return a plain value, or tensors on the copy's device that are in no thread's scope
         */
        T run(TransformerModel model, int number);
    }

    /**
     * Runs all micro-batches of a batch, each on one of the ranks, and gives all results to all ranks. Rank r runs
     * those with the numbers r, r + ranks, and so on, so that ranks have nearly the same number of micro-batches, and
     * of long ones; in the same way they are shared out among the copies of the model. A batch of one micro-batch runs
     * on the calling thread and on the model itself.
     *
     * @param <T> type of a micro-batch's result
     * @param model the model, of whose copies each worker uses one
     * @param microBatches how many there are on all ranks together
     * @param job computes the result of a micro-batch, on any thread of its rank
     * @param packing writes results for the other ranks
     * @param results receives the results of all ranks in the order of the numbers, one at a time
     */
    public <T> void run(
            TransformerModel model,
            int microBatches,
            Job<? extends T> job,
            Packing<T> packing,
            Consumer<? super T> results) {
        run(model.copies(), microBatches, job::run, packing, results);
    }

    /**
     * The same on something else than a model.
     *
     * @param copies that workers use, at least one
     */
    <C, T> void run(
            List<C> copies,
            int microBatches,
            BiFunction<C, Integer, ? extends T> job,
            Packing<T> packing,
            Consumer<? super T> results) {
        int size = ranks.size();
        if (size == 1) {
            run(copies, microBatches, job, results);
            return;
        }
        List<byte[]> mine = own(copies, microBatches, (copy, number) -> packing.pack(job.apply(copy, number)));
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
     * Adds up what all micro-batches of a batch contribute, in their order, and gives all ranks the sum. They are
     * spread as by {@link #run(TransformerModel, int, Job, Packing, Consumer)}; each rank adds a part of the numbers
     * for all.
     *
     * @param model the model, of whose copies each worker uses one
     * @param microBatches how many there are on all ranks together, at least 1
     * @param job computes what a micro-batch contributes, on any thread of its rank
     * @return the sum, with the same bits for every number of workers and ranks
     */
    public MicroBatchGradients sum(TransformerModel model, int microBatches, Job<MicroBatchGradients> job) {
        return sum(model.copies(), microBatches, job::run);
    }

    /**
     * The same on something else than a model.
     *
     * @param copies that workers use, at least one
     */
    <C> MicroBatchGradients sum(List<C> copies, int microBatches, BiFunction<C, Integer, MicroBatchGradients> job) {
        if (ranks.size() == 1) {
            MicroBatchGradients.Sum sum = new MicroBatchGradients.Sum();
            run(copies, microBatches, job, sum::add);
            return sum.total();
        }
        List<MicroBatchGradients> mine = own(copies, microBatches, job);
        long began = System.nanoTime();
        SlicedSum sum = SlicedSum.of(ranks, mine, microBatches);
        gathered = new Gathered(sum.bytes(), (System.nanoTime() - began) / 1e9);
        return sum.total();
    }

    /** Runs the micro-batches of this rank, and gives their results in order, in a list that may be changed. */
    private <C, T> List<T> own(List<C> copies, int microBatches, BiFunction<C, Integer, ? extends T> job) {
        int[] numbers = numbers(microBatches);
        List<T> results = new ArrayList<>(numbers.length);
        if (numbers.length > 0) {
            this.<C, T>run(copies, numbers.length, (copy, i) -> job.apply(copy, numbers[i]), results::add);
        }
        return results;
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

    /**
     * Runs all micro-batches of a batch in this process, with the calling thread as one of the workers (a batch of one
     * micro-batch runs on no other), and returns when no worker is running any more. If one fails, no further ones are
     * begun but those of lower numbers, and this throws the exception of the first of them, by its number, with the
     * others' added as suppressed.
     *
     * @param <T> type of a micro-batch's result
     * @param model the model, of whose copies each worker uses one; the calling thread uses the model itself
     * @param microBatches how many there are
     * @param job computes the result of a micro-batch, on any thread
     * @param results receives the results in the order of the numbers, one at a time, on any thread
     */
    public <T> void run(TransformerModel model, int microBatches, Job<? extends T> job, Consumer<? super T> results) {
        run(model.copies(), microBatches, job::run, results);
    }

    /**
     * The same on something else than a model.
     *
     * @param copies that workers use, at least one
     */
    <C, T> void run(
            List<C> copies, int microBatches, BiFunction<C, Integer, ? extends T> job, Consumer<? super T> results) {
        int most = Math.min(microBatches, count.next());
        int workers = copies.size() == 1 ? most : Math.min(most, copies.size());
        RunningBatch<C, T> batch = new RunningBatch<>(copies, workers, microBatches, job, results);
        long began = System.nanoTime();
        List<Thread> others = new ArrayList<>();
        try {
            for (int i = 1; i < workers; i++) {
                int worker = i;
                others.add(Thread.ofPlatform()
                        .name("edgeprune worker " + (i + 1))
                        .daemon()
                        .start(() -> batch.work(worker)));
            }
            batch.work(0);
        } catch (Throwable e) { // a thread that cannot be had
            batch.stopAt(0);
            throw e;
        } finally {
            others.forEach(Workers::join);
        }
        batch.requireDone();
        count.took(workers, microBatches, System.nanoTime() - began, batch.cpuNanos());
    }
}
