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
import org.edgeprune.hub.BundledModel;
import org.edgeprune.io.Json;
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
    private static final int INPUTS = Integer.getInteger("fuzz.inputs", 200);
    private static final long SEED = Long.getLong("fuzz.seed", 20_241_204);
    private static final int KINDS = 23;

    /** A share of the time for each kind. */
    private static final long NANOS = Long.getLong("fuzz.seconds", 600) * 1_000_000_000 / KINDS;

    private static final long PATIENCE_MS = 10_000;

    @TempDir
    private static Path seeds;

    @TempDir
    private static Path work;

    /** How a command ended. */
    private record Outcome(int exit, String err, Throwable thrown, boolean late) {}

    @BeforeAll
    static void makeValidFiles() throws IOException {
        var config = Json.read(BundledModel.directory().resolve("config.json"), "");
        Path shape = Files.writeString(seeds.resolve("shape.json"), """
                {"model_type": "gpt2", "n_layer": 2, "n_head": 2, "n_embd": 16, "n_positions": 64, "vocab_size": %d}
                """.formatted(
                        config.get("vocab_size").asInt()));
        String model = seeds.resolve("model").toString();
        String data = seeds.resolve("data").toString();
        ok("init", "--config", shape.toString(), "--tokenizer", BundledModel.NAME, "-o", model);
        Files.writeString(
                seeds.resolve("model/generation_config.json"), "{\"eos_token_id\": [0, 1], \"bos_token_id\": 0}");
        ok(
                "init",
                "--config",
                shape.toString(),
                "--tokenizer",
                BundledModel.NAME,
                "--shard-size",
                "30KB",
                "-o",
                seeds.resolve("sharded").toString());
        ok("data", "ioi", "--train", "8", "--validation", "4", "--test", "4", "--out", data);
        ok(
                "prune",
                "--model",
                model,
                "--data",
                data,
                "--steps",
                "3",
                "--batch-size",
                "2",
                "--save-every",
                "2",
                "--evaluate-every",
                "2",
                "--threads",
                "1",
                "--out",
                seeds.resolve("run").toString());
        Files.createDirectories(seeds.resolve("eap-ig"));
        ok(
                "edges",
                seeds.resolve("run").toString(),
                "--format",
                "eap-ig",
                "-o",
                seeds.resolve("eap-ig/graph.json").toString());
        ok(
                "attribute",
                "--model",
                model,
                "--data",
                data,
                "--method",
                "random",
                "--out",
                seeds.resolve("scores").toString());
        ok(
                "tracr",
                "compile",
                "reverse",
                "--vocab",
                "1,2,3",
                "--max-len",
                "3",
                "-o",
                seeds.resolve("tracr").toString());
        Files.writeString(
                seeds.resolve("tracr/edges.json"), "[[\"tok_embeds\", \"a0.h0.q\"], [\"m0\", \"resid_post\"]]");
        Files.createDirectories(seeds.resolve("rasp"));
        Files.writeString(seeds.resolve("rasp/p.rasp"), """
                before = select(indices, indices, <=)
                share = aggregate(before, numerical(tokens == "a"), 0)
                both = select(tokens, tokens, ==) and not select(indices, 1, (x, y) -> x + y > 2)
                return selector_width(both) + 1 * 2
                """);
        Files.createDirectories(seeds.resolve("custom"));
        Files.writeString(seeds.resolve("custom/c.jsonl"), """
                {"clean": "When Mary and John", "corrupted": "When Mary and Anna", "answer": " Mary", "wrong": " John"}
                {"clean": "Then Mary and John", "corrupted": "Then Mary and Anna", "answer": " Mary", "wrong": " John"}
                """);
        Files.createDirectories(seeds.resolve("lists"));
        Files.writeString(seeds.resolve("lists/names.txt"), "Mary\nJohn\nAnna\nPaul\nTom\nSara\n");
        Path golden = Path.of("src/test/resources/golden/convert");
        Files.createDirectories(seeds.resolve("gguf"));
        Files.copy(golden.resolve("gpt2-tied.gguf"), seeds.resolve("gguf/m.gguf"));
        Files.createDirectories(seeds.resolve("torch"));
        Files.copy(golden.resolve("torch/zip.bin"), seeds.resolve("torch/pytorch_model.bin"));
        Files.copy(seeds.resolve("model/config.json"), seeds.resolve("torch/config.json"));
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
                "torch | pytorch_model.bin | convert CASE/pytorch_model.bin -o CASE/out.safetensors; convert CASE -o CASE/out"
            })
    void everyRefusalIsOneLine(String folder, String file, String commands) throws Exception {
        Path valid = seeds.resolve(folder);
        byte[] original = Files.readAllBytes(valid.resolve(file));
        String[] each = commands.split("; ", -1);
        List<String> bad = new ArrayList<>();
        // a tokenizer that is not known yet is tried in a process of its own
        int inputs = Math.max(each.length, INPUTS / KINDS / (file.equals("tokenizer.json") ? 10 : 1));
        long began = System.nanoTime();
        for (int i = 0; i < inputs && System.nanoTime() - began < NANOS; i++) {
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
        assertEquals(List.of(), bad, () -> String.join("\n", bad));
    }

    private static String fault(Outcome outcome) {
        List<String> lines = outcome.err().lines().toList();
        long messages =
                lines.stream().filter(line -> line.startsWith("edgeprune: ")).count();
        boolean unfit = lines.stream().anyMatch(line -> line.chars().anyMatch(Character::isISOControl));
        boolean vague = lines.stream()
                .anyMatch(line -> line.matches(".*: null\\b.*|.*Input length = \\d+.*|.*\\bjava\\.\\w+\\..*"));
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
        assertEquals("", fault(new Outcome(0, "", null, false)));
        assertEquals("", fault(new Outcome(2, "edgeprune: x: is wrong: do this\n", null, false)));
        for (Outcome bad : List.of(
                new Outcome(1, "edgeprune: x\n", null, false),
                new Outcome(2, "", null, false),
                new Outcome(2, "edgeprune: x\nedgeprune: y\n", null, false),
                new Outcome(2, "edgeprune: x\n\tat y\n", null, false),
                new Outcome(2, "edgeprune: x\u001b[31m\n", null, false),
                new Outcome(2, "edgeprune: x: null\n", null, false),
                new Outcome(2, "edgeprune: " + "x".repeat(600) + "\n", null, false),
                new Outcome(0, "", new IllegalStateException(), false),
                new Outcome(0, "", null, true))) {
            assertNotEquals("", fault(bad), bad.toString());
        }
    }

    private static void ok(String... arguments) {
        Outcome outcome = run(arguments);
        assertTrue(outcome.exit() == 0 && outcome.thrown() == null, outcome.toString());
    }

    private static Outcome run(String... arguments) {
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
        System.setOut(new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8));
        try {
            long began = System.nanoTime();
            worker.start();
            worker.join(6 * PATIENCE_MS);
            boolean late = System.nanoTime() - began > PATIENCE_MS * 1_000_000;
            return new Outcome(exit.get(), err.toString(StandardCharsets.UTF_8), thrown.get(), late);
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
