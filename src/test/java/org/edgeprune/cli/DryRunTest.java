package org.edgeprune.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.edgeprune.fixture.Fixtures;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code prune --dry-run}. */
class DryRunTest {
    @TempDir
    private Path folder;

    @Test
    void itRefusesWhatTheRunWouldRefuse() throws IOException {
        Path data = Fixtures.golden("methods/ioi40.jsonl");
        Object[] given = {"prune", "--data", data, "--steps", 8, "--out", folder.resolve("run"), "--dry-run"};
        refused("leave out --data, or --fresh-data", given, "--fresh-data");
        // the only training example would be resampled from itself
        refused("no other reference prompt", given, "--ablation", "resample", "--max-train-samples", 1);
        refused("--seeds 1: must be at least 2", given, "--seeds", 1);
    }

    private static void refused(String fault, Object[] given, Object... more) {
        Object[] all = Arrays.copyOf(given, given.length + more.length);
        System.arraycopy(more, 0, all, given.length, more.length);
        String message = InProcess.run(all).refused();
        assertTrue(message.contains(fault), message);
    }

    @Test
    void itPlansWhatTheRunWouldDoAndWritesNothing() throws IOException {
        Path out = folder.resolve("run");
        Object[] given = {
            "prune",
            "--data",
            Fixtures.golden("methods/ioi40.jsonl"),
            "--max-train-samples",
            8,
            "--batch-size",
            4,
            "--steps",
            200,
            "--out",
            out,
            "--dry-run"
        };
        String text = InProcess.run(given).ok().out();
        assertTrue(text.matches("(?s).*graph +3,779 edges between .*"), text);
        assertTrue(text.matches("(?s).*examples +8 training, .*"), text);
        assertTrue(text.matches("(?s).*training +200 steps of 4 examples, to edge sparsity .*"), text);
        assertTrue(text.matches("(?s).*memory +\\d+\\.\\d+ GB at the peak, predicted\n.*"), text);
        assertTrue(text.matches("(?s).*the run +about \\d.*"), text);
        assertTrue(text.lines().noneMatch(line -> line.length() > 80), text);
        assertTrue(text.strip().endsWith("Nothing was written."), text);
        Object[] asJson = Arrays.copyOf(given, given.length + 1);
        asJson[given.length] = "--json";
        JsonNode plan =
                new ObjectMapper().readTree(InProcess.run(asJson).ok().out()).get("plan");
        double step = plan.get("step_seconds").asDouble();
        assertTrue(step > 0, plan.toString());
        double ranking = plan.get("ranking_seconds").asDouble();
        assertEquals((20 * 8 + 300 * 4) * step / 4, ranking, 1e-9, "EAP-IG's passes and those of mattr's steps");
        assertTrue(plan.get("run_seconds").asDouble() >= ranking + 190 * step, plan.toString());
        assertTrue(plan.get("memory_bytes").asLong() > 1e8, plan.toString());
        assertEquals(8, plan.get("train_examples").asInt());
        assertFalse(Files.exists(out), "a dry run writes nothing");
    }

    /** As for a model of many gigabytes: the steps are those of some of its layers, and of narrow models. */
    @Test
    void stepsOfOffloadedModelsAreForecast() throws IOException {
        Tool tool = InProcess.run(
                        "prune",
                        "--data",
                        Fixtures.golden("methods/ioi40.jsonl"),
                        "--max-train-samples",
                        2,
                        "--batch-size",
                        2,
                        "--steps",
                        100,
                        "--offload",
                        "--workers",
                        1,
                        "--out",
                        folder.resolve("run"),
                        "--dry-run",
                        "--json")
                .ok();
        JsonNode plan = new ObjectMapper().readTree(tool.out()).get("plan");
        assertTrue(plan.get("forecast").asBoolean(), plan.toString());
        assertTrue(plan.get("step_seconds").asDouble() > 0, plan.toString());
        assertTrue(tool.err().contains("timing some of "), tool.err());
    }
}
