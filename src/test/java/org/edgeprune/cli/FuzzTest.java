package org.edgeprune.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.edgeprune.io.InputException;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Damaged files of every kind that the tool reads: each ends with exit code 0, or 2 and one line, within ten seconds.
 * {@code run_scripts/soak/fuzz.sh} runs it with more inputs and other seeds, as {@code -Dfuzz.inputs} and
 * {@code -Dfuzz.seed} say.
 */
class FuzzTest {
    private static final int INPUTS = Integer.getInteger("fuzz.inputs", 90);
    private static final long SEED = Long.getLong("fuzz.seed", 20_241_204);
    private static final int KINDS = 51;

    private static final long END = System.nanoTime() + Long.getLong("fuzz.seconds", 600) * 1_000_000_000;

    private static final AtomicInteger KINDS_LEFT = new AtomicInteger(KINDS);

    private static final long PATIENCE_MS = 10_000;

    @TempDir
    private static Path seeds;

    @TempDir
    private static Path work;

    /** How a command ended. */
    private record Outcome(int exit, String out, String err, Throwable thrown, boolean late) {}

    @BeforeAll
    static void makeValidFiles() throws IOException {
        new FuzzSeeds(seeds, FuzzTest::ok).make();
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            value = {
                "model | config.json | info CASE; generate --model CASE --prompt When --max-new-tokens 1",
                "model | generation_config.json | generate --model CASE --prompt When --max-new-tokens 1",
                "model | model.safetensors | generate --model CASE --prompt When --max-new-tokens 1",
                "sharded | model.safetensors.index.json | generate --model CASE --prompt When --max-new-tokens 1",
                "model | tokenizer.json | data ioi --model CASE --train 2 --validation 1 --test 1 --out CASE/d",
                "run | run.json | edges CASE --count; report CASE; draw CASE -o CASE/x.svg; compare CASE SEEDS/run",
                "run | edges.json | edges CASE/edges.json; draw CASE/edges.json -o CASE/x.html; report CASE",
                "run | edges.graph.json | edges CASE/edges.json --model SEEDS/model --count",
                "run | masks.safetensors | edges CASE; report CASE",
                "eap-ig | graph.json | edges CASE/graph.json --model SEEDS/model --edges-kept 5; draw CASE/graph.json -o CASE/x.svg",
                "scores | scores.safetensors | edges CASE --count; edges CASE --format eap-ig -o CASE/x.json --count",
                "run | metrics.jsonl | report CASE",
                "run | metrics.json | report CASE; compare CASE SEEDS/run",
                "run | examples.jsonl | report CASE",
                "run | checkpoints/step-000002.safetensors | report CASE",
                "data | test.jsonl | eval --data CASE --model SEEDS/model --threads 1",
                "custom | c.jsonl | eval --task custom --data CASE/c.jsonl --model SEEDS/model --threads 1",
                "lists | names.txt | data ioi --names CASE/names.txt --train 2 --validation 1 --test 1 --out CASE/d",
                "rasp | p.rasp | tracr compile CASE/p.rasp --vocab a,b --max-len 3 -o CASE/out",
                "tracr | config.json | tracr check CASE/edges.json --model CASE --examples 20",
                "tracr | model.safetensors | tracr check CASE/edges.json --model CASE --examples 20",
                "gguf | m.gguf | convert CASE/m.gguf -o CASE/out",
                "torch | pytorch_model.bin | convert CASE/pytorch_model.bin -o CASE/out.safetensors; convert CASE -o CASE/out",
                "model | tokenizer_config.json | generate --model CASE --prompt When --max-new-tokens 1",
                "vocab | vocab.json | data check SEEDS/custom/c.jsonl --model CASE --max-samples 1",
                "vocab | merges.txt | data check SEEDS/custom/c.jsonl --model CASE --max-samples 1",
                "vocab | special_tokens_map.json | data check SEEDS/custom/c.jsonl --model CASE --max-samples 1",
                "torch | config.json | convert CASE -o CASE/out",
                "custom | c.csv | eval --task custom --data CASE/c.csv --model SEEDS/model --threads 1; data check CASE/c.csv --model SEEDS/model; attribute --method random --task custom --data CASE/c.csv --model SEEDS/model --out CASE/out",
                "lists | mine.json | data custom-template --templates CASE/mine.json --train 2 --validation 1 --test 1 --out CASE/d",
                "lists | templates.txt | data ioi --templates CASE/templates.txt --train 2 --validation 1 --test 1 --out CASE/d",
                "scores | run.json | edges CASE --count; eval --curve CASE --model SEEDS/model --data SEEDS/data --max-samples 1 --threads 1; attribute --model SEEDS/model --data SEEDS/data --method random --out CASE --resume",
                "scores | scores.safetensors | eval --curve CASE --model SEEDS/model --data SEEDS/data --max-samples 1 --threads 1; mattr --warm-start CASE --model SEEDS/model --data SEEDS/data --steps 1 --batch-size 2 --threads 1 --out CASE/m; prune --warm-start CASE --model SEEDS/model --data SEEDS/data --steps 1 --batch-size 2 --threads 1 --out CASE/p; heads CASE --max-samples 1",
                "levels | scores.safetensors | edges CASE --count; edges CASE --format csv -o CASE/x.csv; draw CASE -o CASE/x.svg",
                "acdc | run.json | edges CASE/edges.json --count; compare CASE SEEDS/run; acdc --model SEEDS/model --data SEEDS/data --threshold 1000 --max-samples 1 --out CASE --resume",
                "acdc | edges.json | eval CASE --model SEEDS/model --data SEEDS/data --max-samples 1 --threads 1; draw CASE -o CASE/x.svg",
                "eap-ig | scores.json | eval --curve CASE/scores.json --model SEEDS/model --data SEEDS/data --max-samples 1 --threads 1; edges CASE/scores.json --model SEEDS/model --edges-kept 3",
                "curve | curve.json | report SEEDS/run --curve CASE/curve.json -o CASE/x.html",
                "neurons | neurons.json | eval CASE --data SEEDS/data --max-samples 1 --threads 1; report CASE; edges CASE",
                "neurons | masks.safetensors | eval CASE --data SEEDS/data --max-samples 1 --threads 1; validate CASE --draws 2 --max-samples 2 --data SEEDS/data",
                "run | heads.json | report CASE",
                "run | minimal.json | eval CASE/minimal.json --model SEEDS/model --data SEEDS/data --max-samples 1 --threads 1; report CASE",
                "run | run.json | heads CASE --max-samples 1 --threads 1; validate CASE --draws 2 --max-samples 2 --threads 1; eval CASE --threads 1; eval --curve CASE --max-samples 1 --threads 1",
                "run | edges.json | validate CASE --draws 2 --max-samples 2 --threads 1; compare CASE SEEDS/run --picture CASE/x.svg; heads CASE --max-samples 1 --threads 1",
                "cut | run.json | prune --out CASE --resume --threads 1",
                "cut | metrics.jsonl | prune --out CASE --resume --threads 1",
                "cut | checkpoints/step-000002.safetensors | prune --out CASE --resume --threads 1",
                "sweep | sweep.csv | report CASE",
                "tracr | edges.json | tracr check CASE/edges.json --model CASE --examples 20",
                "published | config.json | edges CASE --count --model SEEDS/model",
                "published | model.safetensors | edges CASE --count --model SEEDS/model"
            })
    void everyRefusalIsOneLine(String folder, String file, String commands) throws Exception {
        Path valid = seeds.resolve(folder);
        byte[] original = Files.readAllBytes(valid.resolve(file));
        String[] each = commands.split("; ", -1);
        List<String> bad = new ArrayList<>();
        // a tokenizer that is not known yet is tried in a process of its own
        int inputs = Math.max(each.length, INPUTS / KINDS / (file.equals("tokenizer.json") ? 10 : 1));
        // the time that is left is for all kinds that are left
        long end = System.nanoTime() + (END - System.nanoTime()) / KINDS_LEFT.getAndDecrement();
        int i = 0;
        for (; i < inputs && System.nanoTime() - end < 0; i++) {
            Path place = work.resolve("case");
            delete(place);
            copy(valid, place);
            byte[] damaged = new Mutation(SEED * 1_000_003 + i).of(original);
            Files.write(place.resolve(file), damaged);
            String command =
                    each[i % each.length].replace("CASE", place.toString()).replace("SEEDS", seeds.toString());
            Outcome outcome = run(command.split(" "));
            String fault = fault(outcome);
            if (!fault.isEmpty()) {
                Path kept = Files.createDirectories(Path.of("target/fuzz"))
                        .resolve(i + "-" + place.resolve(file).getFileName());
                Files.write(kept, damaged);
                bad.add("input " + i + " of seed " + SEED + " (" + kept + "), " + command + ": " + fault);
            }
        }
        if (INPUTS > 1000) {
            System.out.println(i + " inputs: " + folder + ", " + file + " (" + commands + ")");
            System.out.flush();
        }
        assertEquals(List.of(), bad, () -> String.join("\n", bad));
    }

