package org.edgeprune.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.edgeprune.eval.Evaluation;
import org.edgeprune.graph.Circuit;
import org.edgeprune.io.InputException;
import org.edgeprune.prune.LoadedModel;
import org.edgeprune.prune.PruneResult;
import org.edgeprune.prune.PruneSession;
import org.edgeprune.prune.Pruner;
import org.edgeprune.prune.RunDirectory;
import org.edgeprune.task.Tasks;
import org.edgeprune.torch.Device;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A real run by the library's front door, and its page. */
class RunReportTest {
    @TempDir
    private static Path dir;

    private static RunDirectory run;
    private static PruneResult result;

    @BeforeAll
    static void prune() {
        Path model = TinyRun.model(dir.resolve("model"));
        Path data = TinyRun.data("ioi", model, dir.resolve("data"));
        run = new RunDirectory(dir.resolve("run"));
        try (LoadedModel loaded = LoadedModel.open(model.toString(), Device.CPU)) {
            PruneSession session = PruneSession.of(loaded, Tasks.named("ioi"))
                    .withData(data)
                    .withOptions(TinyRun.options())
                    .withPace(new Pruner.Pace(5, 0, 1 << 30));
            result = session.run(run, false, new Pruner.Listener() {});
            Evaluation again = session.evaluate(
                    result.binary(),
                    Tasks.named("ioi").read(data, loaded.tokenizer()).test());
            assertEquals(result.evaluation().metrics(), again.metrics());
            assertEquals(List.of(), session.differencesFrom(run));
            assertEquals(
                    List.of("seed (1, was 42)"),
                    session.withOptions(TinyRun.options().withSeed(1)).differencesFrom(run));
        }
    }

    @Test
    void aRunKeepsEveryTestExample() throws IOException {
        assertTrue(run.holdsResult());
        List<String> lines = Files.readAllLines(run.examplesFile());
        assertEquals(12, lines.size());
        double kl = 0;
        for (String line : lines) {
            JsonNode example = new ObjectMapper().readTree(line);
            assertTrue(example.get("clean").asText().length() > 10);
            assertEquals(1, example.get("predicted").size());
            kl += example.get("metrics").get("kl").asDouble() / lines.size();
        }
        assertEquals(result.evaluation().metrics().get("kl"), kl, 1e-9);
    }

    @Test
    void thePageHoldsEverythingAndNeedsNothing() throws IOException {
        String page = RunReport.of(run);
        assertFalse(
                Pattern.compile("(src|href)=\"(?!#)|url\\((?!['\"]?#)|@import")
                        .matcher(page)
                        .find(),
                "nothing from elsewhere");
        for (String plot :
                List.of("KL to the full model", "Sparsity against target", "Lagrange multipliers", "Loss", "Speed")) {
            assertTrue(page.contains(">" + plot + "<"), plot);
        }
        for (Map.Entry<String, Double> metric : result.evaluation().metrics().entrySet()) {
            assertTrue(
                    page.contains(
                            "<td>" + metric.getKey() + "</td><td class=\"number\">" + Html.number(metric.getValue())),
                    metric.toString());
        }
        assertTrue(page.contains("<td>options.edge_sparsity.target</td><td>0.5</td>"));
        assertTrue(page.contains("resid_post"), "the circuit");
        Circuit circuit = result.circuit();
        assertEquals(
                circuit.connected().size(),
                Pattern.compile("&quot;strength&quot;:-?\\d")
                        .matcher(page)
                        .results()
                        .count(),
                "log_alphas");
        assertTrue(page.contains("%d edges of %d, edge sparsity %.2f%%, %d edges on paths"
                .formatted(
                        circuit.size(),
                        circuit.graph().edgeCount(),
                        100 * circuit.edgeSparsity(),
                        circuit.connected().size())));
        JsonNode first = new ObjectMapper()
                .readTree(Files.readAllLines(run.examplesFile()).get(0));
        assertTrue(page.contains("<td>" + Html.escape(first.get("clean").asText()) + "</td>"));
        assertEquals(
                12,
                Pattern.compile("<tr><td class=\"number\">\\d+</td><td>")
                        .matcher(page)
                        .results()
                        .count());
    }

    @Test
    void numbersAndTheirHeadsAreAlignedAndRoundingErrorsAreZero() {
        assertEquals("""
                <table><thead><tr><th>size</th><th class="number">kl</th></tr></thead><tbody>
                <tr><td>100.0%</td><td class="number">0</td></tr>
                </tbody></table>
                """, Html.table("", List.of("size", "kl"), List.of(List.of("100.0%", -3.7e-18))));
    }

    @Test
    void whatIsNoFinishedRunIsRefused() throws IOException {
        Path empty = Files.createDirectories(dir.resolve("empty"));
        assertTrue(assertThrows(InputException.class, () -> RunReport.of(new RunDirectory(empty)))
                .getMessage()
                .contains("not a run directory"));
        Files.copy(run.runFile(), empty.resolve("run.json"));
        Files.copy(run.stepsFile(), empty.resolve("metrics.jsonl"));
        assertTrue(assertThrows(InputException.class, () -> RunReport.of(new RunDirectory(empty)))
                .getMessage()
                .contains("has not ended"));
    }

    @Test
    void faithfulnessAtTenSizesIsShownWhereItIsGiven() throws IOException {
        String point = """
                {"size": %s, "asked": 3, "edges": %d, "nodes": 2, "faithfulness": %s, "metrics": {"kl": 0.25, "accuracy": 1}}""";
        Path curve = Files.writeString(dir.resolve("curves.json"), """
                {"task": "ioi", "split": "test", "metric": "logit_difference", "full_model": 3.5, "empty_circuit": -1.25,
                 "curves": [{"circuit": "out/<eap>", "ranking": "signed", "cpr": 0.875, "cmd": 0.125, "average": 0.625,
                             "points": [%s, %s]}],
                 "circuits": [{"circuit": "edges.json", "point": %s}]}""".formatted(
                        point.formatted("0.02", 3, "0.5"),
                        point.formatted("1.0", 150, "1.0"),
                        point.formatted("0.3", 47, "0.75")));
        String page = RunReport.of(run, Optional.empty(), Optional.of(curve));
        assertTrue(page.contains("logit_difference of the full model 3.5000, without edges -1.2500"), page);
        assertTrue(page.contains("<td>out/&lt;eap&gt;, signed</td><td class=\"number\">0.8750</td>"));
        assertTrue(page.contains("<td>2.0%</td><td class=\"number\">3</td><td class=\"number\">2</td>"
                + "<td class=\"number\">0.5000</td><td class=\"number\">0.2500</td><td class=\"number\">1</td>"));
        assertTrue(page.contains("<td>edges.json</td><td class=\"number\">47</td>"));
        assertTrue(page.contains(">faithfulness (logit_difference)<"), "the plot");
        assertFalse(RunReport.of(run).contains("Faithfulness at ten sizes"));

        Path other = Files.writeString(dir.resolve("other.json"), "{\"curves\": []}");
        InputException e =
                assertThrows(InputException.class, () -> RunReport.of(run, Optional.empty(), Optional.of(other)));
        assertTrue(
                e.getMessage().contains("other.json: lacks one of metric and curves: name a file with what edgeprune"),
                e.getMessage());
        Path cut = Files.writeString(
                dir.resolve("cut.json"), Files.readString(curve).replace("\"cmd\": 0.125, ", ""));
        assertTrue(assertThrows(InputException.class, () -> RunReport.of(run, Optional.empty(), Optional.of(cut)))
                .getMessage()
                .contains("cut.json: field 'cmd' is missing, or no number"));
    }
}
