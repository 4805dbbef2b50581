package org.edgeprune.model;

import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * Reads the part of an offloaded model that will be used next while one is used: the disk works while the processor
 * does. A forward goes through the parts in their order, a backward against it.
 */
final class Prefetcher implements AutoCloseable {
    private final Weights weights;
    private final List<List<String>> parts;
    private final ExecutorService reader = Executors.newSingleThreadExecutor(Prefetcher::thread);
    private int last;

    /** @param parts names of the parameters of each part, in their order */
    Prefetcher(Weights weights, List<List<String>> parts) {
        this.weights = weights;
        this.parts = parts;
    }

    private static Thread thread(Runnable work) {
        Thread thread = new Thread(work, "edgeprune weights");
        thread.setDaemon(true);
        return thread;
    }

    /** Announces the part that is used now. If several threads do, the last announcement counts. */
    synchronized void using(int part) {
        int next = part < last ? part - 1 : part + 1;
        last = part;
        if (next >= 0 && next < parts.size()) {
            // what goes wrong here goes wrong again in the use, and is said there
            var _ = reader.submit(() -> parts.get(next).forEach(weights::prefetch));
        }
    }

    /** Returns when nothing is read any more. */
    @Override
    public void close() {
        reader.shutdownNow();
        boolean interrupted = false;
        while (true) {
            try {
                if (reader.awaitTermination(1, TimeUnit.MINUTES)) {
                    break;
                }
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
