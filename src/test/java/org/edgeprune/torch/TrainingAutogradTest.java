package org.edgeprune.torch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/** A network trained for many steps: it learns, and neither handles nor memory accumulate. */
class TrainingAutogradTest extends TensorFixture {
    private static final int STEPS = 10_000;
    private static final int WARM_UP = 2_000;
    // One leaked [64, 64] f32 tensor a step would be 8000 x 16 KiB = 125 MiB.
    private static final long TOLERATED_GROWTH_KB = 40_000;

    @Test
    void tenThousandStepsWithoutGrowth() throws IOException {
        LibTorch.seed(1);
        Tensor x = Tensor.zeros(64, 8).uniform_(-1, 1);
        Tensor y = x.square().sumKeep(1).sin();
        List<Tensor> parameters =
                List.of(parameter(8, 64), parameter(64), parameter(64, 64), parameter(64), parameter(64, 1));
        double first = 0;
        double last = 0;
        long live = TensorScope.liveTensors();
        long memory = 0;
        for (int step = 0; step < STEPS; step++) {
            last = step(parameters, x, y);
            assertEquals(live, TensorScope.liveTensors());
            if (step == 0) {
                first = last;
            }
            if (step == WARM_UP) {
                memory = residentKb();
            }
        }
        long growth = residentKb() - memory;
        assertTrue(last < 0.05 * first, "loss " + first + " to " + last);
        assertTrue(growth < TOLERATED_GROWTH_KB, "resident memory grew by " + growth + " kB");
    }

    private static Tensor parameter(long... shape) {
        return Tensor.zeros(shape).normal_(0, 0.2).requiresGrad_(true);
    }

    private static double step(List<Tensor> parameters, Tensor x, Tensor y) {
        try (TensorScope _ = TensorScope.open()) {
            Tensor hidden =
                    Tensor.addmm(parameters.get(1), x, parameters.get(0)).geluTanh();
            hidden = Tensor.addmm(parameters.get(3), hidden, parameters.get(2)).tanh();
            Tensor loss = hidden.matmul(parameters.get(4)).sub(y).square().mean();
            List<Tensor> gradients = Autograd.grad(List.of(loss), null, parameters, false, false, false);
            try (GradMode _ = GradMode.disabled()) {
                for (int i = 0; i < parameters.size(); i++) {
                    parameters.get(i).add_(gradients.get(i), -0.02);
                }
            }
            return loss.item();
        }
    }

    private static long residentKb() throws IOException {
        Path status = Path.of("/proc/self/status");
        Assumptions.assumeTrue(Files.exists(status), "no /proc: resident memory cannot be read");
        System.gc();
        return Files.readAllLines(status).stream()
                .filter(line -> line.startsWith("VmRSS:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                .findFirst()
                .orElseThrow();
    }
}
