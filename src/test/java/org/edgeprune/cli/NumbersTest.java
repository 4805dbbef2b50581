package org.edgeprune.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.edgeprune.prune.PruneOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** Numbers, names and paths that cannot be meant: one line that names the option, and exit code 2. */
class NumbersTest {
    @TempDir
    private Path folder;

    /** Runs a command in this process. @return its exit code, then the lines of standard error */
    private static List<String> run(List<String> arguments) {
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        PrintStream before = System.err;
        System.setErr(new PrintStream(err, true, StandardCharsets.UTF_8));
        int exit;
        try {
            exit = Main.run(arguments.toArray(String[]::new));
        } finally {
            System.setErr(before);
        }
        List<String> lines = new ArrayList<>(List.of(Integer.toString(exit)));
        err.toString(StandardCharsets.UTF_8).lines().forEach(lines::add);
        return lines;
    }

    private String refused(String... arguments) {
        List<String> said = run(List.of(arguments));
        assertEquals("2", said.getFirst(), said.toString());
        List<String> lines =
                said.stream().skip(1).filter(line -> !line.startsWith("Try '")).toList();
        assertEquals(1, lines.size(), said.toString());
        assertTrue(
                lines.getFirst().startsWith("edgeprune: ") && lines.getFirst().length() <= 511, said.toString());
        return lines.getFirst();
    }

    @ParameterizedTest
    @CsvSource({
        "--edge-sparsity, 95, 95% is written 0.95",
        "--edge-sparsity, 1.6, targets end at 1.5",
        "--edge-sparsity, -0.5, from 0 to 1.5",
        "--edge-sparsity, NaN, from 0 to 1.5",
        "--node-sparsity, 72, 95% is written 0.95",
        "--start-edge-sparsity, 1, below 1",
        "--edge-lr, NaN, learning rate",
        "--edge-lr, Infinity, learning rate",
        "--edge-lr, 1e308, learning rate",
        "--edge-lr, -0.8, learning rate",
        "--node-lr, 1e6, learning rate",
        "--edge-reg-lr, -1, learning rate",
        "--node-reg-lr, NaN, learning rate",
        "--initial-log-alpha, NaN, log_alpha",
        "--initial-log-alpha, 1e30, log_alpha",
        "--max-grad-norm, -1, gradient norm",
        "--max-grad-norm, 1e300, gradient norm",
        "--minimal, Infinity, number of at least 0",
        "--threads, 100000, threads: must be from 1",
        "--threads, 2147483647, threads: must be from 1",
        "--threads, 0, threads: must be from 1",
        "--workers, 0, must be from 1",
        "--workers, 100000, must be from 1",
        "--micro-batch, -1, must be from 0",
        "--save-every, -1, 0 is for none",
        "--evaluate-every, -7, 0 is for none",
        "--cache-mb, 9223372036854775807, must be from 0"
    })
    void pruneRefuses(String option, String value, String words) {
        String message = refused("prune", "--out", folder.resolve("run").toString(), option, value);
        assertTrue(message.contains(option) && message.contains(words), message);
        assertTrue(Files.notExists(folder.resolve("run/run.json")));
    }

    @ParameterizedTest
    @CsvSource({
        "sweep, --target-edge-sparsity, 95,",
        "sweep, --target-edge-sparsity, '0.9,-1',",
        "sweep, --target-edge-sparsity, '0.9,x',",
        "train-mini, --learning-rate, NaN,",
        "train-mini, --learning-rate, 1e30,",
        "train-mini, --width, 2147483647,",
        "train-mini, --layers, 2147483647,",
        "train-mini, --weight-decay, -1,",
        "train-mini, --warmup-steps, -1,",
        "train-mini, --context-weight, Infinity,",
        "data, --train, -1, ioi",
        "data, --train, 2147483647, ioi",
        "tracr suite, --steps, -5,",
        "init, --shard-size, 999999999999GB,",
    })
    void otherCommandsRefuse(String command, String option, String value, String argument) {
        List<String> all = new ArrayList<>(List.of(command.split(" ")));
        all.addAll(List.of("--out", folder.resolve("out").toString(), option, value));
        if (argument != null) {
            all.add(argument);
        }
        if (command.equals("init")) {
            all.addAll(List.of("--config", "gpt2"));
        }
        refused(all.toArray(String[]::new));
    }

    @ParameterizedTest
    @CsvSource({
        "--edge-sparsity, 95",
        "--edge-sparsity, NaN",
        "--tokens, 2147483647",
        "--batch-size, 2147483647",
        "--repeat, 2147483647"
    })
    void benchRefuses(String option, String value) {
        refused("bench", option, value);
    }

    @Test
    void generateRefusesMoreThanThereArePositions() {
        refused("generate", "--prompt", "When Mary", "--max-new-tokens", "2147483647");
    }

