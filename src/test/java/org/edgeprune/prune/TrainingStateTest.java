package org.edgeprune.prune;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.edgeprune.io.InputException;
import org.edgeprune.report.TinyRun;
import org.edgeprune.safetensors.SafeTensorsFile;
import org.edgeprune.safetensors.SafeTensorsWriter;
import org.edgeprune.task.Tasks;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs that are continued from files that were damaged, changed, or written by an earlier version. */
class TrainingStateTest {
    private static final int STEPS = 20;

    @TempDir
    private static Path shared;

    @TempDir
    private Path dir;

    private static Path modelFolder;
    private static Path data;
    private static Path whole;
    private static Path cut;
    private static LoadedModel model;

    private final List<String> notes = new ArrayList<>();
    private Path run;
    private Path newest;

    /** A run to its end, and the same one cut off after step 17, with checkpoints of steps 10 and 15. */
    @BeforeAll
    static void prune() {
        modelFolder = TinyRun.model(shared.resolve("model"));
        data = TinyRun.data("ioi", modelFolder, shared.resolve("data"));
        model = LoadedModel.open(modelFolder.toString(), Device.CPU);
        whole = shared.resolve("whole");
        session().run(whole);
        cut = shared.resolve("cut");
        assertThrows(
                ArithmeticException.class, () -> session().run(new RunDirectory(cut), false, new Pruner.Listener() {
                    @Override
                    public void stepped(StepMetrics metrics) {
                        if (metrics.step() == 17) {
                            throw new ArithmeticException("stands for a kill");
                        }
                    }
                }));
    }

    @AfterAll
    static void closeModel() {
        model.close();
    }

    private static PruneSession session() {
        return PruneSession.of(model, Tasks.named("ioi"))
                .withData(data)
                .withOptions(TinyRun.options().withSteps(STEPS))
                .withPace(new Pruner.Pace(0, 5, 1 << 30));
    }

    @BeforeEach
    void copyOfTheCutRun() throws IOException {
        run = copy(cut, dir.resolve("run"));
        newest = run.resolve("checkpoints/step-000015.safetensors");
    }

