package org.edgeprune.torch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/**
 * A network trained for many steps: it learns, and neither handles nor memory accumulate. The steps run in a process of
 * their own, whose Java heap is small and resident from the start, so that only native memory can grow.
 */
class TrainingAutogradTest {
    private static final Path STATUS = Path.of("/proc/self/status");
    private static final int STEPS = 10_000;
    private static final int WARM_UP = 2_000;
    // One leaked [64, 64] f32 tensor a step would be 8000 x 16 KiB = 125 MiB.
    private static final long TOLERATED_GROWTH_KB = 40_000;

    @Test
    void tenThousandStepsWithoutGrowth() throws IOException, InterruptedException {
        Assumptions.assumeTrue(Files.exists(STATUS), "no /proc: resident memory cannot be read");
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-Xms64m",
                        "-Xmx64m",
                        "-XX:+AlwaysPreTouch",
                        "-XX:+UseSerialGC",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Training.class.getName())
                .redirectError(Redirect.INHERIT)
                .start();
        String[] said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                .strip()
                .split(" ", -1);
        assertEquals(0, process.waitFor());
        double first = Double.parseDouble(said[0]);
        double last = Double.parseDouble(said[1]);
        assertTrue(last < 0.05 * first, "loss " + first + " to " + last);
        assertEquals(0, Long.parseLong(said[2]), "tensors left over");
        assertTrue(Long.parseLong(said[3]) < TOLERATED_GROWTH_KB, "resident memory grew by " + said[3] + " kB");
    }

    /** Trains, and prints the first and the last loss, the tensors left over, and by how many kB the process grew. */
    static final class Training {
        public static void main(String[] none) throws IOException {
            try (TensorScope _ = TensorScope.open()) {
                LibTorch.seed(1);
                Tensor x = Tensor.zeros(64, 8).uniform_(-1, 1);
                Tensor y = x.square().sumKeep(1).sin();
                List<Tensor> parameters =
                        List.of(parameter(8, 64), parameter(64), parameter(64, 64), parameter(64), parameter(64, 1));
                long live = TensorScope.liveTensors();
                double first = step(parameters, x, y);
                for (int step = 1; step < WARM_UP; step++) {
                    step(parameters, x, y);
                }
                long memory = residentKb();
                double last = 0;
                for (int step = WARM_UP; step < STEPS; step++) {
                    last = step(parameters, x, y);
                }
                System.out.println(
                        first + " " + last + " " + (TensorScope.liveTensors() - live) + " " + (residentKb() - memory));
            }
        }
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
        System.gc();
        return Files.readAllLines(STATUS).stream()
                .filter(line -> line.startsWith("VmRSS:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                .findFirst()
                .orElseThrow();
    }
}
