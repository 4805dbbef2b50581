package org.edgeprune.torch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Threads share weights, and nothing else: each has its own scopes, gradient mode and errors. */
class ThreadsTensorTest extends TensorFixture {
    private static final int THREADS = 4;
    private static final int JOBS = 16;

    @Test
    @Timeout(600)
    void concurrentResultsEqualSequentialOnes() throws Exception {
        LibTorch.seed(3);
        Tensor weights = Tensor.zeros(16, 16).normal_(0, 0.3).requiresGrad_(true);
        List<float[]> sequential = new ArrayList<>();
        for (int job = 0; job < JOBS; job++) {
            sequential.add(work(weights, job));
        }
        List<float[]> concurrent = new ArrayList<>();
        try (ExecutorService pool = Executors.newFixedThreadPool(THREADS)) {
            List<Future<float[]>> futures = new ArrayList<>();
            for (int job = 0; job < JOBS; job++) {
                int number = job;
                futures.add(pool.submit(() -> work(weights, number)));
            }
            for (Future<float[]> future : futures) {
                concurrent.add(future.get());
            }
        }
        for (int job = 0; job < JOBS; job++) {
            assertArrayEquals(sequential.get(job), concurrent.get(job), "job " + job);
        }
    }

    /**
     * Twenty steps of gradient ascent on an input, with shared frozen weights; odd jobs also fail and recover on the
     * way.
     */
    private static float[] work(Tensor weights, int job) {
        try (TensorScope whole = TensorScope.open()) {
            Tensor x = Tensor.arange(0, 16)
                    .mul(0.1 * (job + 1))
                    .sin()
                    .reshape(1, 16)
                    .requiresGrad_(true);
            for (int step = 0; step < 20; step++) {
                try (TensorScope _ = TensorScope.open()) {
                    Tensor gradient =
                            Autograd.grad(x.matmul(weights).tanh().square().sum(), x)[0];
                    try (GradMode _ = GradMode.disabled()) {
                        x.add_(gradient, 0.05);
                    }
                    if (job % 2 == 1) {
                        Tensor wrong = Tensor.ones(job, 3);
                        String message = assertThrows(TorchException.class, () -> wrong.matmul(weights))
                                .getMessage();
                        assertTrue(message.contains("(" + job + "x3 and 16x16)"), message);
                    }
                }
            }
            assertEquals(4, whole.size(), "x and the three tensors that it was made from");
            return x.toFloats();
        }
    }

    @Test
    @Timeout(600)
    void gradientModeBelongsToAThread() throws Exception {
        Tensor x = Tensor.ones(1).requiresGrad_(true);
        CyclicBarrier bothSet = new CyclicBarrier(2);
        try (ExecutorService pool = Executors.newFixedThreadPool(2)) {
            Future<Boolean> off = pool.submit(() -> {
                try (TensorScope _ = TensorScope.open();
                        GradMode _ = GradMode.disabled()) {
                    bothSet.await();
                    return x.mul(2).requiresGrad();
                }
            });
            Future<Boolean> untouched = pool.submit(() -> {
                try (TensorScope _ = TensorScope.open()) {
                    bothSet.await();
                    return x.mul(2).requiresGrad();
                }
            });
            assertEquals(false, off.get());
            assertEquals(true, untouched.get());
        }
    }
}