    private static Path copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(from.relativize(file).toString()));
            }
        }
        return to;
    }

    private int resume() {
        return resume(session());
    }

    private int resume(PruneSession session) {
        int[] first = {-1};
        notes.clear();
        session.run(new RunDirectory(run), true, new Pruner.Listener() {
            @Override
            public void started(int firstStep, int steps) {
                first[0] = firstStep;
            }

            @Override
            public void noted(String note) {
                notes.add(note);
            }
        });
        return first[0];
    }

    private void assertTheSameResult() throws IOException {
        for (String file : List.of("masks.safetensors", "edges.json", "examples.jsonl", "run.json")) {
            assertArrayEquals(Files.readAllBytes(whole.resolve(file)), Files.readAllBytes(run.resolve(file)), file);
        }
        assertEquals(steps(whole), steps(run));
    }

    private static String steps(Path run) throws IOException {
        return Files.readString(run.resolve("metrics.jsonl")).replaceAll(",\"seconds\":[^,}]*", "");
    }

    @Test
    void everyDamageToTheNewestCheckpointIsFoundAndTheOneBeforeItUsed() throws IOException {
        byte[] intact = Files.readAllBytes(newest);
        int header = ByteBuffer.wrap(intact).order(ByteOrder.LITTLE_ENDIAN).getInt();
        Map<String, byte[]> damages = new LinkedHashMap<>();
        damages.put("empty", new byte[0]);
        damages.put("cut", Arrays.copyOf(intact, intact.length - 1));
        damages.put("longer", Arrays.copyOf(intact, intact.length + 1));
        damages.put("zeros", new byte[intact.length]);
        byte[] torn = intact.clone();
        Arrays.fill(torn, intact.length / 2, intact.length, (byte) 0);
        damages.put("torn", torn);
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < 60; i++) {
            byte[] flipped = intact.clone();
            int at = i < 30 ? random.nextInt(8, 8 + header) : random.nextInt(8 + header, intact.length);
            flipped[at] ^= (byte) (1 << random.nextInt(8));
            damages.put("bit " + i + " at " + at, flipped);
        }
        for (String step : List.of("19", "11", "99", "-1", "1x")) {
            damages.put("step " + step, replaced(intact, "\"step\":\"15\"", "\"step\":\"" + step + "\""));
        }
        damages.put("digest's name", replaced(intact, "\"sha256\"", "\"sha257\""));
        TrainingState state = new TrainingState(run.resolve("checkpoints"), record());
        Path older = run.resolve("checkpoints/step-000010.safetensors");
        for (Map.Entry<String, byte[]> damage : damages.entrySet()) {
            Files.write(newest, damage.getValue());
            notes.clear();
            assertEquals(older, state.newestIntact(notes::add).orElseThrow(), damage.getKey());
            assertEquals(1, notes.size(), damage.getKey());
            assertTrue(
                    notes.get(0).startsWith(newest + ": the checkpoint is damaged (")
                            && notes.get(0).endsWith("): going on from step-000010.safetensors"),
                    notes.get(0));
            assertTrue(Files.exists(newest.resolveSibling("step-000015.safetensors.damaged")));
        }
        assertEquals(10, resume());
        assertTheSameResult();
    }

    private static byte[] replaced(byte[] file, String what, String by) {
        String text = new String(file, StandardCharsets.ISO_8859_1);
        assertTrue(text.contains(what), what);
        return text.replace(what, by).getBytes(StandardCharsets.ISO_8859_1);
    }

    private static RunRecord record() {
        return new RunDirectory(whole).readRecord();
    }

    @Test
    void aFolderOrALinkInPlaceOfACheckpointDoesNotStopTheRun() throws IOException {
        Files.delete(newest);
        Files.createDirectory(newest);
        assertEquals(10, resume());
        assertTheSameResult();
    }

    @Test
    void aRunIsRefusedOnlyIfNoCheckpointIsIntact() throws IOException {
        Files.write(newest, new byte[3]);
        Files.write(run.resolve("checkpoints/step-000010.safetensors"), new byte[3]);
        String refused = assertThrows(InputException.class, this::resume).getMessage();
        assertTrue(
                refused.startsWith(newest + ": the checkpoint is damaged")
                        && refused.contains("no other one that is intact"),
                refused);
        assertEquals(3, Files.size(newest), "nothing is lost");
    }

    @Test
    void aCheckpointUnderAnotherStepsNameIsDamaged() throws IOException {
        Files.move(newest, newest.resolveSibling("step-000019.safetensors"));
        assertEquals(10, resume());
        assertTheSameResult();
    }

    @Test
    void checkpointsAreSortedByNumber() throws IOException {
        Path folder = Files.createDirectory(dir.resolve("many"));
        for (int step : new int[] {999_995, 1_000_000, 1_000_005}) {
            Files.writeString(folder.resolve("step-%06d.safetensors".formatted(step)), "");
        }
        TrainingState state = new TrainingState(folder, record());
        assertEquals(
                "step-1000005.safetensors",
                state.newest().orElseThrow().getFileName().toString());
    }

    @Test
    void aChangeOfWhatTheModelIsFedIsRefusedByName() throws IOException {
        Path changed = copy(data, dir.resolve("changed"));
        List<String> lines = new ArrayList<>(Files.readAllLines(changed.resolve("train.jsonl")));
        lines.add(lines.remove(0));
        Files.write(changed.resolve("train.jsonl"), lines);
        List<String> test = Files.readAllLines(changed.resolve("test.jsonl"));
        Files.write(changed.resolve("test.jsonl"), test.subList(0, test.size() / 2));
        assertRefused(session().withData(changed), "(changed: the training examples, the test examples)");
        assertRefused(session().withOptions(session().options().withSeed(6)), "(changed: seed (6, was 42))");
        assertEquals(15, resume(session().withData(copy(data, dir.resolve("moved")))), "the same data elsewhere");
    }

    @Test
    void aChangeOfConfigOrTokenizerIsRefusedByName() throws IOException {
        Path other = copy(modelFolder, dir.resolve("model"));
        edit(other.resolve("config.json"), "\"gelu_new\"", "\"relu\"");
        assertRefusedFor(other, "(changed: the architecture (config.json))");
        edit(other.resolve("config.json"), "\"relu\"", "\"gelu_new\"");
        edit(other.resolve("config.json"), "\"torch_dtype\"", "\"transformers_version\" : \"5\", \"torch_dtype\"");
        try (LoadedModel same = LoadedModel.open(other.toString(), Device.CPU)) {
            assertEquals(model.architectureSha256(), same.architectureSha256(), "what has no effect is not compared");
        }
        ObjectNode tokenizer = (ObjectNode)
                new ObjectMapper().readTree(other.resolve("tokenizer.json").toFile());
        ObjectNode words = (ObjectNode) tokenizer.at("/model/vocab");
        List<String> names = new ArrayList<>();
        words.fieldNames().forEachRemaining(names::add);
        for (int i = 1; i + 1 < names.size(); i += 2) {
            int first = words.get(names.get(i)).intValue();
            words.set(names.get(i), words.get(names.get(i + 1)));
            words.put(names.get(i + 1), first);
        }
        Files.writeString(other.resolve("tokenizer.json"), tokenizer.toString());
        assertRefusedFor(
                other, "(changed: the tokenizer, the training examples, the validation examples, the test examples)");
    }

    private static void edit(Path file, String what, String by) throws IOException {
        String text = Files.readString(file);
        assertTrue(text.contains(what), text);
        Files.writeString(file, text.replace(what, by));
    }

    private void assertRefusedFor(Path folder, String changed) {
        try (LoadedModel other = LoadedModel.open(folder.toString(), Device.CPU)) {
            assertRefused(
                    PruneSession.of(other, Tasks.named("ioi"))
                            .withData(data)
                            .withOptions(session().options())
                            .withPace(session().pace()),
                    changed);
        }
    }

    private void assertRefused(PruneSession session, String changed) {
        String refused =
                assertThrows(InputException.class, () -> resume(session)).getMessage();
        assertTrue(refused.startsWith(run + ": belongs to a run with other") && refused.contains(changed), refused);
    }

    /** As edgeprune 0.1 wrote it: no digests, and an identity of fewer fields. */
    private void makeEarlier() throws IOException {
        RunDirectory directory = new RunDirectory(run);
        RunRecord before = directory.readRecord();
        ObjectNode json =
                (ObjectNode) new ObjectMapper().readTree(directory.runFile().toFile());
        json.remove(List.of("inputs", "minimal"));
        Files.writeString(directory.runFile(), json.toString());
        try (TensorScope _ = TensorScope.open()) {
            for (String step : List.of("10", "15")) {
                Path file = directory.checkpoints().resolve("step-0000" + step + ".safetensors");
                Map<String, Tensor> tensors = new HashMap<>();
                try (SafeTensorsFile saved = SafeTensorsFile.open(file)) {
                    saved.names()
                            .forEach(
                                    name -> tensors.put(name, saved.tensor(name).copy()));
                }
                SafeTensorsWriter.write(file, tensors, Map.of("step", step, "run", before.earlierIdentity()));
            }
        }
    }

    @Test
    void runsOfEarlierVersionsGoOnWithANote() throws IOException {
        makeEarlier();
        assertEquals(15, resume());
        assertTrue(
                notes.stream().anyMatch(n -> n.contains("run.json: is of an earlier version"))
                        && notes.stream()
                                .anyMatch(n -> n.contains("step-000015.safetensors: is of an earlier version")),
                notes.toString());
        assertTheSameResult();
    }

    @Test
    void garbageInTheLogIsDropped() throws IOException {
        byte[] garbage = new byte[20_000];
        new SplittableRandom(3).nextBytes(garbage);
        Files.write(run.resolve("metrics.jsonl"), garbage, StandardOpenOption.APPEND);
        Files.write(
                run.resolve("metrics.jsonl"), new byte[] {'\n', (byte) 0xff, '\n', 0, 0}, StandardOpenOption.APPEND);
        assertEquals(15, resume());
        assertTheSameResult();
    }

    @Test
    void whatAKillLeftHalfWrittenIsRemoved() throws IOException {
        String temporary = ".step-000020.safetensors.0b2e1f34-1c2d-4e5f-8a9b-0c1d2e3f4a5b.tmp";
        Files.writeString(run.resolve("checkpoints").resolve(temporary), "half");
        resume();
        try (Stream<Path> files = Files.walk(run)) {
            assertEquals(
                    List.of(),
                    files.filter(f -> f.getFileName().toString().startsWith("."))
                            .toList());
        }
        assertTheSameResult();
    }

    @Test
    void masksAndEdgesAreThoseOfTheMetrics() throws IOException {
        resume();
        notes.clear();
        SavedMasks.open(run, model.model().sizes(), notes::add);
        for (String name : List.of("masks.safetensors", "edges.json")) {
            Path file = run.resolve(name);
            byte[] intact = Files.readAllBytes(file);
            byte[] damaged = intact.clone();
            damaged[intact.length - 3] ^= 4;
            Files.write(file, damaged);
            String refused = assertThrows(
                            InputException.class,
                            () -> SavedMasks.open(run, model.model().sizes(), notes::add))
                    .getMessage();
            assertTrue(refused.startsWith(file + ": is not the file that metrics.json was measured on"), refused);
            Files.write(file, intact);
        }
        assertEquals(List.of(), notes);
        ObjectNode metrics = (ObjectNode)
                new ObjectMapper().readTree(run.resolve("metrics.json").toFile());
        Files.writeString(run.resolve("metrics.json"), metrics.without("files").toString());
        SavedMasks.open(run, model.model().sizes(), notes::add);
        assertTrue(notes.get(0).contains("is of an earlier version, without digests"), notes.toString());
    }

    @Test
    void aRunThatWasCutOffBeforeItsPromptsWereWrittenMakesTheSameOnes() throws IOException {
        PruneSession generating = PruneSession.of(model, Tasks.named("ioi"))
                .withMaxTrainSamples(24)
                .withOptions(session().options())
                .withPace(session().pace());
        Path first = dir.resolve("first");
        generating.run(first);
        run = dir.resolve("second");
        Files.createDirectory(run);
        Files.copy(first.resolve("run.json"), run.resolve("run.json"));
        assertEquals(0, resume(generating));
        for (String file : List.of("data/train.jsonl", "masks.safetensors", "run.json")) {
            assertArrayEquals(Files.readAllBytes(first.resolve(file)), Files.readAllBytes(run.resolve(file)), file);
        }
    }

    @Test
    void filesOfOthersAreNotOverwritten() throws IOException {
        Path theirs = Files.createDirectory(dir.resolve("theirs"));
        Files.writeString(theirs.resolve(".DS_Store"), "");
        Files.writeString(theirs.resolve("edges.json"), "mine");
        String refused =
                assertThrows(InputException.class, () -> session().run(theirs)).getMessage();
        assertTrue(refused.startsWith(theirs + ": holds files but no run, such as edges.json"), refused);
        assertEquals("mine", Files.readString(theirs.resolve("edges.json")));
        Files.delete(theirs.resolve("edges.json"));
        session().run(theirs);
        assertTrue(Files.exists(theirs.resolve("metrics.json")));
        assertThrows(InputException.class, () -> session().run(Path.of("")));
    }
}
