package org.edgeprune.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.edgeprune.io.TextReader;
import org.edgeprune.prune.LoadedModel;
import org.edgeprune.prune.PruneSession;
import org.edgeprune.prune.Pruner;
import org.edgeprune.prune.RunDirectory;
import org.edgeprune.report.TinyRun;
import org.edgeprune.task.Tasks;
import org.edgeprune.torch.Device;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Commands that look at a finished run, in this process. */
class FinishedRunTest {
    @TempDir
    static Path dir;

    private static Path model;
    private static Path run;
    private static final ArrayList<String> NOTES = new ArrayList<>();

    @BeforeAll
    static void prune() {
        model = TinyRun.model(dir.resolve("model"));
        Path data = TinyRun.data("ioi", model, dir.resolve("data"));
        run = dir.resolve("run");
        try (LoadedModel loaded = LoadedModel.open(model.toString(), Device.CPU)) {
            PruneSession.of(loaded, Tasks.named("ioi"))
                    .withData(data)
                    .withOptions(TinyRun.options())
                    .withPace(new Pruner.Pace(0, 0, 1 << 30))
                    .run(new RunDirectory(run), false, new Pruner.Listener() {
                        @Override
                        public void noted(String note) {
                            NOTES.add(note);
                        }
                    });
        }
    }

    @Test
    void theMemoryOfAStepIsPredictedBeforeTheFirst() {
        assertTrue(
                NOTES.stream()
                        .anyMatch(note -> note.matches("a step of 4 prompts .* will need about .* GB of memory;.*")),
                NOTES.toString());
    }

    @Test
    void aCircuitOfInterchangeAblationIsNotRunWithoutACorruptedPrompt() {
        String refused = InProcess.run("generate", "--run", run, "--prompt", "When Mary", "--max-new-tokens", 2)
                .refused();
        assertTrue(refused.contains("was made with interchange ablation") && refused.contains("--example 1"), refused);
        InProcess pair = InProcess.run("generate", "--run", run, "--example", 2, "--max-new-tokens", 2, "--json")
                .ok();
        assertTrue(
                String.join("", pair.out()).matches(".*\"prompt_tokens\" : \\[ \\d+, .*"),
                pair.out().toString());
        InProcess.run("generate", "--run", run, "--prompt", "When Mary", "--zero-ablation", "--max-new-tokens", 2)
                .ok();
        assertTrue(InProcess.run("generate", "--run", run, "--example", 13, "--max-new-tokens", 2)
                .refused()
                .contains("the run has 12 test examples"));
        assertTrue(InProcess.run("generate", "--example", 1, "--max-new-tokens", 2)
                .refused()
                .contains("--example 1: takes both prompts from a run"));
    }

    @Test
    void picturesOfARunHaveItsLogAlphas() {
        Path dot = dir.resolve("circuit.dot");
        InProcess.run("draw", run, "-o", dot, "--no-sanitize").ok();
        List<String> edges = TextReader.LARGE
                .read(dot, "")
                .lines()
                .filter(line -> line.contains("tooltip=\"score "))
                .toList();
        assertFalse(edges.isEmpty());
        assertEquals(0, edges.stream().filter(line -> line.contains("NaN")).count());
    }
}
