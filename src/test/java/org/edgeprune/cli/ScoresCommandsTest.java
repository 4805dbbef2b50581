package org.edgeprune.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.imageio.ImageIO;
import org.edgeprune.attribute.CircuitInput;
import org.edgeprune.attribute.EdgeScores;
import org.edgeprune.attribute.Ranking;
import org.edgeprune.fixture.Fixtures;
import org.edgeprune.graph.Circuit;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.graph.EapIgMapping;
import org.edgeprune.hub.BundledModel;
import org.edgeprune.methods.CircuitMethod;
import org.edgeprune.model.ModelSizes;
import org.edgeprune.model.Models;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code edges}, {@code eval --curve}, {@code draw} and {@code compare} on files of scores and of EAP-IG. */
class ScoresCommandsTest {
    private static final Path SCORES = golden("mini-gpt2/scores/EAP-IG-inputs-20.json");
    private static final Path PAIRS = golden("ioi40.jsonl");

    @TempDir
    private Path folder;

    private static Path golden(String name) {
        return Fixtures.golden("methods/" + name);
    }

    private static JsonNode json(Path file) throws IOException {
        return new ObjectMapper().readTree(file.toFile());
    }

    /** A folder like that of an attribution. */
    private Path attribution() throws IOException {
        ModelSizes sizes = Models.sizes(BundledModel.directory());
        ComputationGraph graph = new ComputationGraph(sizes.graph());
        EdgeScores theirs = CircuitInput.of(SCORES).scores(sizes, note -> {});
        Path scores = Files.createDirectory(folder.resolve("eap"));
        EdgeScores.of(graph, EapIgMapping.of(graph).toModel(theirs.toArray()))
                .write(scores.resolve(CircuitInput.SCORES_FILE));
        return scores;
    }

    /** Gradient attributions count by absolute values; a negative score of mattr or acdc means that an edge is cut. */
    @Test
    void edgesKeptRanksAsTheMethodOfTheScoresDoes() throws IOException {
        Path scores = attribution();
        EdgeScores all = CircuitInput.of(scores).scores(Models.sizes(BundledModel.directory()), note -> {});
        Path chosen = folder.resolve("chosen.json");
        for (CircuitMethod method :
                List.of(CircuitMethod.EAP_IG_INPUTS, CircuitMethod.MATTR, CircuitMethod.ACDC, CircuitMethod.EXACT)) {
            Files.writeString(scores.resolve("run.json"), "{\"options\": {\"method\": \"" + method.key() + "\"}}");
            InProcess.run("edges", scores, "--edges-kept", 40, "-o", chosen, "--count")
                    .ok();
            assertEquals(all.top(40, method.ranking()), Circuit.read(chosen, all.graph()), method.key());
        }
        assertNotEquals(all.top(40, Ranking.SIGNED), all.top(40, Ranking.ABSOLUTE));
    }

    @Test
    void scoresBecomeAGraphFileAndCircuitsOfItAreEvaluatedComparedAndDrawn() throws IOException {
        Path graph = folder.resolve("scores.json");
        InProcess.run("edges", attribution(), "--format", "eap-ig", "-o", graph, "--count")
                .ok();
        JsonNode written = json(graph).get("edges");
        json(SCORES)
                .get("edges")
                .properties()
                .forEach(edge -> assertEquals(
                        edge.getValue().get("score").floatValue(),
                        written.get(edge.getKey()).get("score").floatValue(),
                        edge.getKey()));

        Path circuit = folder.resolve("circuit"); // no extension: the content tells
        Tool chosen = InProcess.run(
                        "edges",
                        graph,
                        "--edges-kept",
                        36,
                        "--connected",
                        "--format",
                        "eap-ig",
                        "-o",
                        circuit,
                        "--json")
                .ok();
        int inGraph = 0;
        for (JsonNode edge : json(circuit).get("edges")) {
            inGraph += edge.get("in_graph").asBoolean() ? 1 : 0;
        }
        assertEquals(
                json(golden("mini-gpt2/selection.json"))
                        .at("/topn~1absolute~10.01/edges")
                        .size(),
                inGraph);
        Path edges = folder.resolve("edges.json");
        InProcess.run("edges", circuit, "-o", edges).ok();
        assertEquals(chosen.json().get("edges"), json(edges));
        assertTrue(Files.exists(folder.resolve("edges.graph.json")));

        JsonNode one = InProcess.run("eval", "--edges", circuit, "--task", "ioi", "--data", PAIRS, "--json")
                .ok()
                .json();
        JsonNode other = InProcess.run("eval", edges, "--task", "ioi", "--data", PAIRS, "--json")
                .ok()
                .json();
        assertEquals(one.get("kl"), other.get("kl"));
        assertEquals(one.get("num_edges"), other.get("num_edges"));
        JsonNode compared =
                InProcess.run("compare", circuit, edges, "--json").ok().json();
        assertEquals(1, compared.get("overlap").get(0).get(1).asDouble());
        InProcess.run("draw", circuit, "-o", folder.resolve("circuit.svg")).ok();
        assertTrue(Files.readString(folder.resolve("circuit.svg")).contains("<svg"));
    }

