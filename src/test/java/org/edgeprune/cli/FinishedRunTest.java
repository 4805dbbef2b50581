package org.edgeprune.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.edgeprune.attribute.CircuitInput;
import org.edgeprune.attribute.EdgeScores;
import org.edgeprune.graph.Circuit;
import org.edgeprune.io.Json;
import org.edgeprune.io.TextReader;
import org.edgeprune.mask.MaskValues;
import org.edgeprune.model.ModelSizes;
import org.edgeprune.model.Models;
import org.edgeprune.prune.LoadedModel;
import org.edgeprune.prune.PruneSession;
import org.edgeprune.prune.Pruner;
import org.edgeprune.prune.RunDirectory;
import org.edgeprune.prune.SavedMasks;
import org.edgeprune.report.TinyRun;
import org.edgeprune.task.Example;
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
        Tool pair = InProcess.run("generate", "--run", run, "--example", 2, "--max-new-tokens", 2, "--json")
                .ok();
        assertTrue(String.join("", pair.outLines()).matches(".*\"prompt_tokens\" : \\[ \\d+, .*"), pair.out());
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
    void headsAreRankedByWhatTheirKnockOutDoes() {
        JsonNode json =
                json(InProcess.run("heads", run, "--max-samples", 5, "--json").ok());
        assertEquals(5, json.get("examples").asInt());
        assertEquals("logit_difference", json.get("metric").asText());
        assertEquals(0, json.at("/full_model/kl").asDouble(), 1e-6);
        JsonNode nodes = json.get("nodes");
        double before = Double.POSITIVE_INFINITY;
        for (JsonNode node : nodes) {
            assertTrue(node.at("/in_circuit/kl").asDouble() <= before, nodes.toString());
            before = node.at("/in_circuit/kl").asDouble();
            assertFalse(node.get("outputs").isEmpty(), node.toString());
        }
        // a head's knock-out is the same as its node's mask at zero
        String name = nodes.get(0).get("node").asText();
        try (LoadedModel loaded = LoadedModel.open(model.toString(), Device.CPU)) {
            SavedMasks saved = SavedMasks.open(run, loaded.model().sizes(), note -> {});
            PruneSession session = PruneSession.of(loaded, saved.run().orElseThrow());
            List<Example> examples =
                    session.dataset(new RunDirectory(run)).test().subList(0, 5);
            MaskValues masks = saved.binary();
            float[] others = masks.nodes().clone();
            others[masks.graph().writer(name).index()] = 0;
            assertEquals(
                    session.evaluate(new MaskValues(masks.graph(), masks.edges(), others), examples)
                            .metrics()
                            .get("kl"),
                    nodes.get(0).at("/in_circuit/kl").asDouble(),
                    1e-9);
        }
        String table = InProcess.run("heads", run, "--max-samples", 2).ok().out();
        assertTrue(table.startsWith("metric: logit_difference, mean over 2 prompts\n"), table);
        assertTrue(table.lines().noneMatch(line -> line.length() > 80), table);
        InProcess.run("report", run).ok();
        assertTrue(TextReader.LARGE.read(run.resolve("report.html"), "").contains("<td>" + name + "</td>"));
        assertTrue(
                InProcess.run("heads", run, "--metric", "nose").refused().contains("--metric nose: the task has no"));
        assertTrue(InProcess.run("heads", model).refused().contains("is not a run"));
    }

    @Test
    void ofManyNodesThoseWithTheMostEdgesAreKnockedOut() {
        Circuit circuit = Circuit.readWithItsGraph(run.resolve("edges.json")).orElseThrow();
        int[] edges = circuit.edgesByWriter();
        int all = circuit.edgeWriters().size();
        Tool tool = InProcess.run("heads", run, "--max-samples", 1, "--max-nodes", 2, "--json")
                .ok();
        List<Integer> found = new ArrayList<>();
        json(tool)
                .get("nodes")
                .forEach(node -> found.add(
                        edges[circuit.graph().writer(node.get("node").asText()).index()]));
        List<Integer> most = IntStream.of(edges)
                .boxed()
                .sorted(Comparator.reverseOrder())
                .limit(2)
                .toList();
        assertEquals(most, found.stream().sorted(Comparator.reverseOrder()).toList());
        assertTrue(tool.err().contains("--max-nodes " + all + " knocks out all of them"), tool.err());
        assertTrue(InProcess.run("heads", run, "--max-nodes", 0).refused().contains("--max-nodes 0"));
    }

    @Test
    void ofManyEdgesTheStrongestOnPathsAreDrawn() {
        Circuit circuit = Circuit.readWithItsGraph(run.resolve("edges.json")).orElseThrow();
        Path dot = dir.resolve("few.dot");
        Tool tool = InProcess.run("draw", run, "-o", dot, "--max-edges", 5).ok();
        assertTrue(tool.out().startsWith("5 edges drawn"), tool.out());
        String which = "the 5 strongest of " + circuit.size() + " edges";
        assertTrue(tool.err().contains(which), tool.err());
        assertTrue(TextReader.LARGE.read(dot, "").contains(which));
        Path list = dir.resolve("list.json");
        circuit.write(list);
        String refused =
                InProcess.run("draw", list, "-o", dot, "--max-edges", 5).refused();
        assertTrue(refused.contains("has " + circuit.size() + " edges and no scores"), refused);
    }

    @Test
    void scoresAreWrittenWithTheirNames() {
        Path tensors = dir.resolve("scores.safetensors");
        Path table = dir.resolve("scores.csv");
        InProcess.run("edges", run, "--scores", tensors, "--scores", table, "--count")
                .ok();
        EdgeScores scores = EdgeScores.read(tensors);
        ModelSizes sizes = Models.sizes(model);
        assertEquals(CircuitInput.of(run).scores(sizes, note -> {}), scores);
        List<String> lines = TextReader.LARGE.read(table, "").lines().toList();
        assertEquals("writer,reader,score", lines.getFirst());
        assertEquals(scores.size(), lines.size() - 1);
        List<Double> column = lines.stream()
                .skip(1)
                .map(line -> Double.valueOf(line.split(",", -1)[2]))
                .toList();
        assertEquals(column.stream().sorted(Comparator.reverseOrder()).toList(), column);
        assertTrue(InProcess.run("edges", run, "--scores", dir.resolve("scores.txt"))
                .refused()
                .contains("scores are written as .safetensors or .csv"));
        assertTrue(InProcess.run("edges", run.resolve("edges.json"), "--model", model, "--scores", table)
                .refused()
                .contains("is a list of edges without scores"));
    }

    private static JsonNode json(Tool ended) {
        return Json.parse("output", ended.out(), "");
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
