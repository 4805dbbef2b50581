package org.edgeprune.attribute;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.edgeprune.fixture.Fixtures;
import org.edgeprune.graph.Circuit;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.graph.EapIgFile;
import org.edgeprune.graph.EapIgGraph;
import org.edgeprune.graph.GraphShape;
import org.edgeprune.io.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Against what the genuine EAP-IG chooses by the same scores ({@code golden/methods}). */
class SelectionTest {
    private static final GraphShape GROUPED = new GraphShape(2, 4, 2, List.of("embeds"), false);

    private static JsonNode golden(String name) throws Exception {
        return new ObjectMapper().readTree(Fixtures.golden("methods/" + name).toFile());
    }

    private static EdgeScores scores(String model, String method) {
        EapIgFile file = EapIgFile.read(Fixtures.golden("methods/" + model + "/scores/" + method + ".json"));
        return EdgeScores.of(file.graph().graph(), file.scores());
    }

    @ParameterizedTest
    @ValueSource(strings = {"mini-gpt2", "tiny-llama-gqa", "tiny-neox-parallel"})
    void edgesAndNodesAreThoseThatEapIgChooses(String model) throws Exception {
        List<String> names = new ArrayList<>();
        golden(model + "/scores/names.json").get("edges").forEach(name -> names.add(name.asText()));
        EdgeScores scores = scores(model, "EAP-IG-inputs-20");
        for (Map.Entry<String, JsonNode> cut : golden(model + "/selection.json").properties()) {
            JsonNode golden = cut.getValue();
            int count = golden.get("n").asInt();
            String[] parts = cut.getKey().split("/", -1);
            Selection selection =
                    switch (parts[0]) {
                        case "topn" -> new Selection.Top(count);
                        case "greedy" -> new Selection.Greedy(count);
                        default ->
                            new Selection.Threshold(golden.get("threshold").doubleValue());
                    };
            Ranking by = parts[1].equals("signed") ? Ranking.SIGNED : Ranking.ABSOLUTE;
            Circuit circuit = selection.from(scores, by).connected();

            TreeSet<String> expected = new TreeSet<>();
            golden.get("edges").forEach(number -> expected.add(names.get(number.asInt())));
            TreeSet<String> chosen = new TreeSet<>();
            TreeSet<String> nodes = new TreeSet<>();
            circuit.edges().forEach(edge -> {
                chosen.add(EapIgGraph.name(edge.writer(), edge.reader()));
                nodes.add(EapIgGraph.name(edge.writer()));
            });
            assertEquals(expected, chosen, cut.getKey());
            TreeSet<String> expectedNodes = new TreeSet<>();
            golden.get("nodes").forEach(node -> expectedNodes.add(node.asText()));
            assertEquals(expectedNodes, nodes, cut.getKey());
            assertEquals(expectedNodes.size(), circuit.writerCount(), cut.getKey());
        }
    }

    /** The pruned sizes of every circuit of MIB's curves; the one whose cut falls among equal scores is left out. */
    @ParameterizedTest
    @ValueSource(strings = {"mini-gpt2", "tiny-llama-gqa", "tiny-neox-parallel"})
    void sizesOfMibsCurvesAreExact(String model) throws Exception {
        for (Map.Entry<String, JsonNode> curve :
                golden(model + "/scores/mib.json").get("curves").properties()) {
            String[] parts = curve.getKey().split("/", -1);
            Ranking by = parts[1].equals("signed") ? Ranking.SIGNED : Ranking.ABSOLUTE;
            EdgeScores scores = scores(model, parts[0]);
            for (int i = 0; i < FaithfulnessCurve.SIZES.size(); i++) {
                String what = curve.getKey() + " at " + FaithfulnessCurve.SIZES.get(i);
                int asked = (int) (FaithfulnessCurve.SIZES.get(i) * scores.size());
                assertEquals(curve.getValue().get("asked").get(i).asInt(), asked, what);
                if (model.equals("tiny-neox-parallel")
                        && by == Ranking.SIGNED
                        && FaithfulnessCurve.SIZES.get(i) == .5) {
                    continue;
                }
                Circuit circuit = new Selection.Top(asked).from(scores, by).connected();
                assertEquals(curve.getValue().get("edges").get(i).asInt(), circuit.size(), what);
                assertEquals(curve.getValue().get("nodes").get(i).asInt(), circuit.writerCount(), what);
            }
        }
    }

    /** A key that two heads share reads for both, and offers its edges once. */
    @Test
    void sharedKeysConnectAllTheirHeads() {
        ComputationGraph graph = new ComputationGraph(GROUPED);
        BitSet kept = new BitSet();
        kept.set(graph.edgeIndex(graph.writer("embeds"), graph.reader("a1.h0.k")));
        kept.set(graph.edgeIndex(graph.writer("a1.h1"), graph.reader("resid_post")));
        kept.set(graph.edgeIndex(graph.writer("a1.h2"), graph.reader("resid_post")));
        Circuit connected = Circuit.of(graph, kept).connected();
        assertEquals(2, connected.size());
        assertEquals(
                List.of("embeds -> a1.h0.k", "a1.h1 -> resid_post"),
                connected.edges().stream().map(Object::toString).toList());

        EdgeScores zero = EdgeScores.of(graph, new float[graph.edgeCount()]);
        assertEquals(
                graph.edgeCount(),
                new Selection.Greedy(graph.edgeCount())
                        .from(zero, Ranking.SIGNED)
                        .size());
    }

    @Test
    void withoutEmbeddingNodesEveryWriterReadsTheInput() {
        ComputationGraph graph = new ComputationGraph(GROUPED.withoutEmbeddings());
        BitSet kept = new BitSet();
        kept.set(graph.edgeIndex(graph.writer("m0"), graph.reader("a1.h2.q")));
        kept.set(graph.edgeIndex(graph.writer("a1.h1"), graph.reader("resid_post")));
        assertEquals(
                List.of("a1.h1 -> resid_post"),
                Circuit.of(graph, kept).connected().edges().stream()
                        .map(Object::toString)
                        .toList());
    }

    @Test
    void moreEdgesThanThereAreAreRefused() {
        ComputationGraph graph = new ComputationGraph(GROUPED);
        EdgeScores zero = EdgeScores.of(graph, new float[graph.edgeCount()]);
        for (Selection selection : List.of(new Selection.Top(83), new Selection.Greedy(83))) {
            assertThrows(InputException.class, () -> selection.from(zero, Ranking.SIGNED));
        }
    }
}
