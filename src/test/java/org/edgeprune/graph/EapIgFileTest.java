package org.edgeprune.graph;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.edgeprune.fixture.Fixtures;
import org.edgeprune.io.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Against files that the genuine EAP-IG wrote ({@code golden/methods}). */
class EapIgFileTest {
    private static final GraphShape MINI_GPT2 = new GraphShape(6, 8, 8, List.of("tok_embeds", "pos_embeds"), false);
    private static final GraphShape GROUPED = new GraphShape(2, 4, 2, List.of("embeds"), false);
    private static final GraphShape PARALLEL = new GraphShape(2, 2, 2, List.of("embeds"), true);

    @TempDir
    private Path folder;

    private static GraphShape shape(String model) {
        return switch (model) {
            case "mini-gpt2" -> MINI_GPT2;
            case "tiny-llama-gqa" -> GROUPED;
            default -> PARALLEL;
        };
    }

    private static JsonNode json(Path file) throws Exception {
        return new ObjectMapper().readTree(file.toFile());
    }

    private static Path golden(String model, String file) {
        return Fixtures.golden("methods/" + model + "/" + file);
    }

    @Test
    void gpt2SmallHasAsManyEdgesAsInEapIg() {
        GraphShape gpt2 = new GraphShape(12, 12, 12, List.of("tok_embeds", "pos_embeds"), false);
        assertEquals(32_491, new EapIgGraph(gpt2).graph().edgeCount());
        GraphShape qwen = new GraphShape(24, 14, 2, List.of("embeds"), false);
        assertEquals(179_749, new EapIgGraph(qwen).graph().edgeCount());
    }

    @ParameterizedTest
    @ValueSource(strings = {"mini-gpt2", "tiny-llama-gqa", "tiny-neox-parallel"})
    void edgesAreNamedAndOrderedAsInEapIg(String model) throws Exception {
        List<String> expected = new ArrayList<>();
        json(golden(model, "scores/names.json")).get("edges").forEach(name -> expected.add(name.asText()));
        List<String> names = new ArrayList<>();
        EapIgGraph graph = new EapIgGraph(shape(model));
        graph.forEachEdge(edge -> names.add(EapIgGraph.name(edge.writer(), edge.reader())));
        assertEquals(expected, names);
        for (String name : names) {
            Edge edge = graph.edge(name).orElseThrow();
            assertEquals(name, EapIgGraph.name(edge.writer(), edge.reader()));
        }
    }

    /** Numbers and key order, as text too: whoever compares files byte by byte sees no difference but in digits. */
    @ParameterizedTest
    @CsvSource({"mini-gpt2, scores/EAP.json", "tiny-llama-gqa, circuit.eap.json", "tiny-neox-parallel, circuit.eap.json"
    })
    void aFileIsReadAndWrittenAsEapIgWroteIt(String model, String name) throws Exception {
        Path genuine = golden(model, name);
        EapIgFile file = EapIgFile.read(genuine);
        file.requireModel(genuine, shape(model));
        JsonNode expected = json(genuine);
        assertEquals(expected.get("cfg").get("d_model").asInt(), file.hidden());

        Path copy = folder.resolve("copy.json");
        file.write(copy);
        assertEquals(file, EapIgFile.read(copy));
        JsonNode written = json(copy);
        assertEquals(expected.get("cfg"), written.get("cfg"));
        assertEquals(names(expected.get("nodes")), names(written.get("nodes")));
        assertEquals(names(expected.get("edges")), names(written.get("edges")));
        expected.get("edges").properties().forEach(entry -> {
            JsonNode edge = written.get("edges").get(entry.getKey());
            assertEquals(entry.getValue().get("in_graph"), edge.get("in_graph"), entry.getKey());
            assertEquals(
                    entry.getValue().get("score").floatValue(),
                    edge.get("score").floatValue(),
                    entry.getKey());
        });
    }