    @Test
    void aTargetAboveOneAndAWarmUpThatDoesNotEndAreSaidOnce() {
        List<String> said = run(List.of(
                "prune",
                "--out",
                folder.resolve("run").toString(),
                "--steps",
                "1",
                "--batch-size",
                "2",
                "--max-train-samples",
                "2",
                "--evaluate-every",
                "0",
                "--edge-sparsity",
                "1.05",
                "--sparsity-warmup-steps",
                "2500"));
        assertEquals("0", said.getFirst(), said.toString());
        assertEquals(
                1,
                said.stream()
                        .filter(l -> l.contains("strengthens the constraint"))
                        .count(),
                said.toString());
        assertEquals(
                1, said.stream().filter(l -> l.contains("never reaches 1.05")).count(), said.toString());
        assertEquals(
                1,
                said.stream()
                        .filter(l ->
                                l.contains("an edge sparsity of 1.05: the run is trained as published (--published)"))
                        .count(),
                said.toString());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--positions",
                "--level NODES",
                "--level EDGES_AND_NODES",
                "--start-edge-sparsity 0",
                "--initial-log-alpha 4",
                "--node-loss",
                "--node-sparsity 0.5",
                "--node-lr 0.1",
                "--node-reg-lr 0.1",
                "--relax-sparser-nodes",
                "--sparsity-warmup LINEAR",
                "--sparsity-warmup-steps 9",
                "--edge-sparsity 0",
                "--edge-sparsity 1",
                "--start-node-sparsity 0.1"
            })
    void whatOnlyThePublishedTrainingHasChoosesItAndANoteSaysSo(String option) {
        PruneSettings settings = new PruneSettings();
        new CommandLine(settings).parseArgs(option.split(" ", -1));
        String note = settings.coldNote(settings.over(PruneOptions.bundled())).orElse("");
        String name = option.substring(0, option.contains(" ") ? option.indexOf(' ') : option.length());
        assertTrue(note.startsWith(name.equals("--edge-sparsity") ? "an edge sparsity" : name), note);
        assertTrue(note.endsWith(": the run is trained as published (--published)"), note);
        PruneSettings asked = new PruneSettings();
        new CommandLine(asked).parseArgs((option + " --published").split(" ", -1));
        assertEquals(Optional.empty(), asked.coldNote(asked.over(PruneOptions.bundled())));
    }

    @Test
    void schedulesScaleWithTheStepsUnlessTheyAreGiven() {
        PruneSettings settings = new PruneSettings();
        new CommandLine(settings).parseArgs("--steps", "60", "--warmup-steps", "5");
        PruneOptions options = settings.over(PruneOptions.bundled());
        assertEquals(60, options.training().steps());
        assertEquals(45, options.targets().edgeSparsity().warmupSteps());
        assertEquals(45, options.targets().nodeSparsity().warmupSteps());
        assertEquals(5, options.learningRates().warmupSteps());
        assertEquals(
                List.of(
                        "warm-ups scaled to 60 steps: the targets rise in 45 steps (--sparsity-warmup-steps), the learning"
                                + " rates in 5 (--warmup-steps)"),
                settings.notes(options));
    }

    @Test
    void flagsThatAreGivenReplaceThePresets() {
        PruneOptions preset = PruneOptions.gpt2();
        PruneSettings none = new PruneSettings();
        new CommandLine(none).parseArgs();
        assertEquals(preset, none.over(preset));
        PruneSettings some = new PruneSettings();
        new CommandLine(some)
                .parseArgs("--no-node-loss", "--embedding-nodes", "--no-linear-term", "--relax-sparser-nodes");
        assertEquals(
                preset.with(preset.targets()
                                .withNodeLoss(false)
                                .withLinearTerm(false)
                                .withRelaxSparserNodes(true))
                        .with(preset.graph().withEmbeddingNodes(true)),
                some.over(preset));
        PruneSettings back = new PruneSettings();
        new CommandLine(back).parseArgs("--node-loss", "--no-embedding-nodes", "--linear-term");
        assertEquals(preset, back.over(preset));
    }

    @Test
    void optionsOfThePublishedScriptsAreNamed() {
        assertTrue(refused("prune", "--out", "x", "--edge_sparsity", "0.9").contains("did you mean --edge-sparsity?"));
        assertTrue(refused("prune", "--out", "x", "--edge_learning_rate=1", "--max_steps", "9")
                .contains("did you mean --edge-lr, --steps?"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"\u0000", "a\u0000b"})
    void pathsThatCannotBeAreRefused(String path) {
        refused("info", path);
        refused("prune", "--out", path);
        refused("draw", path, "-o", "x.svg");
        refused("generate", "--max-new-tokens", "1", "--model", path);
    }

    @Test
    void filesInPlaceOfFoldersAreNamed() throws IOException {
        Path file = Files.writeString(folder.resolve("model.safetensors"), "");
        String message = refused("generate", "--max-new-tokens", "1", "--model", file.toString());
        assertTrue(message.contains("is a file: name its directory, " + folder), message);
    }
}