    @Test
    void damagedDefaultsAreRefusedInOneLine() throws IOException {
        byte[] original = """
                threads = 2
                model = "mini-gpt2"
                [prune]
                steps = 100
                node-loss = false
                edge-sparsity = 0.9
                [tracr.check]
                examples = 1
                """.getBytes(StandardCharsets.UTF_8);
        int inputs = Math.max(90, INPUTS / KINDS);
        for (int i = 0; i < inputs; i++) {
            byte[] damaged = new Mutation(SEED * 1_000_003 + i).of(original);
            Path file = Files.write(work.resolve("edgeprune.toml"), damaged);
            String said = "";
            try {
                Defaults.of(List.of(file)).before("prune", "--out", "x");
            } catch (InputException e) {
                said = e.getMessage();
            }
            assertEquals(
                    "",
                    said.isEmpty() ? "" : fault(new Outcome(2, "", "edgeprune: " + said + "\n", null, false)),
                    new String(damaged, StandardCharsets.ISO_8859_1));
        }
        if (INPUTS > 1000) {
            System.out.println(inputs + " inputs: edgeprune.toml");
        }
    }

    private static String fault(Outcome outcome) {
        List<String> lines = outcome.err().lines().toList();
        long messages =
                lines.stream().filter(line -> line.startsWith("edgeprune: ")).count();
        boolean unfit = lines.stream().anyMatch(line -> line.chars().anyMatch(Character::isISOControl));
        boolean vague = lines.stream()
                .anyMatch(line -> line.matches(".*: null(?![\\w\"]).*|.*Input length = \\d+.*|.*\\bjava\\.\\w+\\..*"));
        String said = outcome.err().substring(0, Math.min(1500, outcome.err().length()));
        if (outcome.thrown() != null) {
            return "threw " + outcome.thrown() + " at "
                    + Arrays.stream(outcome.thrown().getStackTrace())
                            .limit(6)
                            .map(Object::toString)
                            .collect(Collectors.joining(" < "));
        }
        if (outcome.late()) {
            return "took more than " + PATIENCE_MS + " ms";
        }
        if (outcome.exit() != 0 && outcome.exit() != 2) {
            return "exit " + outcome.exit() + ": " + said;
        }
        if (outcome.exit() == 2 && (messages != 1 || !lines.getLast().startsWith("edgeprune: "))) {
            return "not one line: " + said;
        }
        boolean long_ = lines.stream().anyMatch(line -> line.startsWith("edgeprune: ") && line.length() > 511);
        return outcome.exit() == 2 && (unfit || vague || long_) ? "no clear line: " + said : "";
    }

