package org.edgeprune.task.tracr;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.edgeprune.io.InputException;
import org.edgeprune.task.DataRequest;
import org.edgeprune.task.Example;
import org.edgeprune.task.Loss;
import org.edgeprune.task.PromptTokenizer;
import org.edgeprune.task.Records;
import org.edgeprune.task.Row;
import org.edgeprune.task.Scorer;
import org.edgeprune.task.Split;
import org.edgeprune.task.Task;
import org.edgeprune.task.Tasks;
import org.edgeprune.tracr.compile.Compiler;
import org.edgeprune.tracr.files.CompiledModelFiles;
import org.edgeprune.tracr.rasp.LibraryProgram;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Data and judges of compiled programs. */
class TracrTaskTest {
    @TempDir
    private Path folder;

    private final Task reverse = Tasks.named("tracr-reverse");
    private final Task xproportion = Tasks.named("tracr-xproportion");

    @BeforeEach
    void compile() {
        CompiledModelFiles.write(TracrTask.of(LibraryProgram.REVERSE).model(), folder.resolve("reverse"));
        CompiledModelFiles.write(TracrTask.of(LibraryProgram.XPROPORTION).model(), folder.resolve("xproportion"));
    }

    @Test
    void everyInputOccursInEverySplitAndItsCorruptionsHaveNoFixedPoint() {
        Records records = reverse.generate(DataRequest.seeded(3)).records();
        for (Split split : Split.values()) {
            Set<String> inputs = new HashSet<>();
            for (Row row : records.part(split)) {
                String[] clean = row.text("clean").split(" ", -1);
                String[] corrupted = row.text("corrupted").split(" ", -1);
                inputs.add(row.text("clean"));
                for (int i = 0; i < 5; i++) {
                    assertNotEquals(clean[i], corrupted[i]);
                    assertEquals(clean[4 - i], row.json().get("output").get(i).asText());
                }
            }
            assertEquals(243, inputs.size());
        }
        assertEquals(
                records.rows().toString(),
                reverse.generate(DataRequest.seeded(3)).records().rows().toString());
        assertNotEquals(
                records.rows().toString(),
                reverse.generate(DataRequest.seeded(4)).records().rows().toString());
    }

    @Test
    void outputsAreTheProgramsOwn() {
        for (Row row : xproportion.generate(DataRequest.seeded(3)).records().part(Split.TRAIN)) {
            String[] clean = row.text("clean").split(" ", -1);
            int found = 0;
            for (int i = 0; i < 5; i++) {
                found += clean[i].equals("x") ? 1 : 0;
                assertEquals(
                        (double) found / (i + 1),
                        row.json().get("output").get(i).asDouble(),
                        1e-12);
            }
        }
    }

    @Test
    void ofAModelOfOnesOwnTheOutputsAreTheModels() {
        Task own = new TracrTask().forModel(folder.resolve("reverse"));
        Row first =
                own.generate(DataRequest.seeded(1)).records().part(Split.TEST).get(100);
        String[] clean = first.text("clean").split(" ", -1);
        JsonNode output = first.json().get("output");
        assertEquals(clean[0], output.get(4).asText());
        assertTrue(assertThrows(InputException.class, () -> Tasks.named("tracr").generate(DataRequest.seeded(1)))
                .getMessage()
                .contains("--model"));
    }