    @Test
    void curvesOfSeveralScoresAreMibsAndDrawnTogether() throws IOException {
        Path plot = folder.resolve("curves.svg");
        Path random = golden("mini-gpt2/scores/random.json");
        JsonNode result = InProcess.run(
                        "eval",
                        attribution(),
                        random,
                        "--model",
                        "mini-gpt2",
                        "--task",
                        "ioi",
                        "--data",
                        PAIRS,
                        "--curve",
                        "--plot",
                        plot,
                        "--json")
                .ok()
                .json();
        assertEquals("logit_difference", result.get("metric").asText());
        assertEquals(3628, result.get("total_edges").asInt());
        JsonNode golden = json(golden("mini-gpt2/scores/mib.json")).get("curves");
        List<String> order =
                List.of("EAP-IG-inputs-20/absolute", "EAP-IG-inputs-20/signed", "random/absolute", "random/signed");
        for (int i = 0; i < order.size(); i++) {
            JsonNode curve = result.get("curves").get(i);
            JsonNode expected = golden.get(order.get(i));
            assertTrue(order.get(i).endsWith("/" + curve.get("ranking").asText()));
            for (String area : List.of("cpr", "cmd", "average")) {
                assertEquals(
                        expected.get(area).asDouble(), curve.get(area).asDouble(), 1e-4, order.get(i) + " " + area);
            }
            JsonNode last = curve.get("points").get(9);
            assertEquals(3628, last.get("edges").asInt());
            assertEquals(0, last.get("metrics").get("kl").asDouble(), 1e-6);
        }
        String svg = Files.readString(plot);
        assertTrue(svg.contains(random + ", absolute") && svg.contains(random + ", signed"), svg);
    }

    @Test
    void finishedCircuitsOfSeveralSizesStandOnTheCurve() throws IOException {
        Path small = folder.resolve("small.json");
        Path large = folder.resolve("large.json");
        InProcess.run("edges", SCORES, "--edges-kept", 100, "-o", small, "--count")
                .ok();
        InProcess.run("edges", SCORES, "--edges-kept", 400, "-o", large, "--count")
                .ok();
        Path plot = folder.resolve("curves.png");
        JsonNode result = InProcess.run(
                        "eval",
                        large,
                        small,
                        SCORES,
                        "--task",
                        "ioi",
                        "--data",
                        PAIRS,
                        "--curve",
                        "--ranking",
                        "absolute",
                        "--plot",
                        plot,
                        "--json")
                .ok()
                .json();
        assertEquals(1, result.get("curves").size(), "one ranking of one file of scores");
        assertEquals(
                List.of("circuit", "point"),
                List.copyOf(fields(result.get("circuits").get(0))));
        assertEquals(small.toString(), result.at("/circuits/0/circuit").asText());
        assertEquals(large.toString(), result.at("/circuits/1/circuit").asText());
        assertEquals(100.0 / 3628, result.at("/circuits/0/point/size").asDouble(), 1e-12);
        JsonNode kl = InProcess.run("eval", small, "--task", "ioi", "--data", PAIRS, "--json")
                .ok()
                .json()
                .get("kl");
        assertEquals(kl.asDouble(), result.at("/circuits/0/point/metrics/kl").asDouble(), 1e-5);
        JsonNode family = result.get("curve_of_circuits");
        assertEquals(0, family.at("/points/4/edges").asInt(), "2% is less than 100 edges");
        assertEquals(
                result.at("/circuits/0/point/faithfulness"),
                family.at("/points/6/faithfulness"),
                "10% is less than 400");
        assertEquals(result.at("/circuits/1/point/faithfulness"), family.at("/points/7/faithfulness"));
        assertEquals(1, family.at("/points/9/faithfulness").asDouble(), 1e-6);
        assertEquals(1600, ImageIO.read(plot.toFile()).getWidth());
    }

    private static List<String> fields(JsonNode object) {
        List<String> names = new ArrayList<>();
        object.fieldNames().forEachRemaining(names::add);
        return names;
    }

