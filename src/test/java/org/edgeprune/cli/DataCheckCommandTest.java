package org.edgeprune.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.edgeprune.fixture.Fixtures;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code data check}: pairs as the bundled model sees them. */
class DataCheckCommandTest {
    @TempDir
    private Path folder;

    private Path file(String... lines) throws IOException {
        return Files.write(folder.resolve("pairs.jsonl"), List.of(lines));
    }

    @Test
    void goodPairsAreShownWithoutAWarning() throws IOException {
        Path ioi = Fixtures.golden("methods/ioi40.jsonl");
        JsonNode result = new ObjectMapper()
                .readTree(InProcess.run("data", "check", ioi, "--task", "ioi", "--max-samples", 10, "--json")
                        .ok()
                        .out());
        assertEquals(40, result.get("usable").asInt());
        assertEquals(10, result.get("pairs").size());
        assertTrue(result.get("clean_accuracy").asDouble() >= 0.8, result.toString());
        assertTrue(result.get("clean_probability").asDouble() > 0.5, result.toString());
        assertTrue(result.get("corrupted_probability").asDouble() < 0.1, result.toString());
        assertEquals(0, result.get("warnings").size(), result.get("warnings").toString());
        JsonNode pair = result.get("pairs").get(0);
        assertEquals(1, pair.at("/in_clean/rank").asInt());
        assertTrue(pair.at("/in_corrupted/rank").asInt() > 1, pair.toString());
        assertTrue(pair.get("differs").size() > 0
                && pair.get("differs").size() < pair.get("clean").size());
        for (JsonNode i : pair.get("differs")) {
            assertTrue(!pair.get("clean")
                    .get(i.asInt())
                    .equals(pair.get("corrupted").get(i.asInt())));
        }
    }

    @Test
    void whatMakesCircuitsMeaninglessIsSaid() throws IOException {
        Path pairs = file(
                "{\"clean\": \"When Mary and John went to the store, John gave a drink to<predict> the</predict>\","
                        + " \"corrupted\": \"When Lisa and Paul went to the store, Paul gave a drink to\"}",
                "{\"clean\": \"When Mary and John went to the store, John gave a drink to<predict> Mary</predict>\","
                        + " \"corrupted\": \"When Mary and John went to the store, John gave a ring to\"}",
                "{\"clean\": \"When Mary and John went to<predict> the store</predict>\","
                        + " \"corrupted\": \"When Lisa and Paul went to the store\"}",
                "{\"clean\": \"When Mary went to<predict> the</predict>\", \"corrupted\": \"When\"}");
        List<String> out = InProcess.run("data", "check", pairs).ok().outLines();
        assertTrue(out.stream().anyMatch(line -> line.startsWith("Warning: ") && line.length() < 80), out.toString());
        String text = String.join(" ", out); // warnings are broken between words
        assertTrue(text.contains("  differ at  1 \" Mary\" -> \" Lisa\", 3 \" John\" -> \" Paul\""), text);
        assertTrue(
                text.contains("Warning: 1 of 4 lines cannot be used with this model, the first: " + pairs + ":4:"),
                text);
        assertTrue(text.contains("Warning: the answers of 1 of 3 pairs have several tokens"), text);
        assertTrue(
                text.contains(
                        "same answer to 1 of 3 corrupted prompts: what differs is not what the answer depends on"),
                text);
        Path wrong = file(
                "{\"clean\": \"When Mary and John went to the store, John gave a drink to<predict> the</predict>\","
                        + " \"corrupted\": \"When Lisa and Paul went to the store, Paul gave a drink to\"}");
        assertTrue(
                InProcess.run("data", "check", wrong)
                        .ok()
                        .out()
                        .replace('\n', ' ')
                        .contains("Warning: the model does not do the task: it gives the answer of 0 of 1 clean"),
                text);
    }

    @Test
    void dataStillNeedsItsTaskAndFolder() {
        assertTrue(InProcess.run("data", "check", folder.resolve("pairs.jsonl"), "--show", -1)
                .refused()
                .contains("--show -1: must be at least 0"));
        assertTrue(InProcess.run("data", "--out", folder.resolve("x")).refused().contains("'TASK'"));
        assertTrue(InProcess.run("data", "ioi").refused().contains("'--out=DIR'"));
        assertTrue(InProcess.run("data", "check", Fixtures.golden("methods/ioi40.jsonl"), "--task", "gt")
                .refused()
                .contains("no line can be used"));
    }
}