    @Test
    void linesAreTokenisedWithBosByTheModelsOwnTokenizer() throws Exception {
        try (PromptTokenizer tokenizer = PromptTokenizer.open(folder.resolve("reverse"))) {
            assertArrayEquals(new int[] {3, 0, 1, 2}, tokenizer.encode("1 2 3"));
            assertEquals("BOS 1 2 3", tokenizer.decode(3, 0, 1, 2));
            assertEquals(3, tokenizer.bos().orElseThrow());
            Path file = folder.resolve("own.jsonl");
            Files.writeString(
                    file, "{\"clean\":\"1 1 2 3 2\",\"corrupted\":\"2 2 3 1 1\",\"output\":[2,3,2,1,\"1\"]}\n");
            Example example = reverse.forModel(folder.resolve("reverse"))
                    .read(file, tokenizer)
                    .train()
                    .get(0);
            assertArrayEquals(new int[] {3, 0, 0, 1, 2, 1}, example.clean());
            assertEquals(1, example.scoreStart());
            assertEquals(6, example.scoreEnd());
            assertArrayEquals(new int[] {1, 2, 1, 0, 0}, ((TracrScorer.Columns) example.answer()).columns());
            for (String bad : List.of(
                    "{\"clean\":\"1 2 3\",\"corrupted\":\"2 3 1\",\"output\":[3,2,1]}",
                    "{\"clean\":\"1 1 2 3 9\",\"corrupted\":\"2 2 3 1 1\",\"output\":[2,3,2,1,1]}",
                    "{\"clean\":\"1 1 2 3 2\",\"corrupted\":\"2 2 3 1 1\",\"output\":[2,3,2,1,7]}",
                    "{\"clean\":\"1 1 2 3 2\",\"corrupted\":\"2 2 3 1 1\"}")) {
                Files.writeString(file, bad);
                String message = assertThrows(InputException.class, () -> reverse.read(file, tokenizer))
                        .getMessage();
                assertTrue(message.startsWith(file + ":1: "), message);
            }
        }
    }

    @Test
    void aSequenceIsRightWhereEveryPositionIs() {
        Scorer scorer = TracrTask.of(LibraryProgram.SHIFT).scorer();
        Example example =
                new Example(new int[3], new int[3], 1, 3, new TracrScorer.Columns(new int[] {TracrScorer.NONE, 2}));
        float[][] full = {{0, 0, 0}, {0, 0, 1}};
        assertEquals(Map.of("accuracy", 1.0, "kl", 0.0, "exact_match", 1.0), scorer.score(example, full, full));
        float[][] on = {{0, 1, 0}, {0, 0, 1}};
        Map<String, Double> scores = scorer.score(example, on, full);
        assertEquals(0, scores.get("accuracy"));
        assertEquals(0, scores.get("exact_match"));
        // KL is summed over positions: uniform against softmax(0, 1, 0)
        double expected = -Math.log(3) - (2 * Math.log(1 / (2 + Math.E)) + Math.log(Math.E / (2 + Math.E))) / 3;
        assertEquals(expected, scores.get("kl"), 1e-6);
        assertEquals(Loss.SUM_OVER_POSITIONS, scorer.loss());
    }

    @Test
    void numbersAreRightWithinFiveHundredths() {
        Scorer scorer = ((TracrTask) xproportion).scorer();
        Example example = new Example(new int[3], new int[3], 1, 3, new TracrScorer.Numbers(new double[] {0, 0.5}));
        float[][] full = {{0, 0.5f}};
        assertEquals(
                1, scorer.score(example, new float[][] {{0.04f, 0.46f}}, full).get("accuracy"));
        assertEquals(
                0, scorer.score(example, new float[][] {{0.04f, 0.44f}}, full).get("accuracy"));
        assertArrayEquals(new int[] {0}, scorer.vocabulary());
        assertEquals(Loss.ACROSS_POSITIONS, scorer.loss());
    }

    @Test
    void aModelOfAnotherProgramIsRefused() {
        CompiledModelFiles.write(
                new Compiler().compile(LibraryProgram.HIST, LibraryProgram.REVERSE.vocabulary(), 5),
                folder.resolve("hist"));
        Task wrong = reverse.forModel(folder.resolve("xproportion"));
        try (PromptTokenizer tokenizer = PromptTokenizer.open(folder.resolve("xproportion"))) {
            String message = assertThrows(
                            InputException.class,
                            () -> wrong.tokenise(
                                    wrong.generate(DataRequest.seeded(1)).records(), tokenizer))
                    .getMessage();
            assertTrue(message.contains("outputs are numbers"), message);
        }
    }
}