    @Test
    void whatIsNoClearLineIsFound() {
        assertEquals("", fault(new Outcome(0, "", "", null, false)));
        assertEquals("", fault(new Outcome(2, "", "edgeprune: x: is wrong: do this\n", null, false)));
        for (Outcome bad : List.of(
                new Outcome(1, "", "edgeprune: x\n", null, false),
                new Outcome(2, "", "", null, false),
                new Outcome(2, "", "edgeprune: x\nedgeprune: y\n", null, false),
                new Outcome(2, "", "edgeprune: x\n\tat y\n", null, false),
                new Outcome(2, "", "edgeprune: x\u001b[31m\n", null, false),
                new Outcome(2, "", "edgeprune: x: null\n", null, false),
                new Outcome(2, "", "edgeprune: " + "x".repeat(600) + "\n", null, false),
                new Outcome(0, "", "", new IllegalStateException(), false),
                new Outcome(0, "", "", null, true))) {
            assertNotEquals("", fault(bad), bad.toString());
        }
    }

    private static String ok(String... arguments) {
        Outcome outcome = run(arguments);
        assertTrue(outcome.exit() == 0 && outcome.thrown() == null, outcome.toString());
        return outcome.out();
    }

    private static Outcome run(String... arguments) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        PrintStream oldErr = System.err;
        PrintStream oldOut = System.out;
        AtomicInteger exit = new AtomicInteger(-1);
        AtomicReference<Throwable> thrown = new AtomicReference<>();
        Thread worker = new Thread(() -> {
            try {
                exit.set(Main.run(arguments));
            } catch (Throwable e) {
                thrown.set(e);
            }
        });
        worker.setDaemon(true);
        System.setErr(new PrintStream(err, true, StandardCharsets.UTF_8));
        System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
        try {
            long began = System.nanoTime();
            worker.start();
            worker.join(6 * PATIENCE_MS);
            boolean late = System.nanoTime() - began > PATIENCE_MS * 1_000_000;
            return new Outcome(
                    exit.get(),
                    out.toString(StandardCharsets.UTF_8),
                    err.toString(StandardCharsets.UTF_8),
                    thrown.get(),
                    late);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        } finally {
            System.setErr(oldErr);
            System.setOut(oldOut);
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.toList()) {
                Path target = to.resolve(from.relativize(file).toString());
                if (Files.isDirectory(file)) {
                    Files.createDirectories(target);
                } else {
                    Files.copy(file, target, StandardCopyOption.REPLACE_EXISTING);
                }
            }
        }
    }

    private static void delete(Path folder) throws IOException {
        if (Files.exists(folder)) {
            try (Stream<Path> files = Files.walk(folder)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
    }
}