    @Test
    void otherFormatsAreWritten() throws IOException {
        Path table = folder.resolve("edges.csv");
        InProcess.run(
                        "edges",
                        SCORES,
                        "--edges-kept",
                        5,
                        "--greedy",
                        "--ranking",
                        "signed",
                        "--format",
                        "csv",
                        "-o",
                        table)
                .ok();
        assertEquals("writer,reader,score", Files.readAllLines(table).getFirst());
        Path graph = folder.resolve("edges.graphml");
        InProcess.run("edges", SCORES, "--threshold", 1, "--format", "graphml", "-o", graph)
                .ok();
        assertTrue(Files.readString(graph).startsWith("<?xml"));
    }

    /** Names are those of the model, also where the file has others. */
    @Test
    void edgesOfAGraphFileAreFilteredByTheModelsNames() throws IOException {
        Path circuit = folder.resolve("filtered.json");
        JsonNode edges = InProcess.run(
                        "edges",
                        SCORES,
                        "--edges-kept",
                        36,
                        "--writer",
                        "tok_embeds",
                        "--format",
                        "eap-ig",
                        "-o",
                        circuit,
                        "--json")
                .ok()
                .json();
        assertTrue(edges.get("num_edges").asInt() > 0, edges.toString());
        int inGraph = 0;
        for (var edge : json(circuit).get("edges").properties()) {
            if (edge.getValue().get("in_graph").asBoolean()) {
                assertTrue(edge.getKey().startsWith("input->"), edge.getKey());
                inGraph++;
            }
        }
        assertEquals(edges.get("num_edges").asInt(), inGraph);
    }

    @Test
    void aDirectoryOfASubmissionIsChecked() throws IOException {
        Path submission = Files.createDirectories(folder.resolve("submission/ioi_gpt2"));
        Files.copy(SCORES, submission.resolve("importances.json"));
        refused("importances.json: gpt2 has 32,491 edges, and these are 3,628", "edges", submission, "--format", "mib");
    }

    @Test
    void whatCannotBeUsedIsSaidInOneLine() throws IOException {
        Path nan = Files.writeString(
                folder.resolve("nan.json"),
                Files.readString(SCORES).replaceFirst("(\"a0.h0->m0\": \\{\"score\": )[^,]+", "$1NaN"));
        refused("edge 'a0.h0->m0' has no score", "eval", nan, "--curve", "--data", PAIRS);
        refused("is of another graph: 2 layers", "eval", golden("tiny-llama-gqa/scores/EAP.json"), "--curve");
        Path unknown = Files.writeString(
                folder.resolve("unknown.json"), Files.readString(SCORES).replace("\"a0.h0->m0\"", "\"a0.h9->m0\""));
        refused("edge 'a0.h9->m0' is not in the graph of its cfg", "edges", unknown, "--count");
        refused("holds scores and no circuit", "eval", SCORES, "--data", PAIRS);
        refused("holds scores and no circuit", "draw", SCORES, "-o", folder.resolve("a.svg"));
        refused("name one circuit", "eval", SCORES, "--edges", SCORES);
        refused(
                "the track has no task and model 'nose'",
                "edges",
                SCORES,
                "--format",
                "mib",
                "-o",
                folder.resolve("nose"));
        assertFalse(Files.exists(folder.resolve("nose")));

        String line = Files.readAllLines(PAIRS).getFirst();
        JsonNode pair = new ObjectMapper().readTree(line);
        Path custom = Files.writeString(
                folder.resolve("custom.jsonl"),
                "{\"clean\": \"%s<predict>%s</predict>\", \"corrupted\": \"%s%s\"}%n"
                        .formatted(
                                pair.get("clean").asText(),
                                pair.get("target").asText(),
                                pair.get("corrupted").asText(),
                                pair.get("distractor").asText()));
        refused("the data have no distractors", "eval", SCORES, "--curve", "--task", "custom", "--data", custom);
        Tool text = InProcess.run(
                        "eval",
                        SCORES,
                        "--curve",
                        "--task",
                        "custom",
                        "--data",
                        custom,
                        "--metric",
                        "accuracy",
                        "--plot",
                        folder.resolve("a.svg"),
                        "--plot",
                        folder.resolve("a.png"))
                .ok();
        assertTrue(text.out().contains("  faithfulness  accuracy      kl"), text.out());
        assertFalse(text.out().contains("-0.0000"), text.out());
        assertTrue(Files.exists(folder.resolve("a.svg")) && Files.exists(folder.resolve("a.png")));
    }

    private static void refused(String message, Object... arguments) {
        String line = InProcess.run(arguments).refused();
        assertTrue(line.contains(message), line);
        assertEquals(1, line.strip().lines().count(), line);
    }
}
