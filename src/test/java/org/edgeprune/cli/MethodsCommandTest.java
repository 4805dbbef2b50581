package org.edgeprune.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.edgeprune.fixture.Fixtures;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code methods} on a tiny random Llama. */
class MethodsCommandTest {
    @TempDir
    private Path folder;

    private Tool methods(Object... more) {
        List<Object> arguments = new ArrayList<>(List.of(
                "methods",
                "--model",
                Fixtures.golden("methods/tiny-llama-gqa"),
                "--tasks",
                "ioi",
                "--prompts",
                3,
                "--held-out",
                6,
                "--prune-steps",
                2,
                "--out",
                folder.resolve("out")));
        arguments.addAll(List.of(more));
        return Tool.run(arguments.toArray());
    }

    @Test
    void whatWasMeasuredIsNotMeasuredAgain() throws IOException {
        JsonNode first = methods("--methods", "eap,edge-pruning,random", "--json")
                .ok()
                .json()
                .get(0);
        assertEquals("ioi", first.get("task").asText());
        assertEquals(3, first.get("methods").size());
        assertEquals(110, first.at("/methods/0/total_edges").asInt());
        assertTrue(first.at("/methods/0/peak_bytes").asLong() > 1 << 20);
        assertFalse(first.get("methods").get(1).has("peak_bytes"), "another method was run before");
        assertEquals(11, first.get("best").size());
        Path result = folder.resolve("out/ioi/eap/result.json");
        Files.writeString(
                result, Files.readString(result).replaceFirst("\"seconds\" : [0-9.Ee-]+", "\"seconds\" : 1234.0"));

        String table = methods("--methods", "eap,edge-pruning").ok().out();
        assertTrue(table.contains("1,234"), table);
        assertTrue(table.startsWith("ioi: 110 edges; logit_difference of the full model"), table);
        assertTrue(table.contains("edge pruning is the best in: ") && table.contains("and not in: "), table);
        assertTrue(methods("--methods", "eap", "--seed", 7).refused().contains("data-1: holds other prompts"));
        assertTrue(methods("--methods", "eap", "--repeats", 3)
                .refused()
                .contains("was measured with another model, other prompts, options or seed"));
    }

    @Test
    void whatCannotBeComparedIsRefused() {
        assertTrue(methods("--methods", "none").refused().contains("unknown method 'none': use edge-pruning, eap"));
        assertTrue(methods("--tasks", "none").refused().contains("none"));
        assertTrue(methods("--repeats", 1).refused().contains("must be at least 2"));
        assertTrue(methods("--held-out", 0).refused().contains("held-out prompts: must be at least 1, not 0"));
    }
}
