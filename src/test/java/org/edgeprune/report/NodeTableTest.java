package org.edgeprune.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.edgeprune.io.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Files beside a run that are shown on its page: what they lack is refused, not shown as zero. */
class NodeTableTest {
    private static final String HEADS = """
            {"split": "test", "metric": "logit_difference", "examples": 7,
             "circuit": {"kl": 0.5, "logit_difference": 1.25}, "full_model": {"logit_difference": 2.5},
             "nodes": [{"node": "a0.h1", "in_circuit": {"kl": 0.75}, "in_model": {"kl": 3.5},
                        "inputs": [["tok_embeds", "a0.h1.q"]], "outputs": [["a0.h1", "m0"]]}]}""";

    @TempDir
    private Path folder;

    @Test
    void everyNodeIsARow() throws IOException {
        String html = NodeTable.html(Files.writeString(folder.resolve("heads.json"), HEADS));
        assertTrue(html.contains("on 7 test examples"), html);
        for (String shown : new String[] {"a0.h1", "tok_embeds (q)", "m0", "0.75", "3.5", "1.25", "2.5"}) {
            assertTrue(html.contains(shown), shown + " in " + html);
        }
        assertTrue(NodeTable.html(folder.resolve("none.json")).contains("edgeprune heads"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"split\"  | \"spli\"   | split",
                "\"metric\" | \"metrics\" | metric",
                "s\": 7     | s\": \"7\"   | examples",
                "s\": 7     | s\": 0      | examples",
                "[{         | {\"x\": {    | nodes",
                "\"a0.h1\", \"in | null, \"in | nodes.node",
                "0.75       | \"x\"       | nodes.in_circuit.kl",
                "in_model   | in_mode     | nodes.in_model",
                "\"outputs\" | \"output\" | nodes.outputs"
            })
    void aDamagedFileIsRefusedByItsField(String from, String to, String field) throws IOException {
        String damaged =
                HEADS.replace(from.strip(), to.strip()).replace("]]}]}", to.contains("x\": {") ? "]]}}}" : "]]}]}");
        Path file = Files.writeString(folder.resolve("heads.json"), damaged);
        String message =
                assertThrows(InputException.class, () -> NodeTable.html(file)).getMessage();
        assertTrue(message.startsWith(file + ": field '" + field + "'"), message);
    }

    @Test
    void howStableRunsAreIsNotGuessedEither() throws IOException {
        Path file = folder.resolve("stability.json");
        assertEquals("", Stability.sentence(folder));
        Files.writeString(file, "{\"runs\": 3, \"edge_jaccard\": 0.5, \"head_jaccard\": 1.0, \"edges_in_all\": 4}");
        assertTrue(Stability.sentence(folder).startsWith("Of 3 runs"), Stability.sentence(folder));
        Files.writeString(file, "{\"runs\": 3, \"edge_jaccard\": \"0.5\", \"head_jaccard\": 1.0, \"edges_in_all\": 4}");
        String message = assertThrows(InputException.class, () -> Stability.sentence(folder))
                .getMessage();
        assertTrue(message.startsWith(file + ": field 'edge_jaccard'"), message);
        assertTrue(assertThrows(
                        InputException.class,
                        () -> FoundCircuit.metrics(Files.writeString(folder.resolve("m.json"), "[]")))
                .getMessage()
                .contains("m.json: not a JSON object"));
    }
}
