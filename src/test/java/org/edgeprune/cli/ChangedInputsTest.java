package org.edgeprune.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.edgeprune.report.TinyRun;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code eval RUN} and {@code compare} on runs whose model or data are no longer, or never were, the same. */
class ChangedInputsTest {
    @TempDir
    private static Path shared;

    private static Path ofAll;

    @TempDir
    private Path dir;

    private Path model;
    private Path data;
    private Path run;

    /** A copy of one small run with its model and data, at paths of its own. */
    @BeforeEach
    void makeRun() throws IOException {
        if (ofAll == null) {
            ofAll = TinyRun.model(shared.resolve("model"));
            TinyRun.data("ioi", ofAll, shared.resolve("data"));
        }
        model = copy(ofAll, dir.resolve("model"));
        data = copy(shared.resolve("data"), dir.resolve("data"));
        run = dir.resolve("run");
        prune(run);
        assertEquals(List.of(), eval().ok().errLines());
    }

    private static Path copy(Path from, Path to) throws IOException {
        Files.createDirectories(to);
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(file.getFileName()));
            }
        }
        return to;
    }

    private void prune(Path out, Object... more) {
        List<Object> all = new ArrayList<>(List.of(
                "prune",
                "--published",
                "--model",
                model,
                "--data",
                data,
                "--out",
                out,
                "--threads",
                1,
                "--steps",
                2,
                "--batch-size",
                4,
                "--evaluate-every",
                0));
        all.addAll(Arrays.asList(more));
        InProcess.run(all.toArray()).ok();
    }

    private Tool eval(Object... more) {
        List<Object> all = new ArrayList<>(List.of("eval", run, "--threads", 1));
        all.addAll(Arrays.asList(more));
        return InProcess.run(all.toArray());
    }

    private void assertChanged(String what) {
        assertEquals(
                "edgeprune: " + run + ": " + what + " of " + model
                        + " changed since the run was made: restore them, or"
                        + " name the model with --model to use it as it is",
                eval().refused());
        String note = eval("--model", model).ok().said(run + ": was made with another model, which differs in ");
        assertEquals(run + ": was made with another model, which differs in " + what, note);
    }

    private static void edit(Path file, String what, String by) throws IOException {
        String text = Files.readString(file);
        assertTrue(text.contains(what), text);
        Files.writeString(file, text.replace(what, by));
    }

    @Test
    void otherWeightsAreRefusedAndTakenWhereTheModelIsNamed() throws IOException {
        try (RandomAccessFile weights =
                new RandomAccessFile(model.resolve("model.safetensors").toFile(), "rw")) {
            weights.seek(weights.length() - 4);
            weights.writeInt(0);
        }
        assertChanged("the weights");
    }

    @Test
    void anotherConfigIsRefusedAndTakenWhereTheModelIsNamed() throws IOException {
        edit(model.resolve("config.json"), "\"gelu_new\"", "\"relu\"");
        assertChanged("the architecture (config.json)");
    }

    @Test
    void whatHasNoEffectInAConfigIsNoChange() throws IOException {
        edit(model.resolve("config.json"), "\"torch_dtype\"", "\"transformers_version\": \"5.24.0\", \"torch_dtype\"");
        assertEquals(List.of(), eval().ok().errLines());
    }

    @Test
    void anotherTokenizerIsRefusedAndTakenWhereTheModelIsNamed() throws IOException {
        Path file = model.resolve("tokenizer.json");
        ObjectNode tokenizer = (ObjectNode) new ObjectMapper().readTree(file.toFile());
        ObjectNode words = (ObjectNode) tokenizer.at("/model/vocab");
        List<String> names = new ArrayList<>();
        words.fieldNames().forEachRemaining(names::add);
        String last = names.get(names.size() - 1);
        String before = names.get(names.size() - 2);
        int id = words.get(last).intValue();
        words.set(last, words.get(before));
        words.put(before, id);
        Files.writeString(file, tokenizer.toString());
        assertChanged("the tokenizer");
    }

    @Test
    void otherPromptsAreRefusedAndTakenWhereTheyAreNamed() throws IOException {
        List<String> lines = new ArrayList<>(Files.readAllLines(data.resolve("test.jsonl")));
        lines.add(lines.removeFirst());
        Files.write(data.resolve("test.jsonl"), lines);
        assertEquals(
                "edgeprune: " + run + ": the test examples changed since the run was made: restore them, or name them"
                        + " with --data to use them as they are",
                eval().refused());
        eval("--data", data).ok();
        eval("--split", "validation").ok();
        Files.delete(data.resolve("train.jsonl"));
        String gone = eval("--split", "train").refused();
        assertTrue(gone.startsWith("edgeprune: " + data), gone);
    }

    @Test
    void anotherComputeDtypeIsNamed() throws IOException {
        String note = eval("--compute-dtype", "bf16").ok().said(run + ": was made in ");
        assertEquals(
                run + ": was made in f32 and is evaluated in bf16; --compute-dtype f32 gives the run's own numbers",
                note);
        Path narrow = dir.resolve("narrow");
        prune(narrow, "--compute-dtype", "bf16");
        run = narrow;
        eval().ok().said(run + ": was made in bf16 and is evaluated in f32");
        assertEquals(List.of(), eval("--compute-dtype", "bf16").ok().errLines());
    }

    @Test
    void aRecordWithoutOneOfItsNumbersIsRefused() throws IOException {
        Path record = run.resolve("run.json");
        String whole = Files.readString(record);
        for (String digest : List.of("train", "validation", "test", "architecture", "tokenizer")) {
            Files.writeString(record, whole.replaceFirst("(\"" + digest + "\" *: *)\"[0-9a-f]+\"", "$1null"));
            String refused = "edgeprune: " + record
                    + ": field 'inputs': lacks one of train, validation, test, architecture and tokenizer: take run.json"
                    + " from a copy, or prune again";
            assertEquals(refused, eval().refused());
            assertEquals(
                    refused, InProcess.run("prune", "--out", run, "--resume").refused());
        }
        Files.writeString(record, whole.replaceFirst("\"train\" *:", "\"was_train\" :"));
        assertEquals(
                "edgeprune: " + record + ": field 'inputs.was_train': is not known: is it of a run?", eval().refused());
        Files.writeString(record, whole.replaceFirst("\"examples\" *: *\\d+", "\"examples\" : 0"));
        assertEquals(
                "edgeprune: " + record
                        + ": field 'examples': is 0, not a number of training examples: take run.json from a copy, or prune again",
                InProcess.run("prune", "--out", run, "--resume").refused());
        Files.writeString(record, whole.replaceFirst("\"examples\" *: *\\d+,", ""));
        assertEquals(
                "edgeprune: " + record + ": field 'examples': is missing: take run.json from a copy, or prune again",
                InProcess.run("prune", "--out", run, "--resume").refused());
    }

    @Test
    void compareNamesWhatWasNotTheSame() throws IOException {
        Path same = dir.resolve("same");
        prune(same, "--seed", 9);
        Tool compared = InProcess.run("compare", run, same).ok();
        assertEquals(List.of(), compared.errLines());
        assertEquals(
                List.of(),
                compared.outLines().stream()
                        .filter(line -> line.matches("(num|total)_\\w+ .*\\..*"))
                        .toList(),
                "numbers of edges and nodes are whole");

        edit(model.resolve("config.json"), "\"gelu_new\"", "\"relu\"");
        List<String> lines = new ArrayList<>(Files.readAllLines(data.resolve("validation.jsonl")));
        Files.write(data.resolve("validation.jsonl"), lines.subList(1, lines.size()));
        Path other = dir.resolve("other");
        prune(other, "--compute-dtype", "bf16", "--max-train-samples", 20);
        assertEquals(
                List.of(other + ": was made from other inputs than " + run
                        + ": compute_dtype (bf16, was f32), number of training examples (20, was 24), the architecture"
                        + " (config.json), the training examples, the validation examples"),
                InProcess.run("compare", run, other, same).ok().errLines());
    }
}
