package org.edgeprune.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.edgeprune.fixture.NoLocks;
import org.edgeprune.report.TinyRun;
import org.edgeprune.safetensors.SafeTensorsFile;
import org.edgeprune.safetensors.SafeTensorsWriter;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** What {@link Main} makes of errors that are not of the input: one line, and the exit code. */
class MainTest {
    @TempDir
    private static Path shared;

    @TempDir
    private Path dir;

    private static Path model;
    private static Path data;

    @BeforeAll
    static void prepare() {
        model = TinyRun.model(shared.resolve("model"));
        data = TinyRun.data("ioi", model, shared.resolve("data"));
    }

    /** Calls itself until the stack ends. */
    @Command(name = "deep")
    private static final class Deep implements Callable<Integer> {
        @Override
        public Integer call() {
            return 1 + deeper(1);
        }

        private static int deeper(int depth) {
            return depth == 0 ? 0 : 1 + deeper(depth + 1);
        }
    }

    /** Asks for an array that no heap holds, at once or by and by. */
    @Command(name = "large")
    private static final class Large implements Callable<Integer> {
        @Override
        public Integer call() {
            return new long[64][Integer.MAX_VALUE].length;
        }
    }

    /** A fault of ours. */
    @Command(name = "faulty")
    private static final class Faulty implements Callable<Integer> {
        @Override
        public Integer call() {
            throw new IllegalStateException("this must not be");
        }
    }

    private static Tool run(Callable<Integer> command) {
        CommandLine line = Main.commandLine();
        CommandLine added = new CommandLine(command);
        line.addSubcommand(added);
        return InProcess.run(
                line.setExecutionExceptionHandler(line.getExecutionExceptionHandler()), added.getCommandName());
    }

    @Test
    void aStackThatEndsIsOneLineThatSaysWhatAndWhere() {
        String line = run(new Deep()).refused();
        assertTrue(
                line.startsWith("edgeprune: an input is nested too deeply: check it, or give Java more stack"
                        + " (JAVA_TOOL_OPTIONS=-Xss16m) [org.edgeprune.cli.MainTest$Deep.deeper("),
                line);
    }

    @Test
    void memoryThatEndsIsOneLineThatSaysHowMuchThereIsAndWhere() {
        String line = run(new Large()).refused();
        assertTrue(
                line.startsWith("edgeprune: Java ran out of memory (")
                        && line.contains("; it may use "
                                + Runtime.getRuntime().maxMemory() / (1 << 20)
                                + " MiB): check the size of the inputs, or give it more (JAVA_TOOL_OPTIONS=-Xmx8g)"
                                + " [org.edgeprune.cli.MainTest$Large.call("),
                line);
    }

    @Test
    void aFaultOfOursHasItsTraceAndExitCode1() {
        Tool faulty = run(new Faulty());
        assertEquals(1, faulty.exit());
        assertEquals(
                List.of(
                        "edgeprune: internal error, please report it:",
                        "java.lang.IllegalStateException: this must not be"),
                faulty.errLines().subList(0, 2));
    }

    /** The tiny model with some of its tensors multiplied: those whose names end so. */
    private Path scaled(Map<String, Double> factors) throws IOException {
        Path copy = Files.createDirectories(dir.resolve("scaled"));
        for (String name : List.of("config.json", "tokenizer.json")) {
            Files.copy(model.resolve(name), copy.resolve(name));
        }
        try (TensorScope _ = TensorScope.open();
                SafeTensorsFile file = SafeTensorsFile.open(model.resolve("model.safetensors"))) {
            Map<String, Tensor> tensors = new HashMap<>();
            for (String name : file.names()) {
                Tensor tensor = file.tensor(name);
                double factor = factors.entrySet().stream()
                        .filter(entry -> name.endsWith(entry.getKey()))
                        .mapToDouble(Map.Entry::getValue)
                        .findFirst()
                        .orElse(1);
                tensors.put(name, tensor.mul(factor));
            }
            SafeTensorsWriter.write(copy.resolve("model.safetensors"), tensors);
        }
        return copy;
    }

    private Tool prune(String command, Path of, Object... more) {
        Object[] common = {
            command,
            "--model",
            of,
            "--data",
            data,
            "--out",
            dir.resolve("out"),
            "--threads",
            1,
            "--steps",
            6,
            "--batch-size",
            4,
            "--save-every",
            1,
            "--evaluate-every",
            0,
            "--initial-log-alpha",
            0
        };
        return InProcess.run(
                Stream.concat(Arrays.stream(common), Arrays.stream(more)).toArray());
    }

    /**
     * A model whose heads and MLPs outweigh its embeddings, so that the masks matter, and with logits of 1e25: they are
     * finite in F32, the square of such a gradient is not.
     */
    private Path steep() throws IOException {
        return scaled(Map.of("c_proj.weight", 1000.0, "ln_f.weight", 1e25));
    }

    @Test
    void aRunThatDivergesIsOneLineAndExitCode2() throws IOException {
        String line = prune("prune", steep()).refused();
        assertTrue(
                line.startsWith("edgeprune: step 0: loss ")
                        && line.contains(": the run has diverged; lower the learning rates.")
                        && line.endsWith("There is no checkpoint yet"),
                line);
        assertFalse(Files.exists(dir.resolve("out/metrics.json")));
    }

    @Test
    void aSweepWithARunThatDivergedSaysWhichAndEndsWithExitCode2() throws IOException {
        Tool sweep = prune("sweep", steep(), "--target-edge-sparsity", "0.5,0.6", "--json");
        assertEquals(2, sweep.exit(), sweep.err());
        for (String target : List.of("0.5", "0.6")) {
            String left = sweep.said(dir.resolve("out/edge-sparsity-" + target) + ": left out: ");
            assertTrue(left.contains("the run has diverged"), left);
        }
        String result = String.join("", sweep.outLines());
        assertTrue(result.replace(" ", "").contains("\"diverged\":[0.5,0.6]"), result);
    }

    /** Finite weights whose layer norms overflow. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            prune | training example
            eval | example 1 of 12
            """)
    void logitsThatAreNoNumbersAreFoundBeforeTheFirstStepAndTheirPromptIsNamed(String command, String prompt)
            throws IOException {
        Path wild = scaled(Map.of("wte.weight", 1e30));
        Tool said = command.equals("prune")
                ? prune("prune", wild)
                : InProcess.run("eval", "--model", wild, "--data", data, "--task", "ioi");
        String line = said.refused();
        assertTrue(line.startsWith("edgeprune: " + prompt) && line.contains(": the logits hold NaN: "), line);
        assertFalse(Files.exists(dir.resolve("out/checkpoints/step-000001.safetensors")));
    }

    @Test
    void aRunOnAFileSystemWithoutLocksSaysSoAndEndsWell() throws Exception {
        ProcessBuilder process = new ProcessBuilder();
        process.environment().put("LD_PRELOAD", NoLocks.build(dir).toString());
        Tool prune = Tool.run(
                        process, "prune", "--model", model, "--data", data, "--out", dir.resolve("out"), "--steps", 1)
                .ok();
        assertEquals(
                1,
                prune.err()
                        .lines()
                        .filter(line -> line.startsWith(dir.resolve("out") + ": this file system has no locks"))
                        .count(),
                prune.err());
    }
}