    private static List<String> names(JsonNode object) {
        return object.properties().stream().map(java.util.Map.Entry::getKey).toList();
    }

    @ParameterizedTest
    @ValueSource(strings = {"mini-gpt2", "tiny-llama-gqa", "tiny-neox-parallel"})
    void aCircuitIsTheOneThatItMapsTo(String model) {
        ComputationGraph graph = new ComputationGraph(shape(model));
        Circuit expected = Circuit.read(golden(model, "circuit.edges.json"), graph);
        assertTrue(expected.size() > 0);
        assertEquals(expected, Circuit.read(golden(model, "circuit.eap.json"), graph));
        assertEquals(expected, Circuit.read(golden(model, "circuit.eap.json"), shape(model)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"mini-gpt2", "tiny-llama-gqa", "tiny-neox-parallel"})
    void aCircuitOfOursKeepsItsEdgesThere(String model) throws Exception {
        Circuit ours = Circuit.read(golden(model, "circuit.edges.json"), shape(model));
        Circuit theirs = EapIgMapping.of(ours.graph()).toEapIg(ours);
        assertEquals(
                json(golden(model, "circuit.metrics.json"))
                        .get("edgeprune_edges_as_eap")
                        .asInt(),
                theirs.size());
        assertEquals(ours, EapIgMapping.of(ours.graph()).toModel(theirs));
    }

    @Test
    void withoutEmbeddingNodesAllInputEdgesAreOnAndComeFirst() {
        ComputationGraph graph = new ComputationGraph(MINI_GPT2.withoutEmbeddings());
        EapIgMapping mapping = EapIgMapping.of(graph);
        assertEquals(151, mapping.toEapIg(Circuit.of(graph, new BitSet())).size());

        float[] scores = new float[graph.edgeCount()];
        scores[7] = -3;
        float[] theirs = mapping.toEapIg(scores);
        Writer input = mapping.eapIg().graph().writer("embeds");
        Reader reader = mapping.eapIg().graph().reader("a2.h1.k");
        assertEquals(Math.nextUp(3f), theirs[mapping.eapIg().graph().edgeIndex(input, reader)]);
    }

    @Test
    void sharedKeysHaveTheSumOfTheirHeads() {
        ComputationGraph graph = new ComputationGraph(GROUPED);
        EapIgMapping mapping = EapIgMapping.of(graph);
        ComputationGraph theirs = mapping.eapIg().graph();
        float[] scores = new float[theirs.edgeCount()];
        Writer source = theirs.writer("a0.h3");
        scores[theirs.edgeIndex(source, theirs.reader("a1.h2.k"))] = 1.5f;
        scores[theirs.edgeIndex(source, theirs.reader("a1.h3.k"))] = 2;
        float[] ours = mapping.toModel(scores);
        int edge = graph.edgeIndex(graph.writer("a0.h3"), graph.reader("a1.h1.k"));
        assertEquals(3.5f, ours[edge]);
        float[] back = mapping.toEapIg(ours);
        assertEquals(1.75f, back[theirs.edgeIndex(source, theirs.reader("a1.h2.k"))]);
        assertEquals(1.75f, back[theirs.edgeIndex(source, theirs.reader("a1.h3.k"))]);
        assertArrayEquals(ours, mapping.toModel(back));
    }

    @Test
    void nanAndInfinityAreNoScoresAndAreNotWritten() throws Exception {
        Path file = Files.writeString(folder.resolve("nan.json"), """
                {"cfg": {"n_layers": 1, "n_heads": 1, "parallel_attn_mlp": false, "d_model": 4}, "nodes": {},
                 "edges": {"input->m0": {"score": NaN, "in_graph": true},
                           "m0->logits": {"score": -Infinity, "in_graph": true},
                           "input->logits": {"score": 2, "in_graph": false}}}
                """);
        EapIgFile read = EapIgFile.read(file);
        assertEquals(2, read.circuit().size());
        ComputationGraph graph = read.graph().graph();
        assertTrue(Float.isNaN(read.scores()[graph.edgeIndex(graph.writer("embeds"), graph.reader("m0"))]));
        assertTrue(Float.isNaN(read.scores()[graph.edgeIndex(graph.writer("m0"), graph.reader("resid_post"))]));
        assertEquals(2, read.scores()[graph.edgeIndex(graph.writer("embeds"), graph.reader("resid_post"))]);
        Path copy = folder.resolve("copy.json");
        InputException refused = assertThrows(InputException.class, () -> read.write(copy));
        assertTrue(refused.getMessage().contains("edge 'input->m0' has the score NaN"), refused.getMessage());
        assertFalse(Files.exists(copy));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{} | field 'cfg' is not there, so it is not a graph file of EAP-IG: expected a list of [writer",
                "{`cfg`: {`n_layers`: 1, `n_heads`: 1, `d_model`: 4}} | field 'cfg.parallel_attn_mlp' is not there",
                "{`cfg`: {`n_layers`: 0, CFG}} | field 'cfg.n_layers' is 0, not between 1 and",
                "{`cfg`: {`n_layers`: `1`, CFG}} | field 'cfg.n_layers' is a string instead of a whole number",
                "{`cfg`: {`n_layers`: 99999, CFG}} | describes 99999 layers of 1 heads, more than a model can have",
                "{`cfg`: {`n_layers`: 1, CFG}, `edges`: {}} | field 'nodes' is not there",
                "{`cfg`: {`n_layers`: 1, CFG}, `nodes`: {}} | field 'edges' is not there",
                "{`cfg`: {`n_layers`: 1, CFG}, `nodes`: {`a0.h1`: {}}} | node 'a0.h1' is not in the graph of its cfg",
                "{`cfg`: {`n_layers`: 1, CFG}, `nodes`: {`m0`: {`neurons`: [true, false]}}} | leaves neurons out",
                "{`cfg`: {`n_layers`: 1, CFG}, `edges`: {`m0->m0`: {}}} | edge 'm0->m0' is not in the graph of its cfg",
                "{`cfg`: {`n_layers`: 1, CFG}, `edges`: {`input->m0`: {`score`: 1}}} | edge 'input->m0' has no 'in_graph'",
                "{`cfg`: {`n_layers`: 1, CFG}, `edges`: {`input->m0`: {`in_graph`: true}}} | has no 'score'",
                "{`cfg`: {`n_layers`: 1, CFG}, `edges`: {`input->m0`: {`score`: null, `in_graph`: true}}} | is null instead of a number",
                "{`cfg`: {`n_layers`: 1, CFG}, `edges`: {`input->m0`: {`score`: 1, `score`: 2}}} | Duplicate field 'score'",
                "{`cfg`: {`n_layers`: 1, CFG}, `nodes`: {}, `edges`: {}} x | not valid JSON"
            })
    void aBadFileIsNamedWithItsField(String json, String message) throws Exception {
        String text = json.replace("CFG", "`n_heads`: 1, `parallel_attn_mlp`: false, `d_model`: 4")
                .replace('`', '"');
        Path file = Files.writeString(folder.resolve("graph.json"), text);
        InputException e = assertThrows(InputException.class, () -> Circuit.read(file, GROUPED));
        assertTrue(e.getMessage().startsWith(file.toString()), e.getMessage());
        assertTrue(e.getMessage().contains(message), e.getMessage());
        assertEquals(1, e.getMessage().lines().count());
    }

    @Test
    void aGraphOfAnotherModelIsRefused() {
        Path file = golden("tiny-neox-parallel", "circuit.eap.json");
        String message = assertThrows(InputException.class, () -> Circuit.read(file, MINI_GPT2))
                .getMessage();
        assertEquals(
                file
                        + ": field 'cfg': is of another graph: 2 layers, 2 heads, parallel blocks, and the model has 6 layers, 8 heads: name the model that it was made for",
                message);
    }
}
