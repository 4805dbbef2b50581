package org.edgeprune.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** What {@code run_scripts/generalisation.sh} makes of the files of its runs, which are here finished already. */
@Execution(ExecutionMode.CONCURRENT)
class GeneralisationScriptTest {
    @TempDir
    private Path folder;

    /** Kinds that a task lacks are left out, numbers are means over the seeds, and circuits are compared in pairs. */
    @Test
    void rowsAreMeansOverTheSeedsOfFinishedRuns() throws IOException {
        Path scripts = Files.createDirectory(folder.resolve("run_scripts"));
        Files.copy(Path.of("run_scripts/generalisation.sh"), scripts.resolve("generalisation.sh"));
        Path nothing = Files.writeString(scripts.resolve("edgeprune"), "#!/bin/sh\nexit 1\n");
        Files.setPosixFilePermissions(nothing, PosixFilePermissions.fromString("rwxr-xr-x"));
        Path out = Files.createDirectory(folder.resolve("out"));
        finished(out, 1, 0.25, "[[\"m0\", \"m1\"], [\"a0.h0\", \"m1\"]]");
        finished(out, 2, 0.75, "[\n  [\"m0\", \"m1\"],\n  [\"a0.h1\", \"m1\"]\n]\n");

        ProcessBuilder process =
                new ProcessBuilder("bash", scripts.resolve("generalisation.sh").toString(), out.toString());
        process.environment().putAll(Map.of("TASKS", "gp", "SEEDS", "1 2", "SHARES", "0.05", "SETTINGS", "mattr"));
        List<String> lines = Tool.start(process).ok().out().lines().toList();

        assertEquals(3, lines.size(), lines.toString());
        assertEquals(
                "| gp | mattr | 0.05 | 2 | 0.5000 | 0.900 | 3.000 | 0.1000 | 0.2000 | - | 300 | 4 | 0.33 |",
                lines.get(2));
    }

    private static void finished(Path out, int seed, double kl, String edges) throws IOException {
        String run = "gp-mattr-" + seed;
        Files.createDirectory(out.resolve(run));
        Files.writeString(out.resolve(run).resolve("scores.safetensors"), "scores");
        Files.writeString(out.resolve(run + ".cpu"), "3.5 0.5\n");
        Files.writeString(out.resolve(run + ".json"), "{\n  \"steps\" : 300,\n  \"num_edges\" : 40\n}\n");
        Files.writeString(out.resolve(run + "-0.05-edges.json"), edges);
        Files.writeString(out.resolve(run + "-0.05.json"), """
                {
                  "num_edges" : 2,
                  "accuracy" : 0.9,
                  "logit_difference" : 3.0,
                  "kl" : %s,
                  "held_out" : {
                    "same_kind" : {
                      "kl" : 0.1
                    },
                    "new_templates" : {
                      "kl" : 0.2
                    }
                  }
                }
                """.formatted(kl));
    }
}
