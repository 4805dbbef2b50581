package org.edgeprune.attribute;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.edgeprune.graph.Circuit;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.graph.GraphShape;
import org.edgeprune.io.InputException;
import org.edgeprune.safetensors.SafeTensorsFile;
import org.edgeprune.safetensors.SafeTensorsWriter;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EdgeScoresTest {
    private static final GraphShape GROUPED = new GraphShape(2, 4, 2, List.of("embeds"), false);
    private static final ComputationGraph GRAPH = new ComputationGraph(GROUPED);

    @TempDir
    private Path folder;

    private static EdgeScores random(ComputationGraph graph) {
        Random random = new Random(3);
        float[] values = new float[graph.edgeCount()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return EdgeScores.of(graph, values);
    }

    @Test
    void rankingsAreThoseOfASortByScore() {
        EdgeScores scores = random(GRAPH);
        for (Ranking by : Ranking.values()) {
            int[] expected = IntStream.range(0, scores.size())
                    .boxed()
                    .sorted((a, b) -> Float.compare(by.key(scores.at(b)), by.key(scores.at(a))))
                    .mapToInt(Integer::intValue)
                    .toArray();
            assertArrayEquals(expected, scores.ranked(by), by.name());
        }
    }

    @Test
    void equalScoresRankByTheirNumbersAndMinusZeroIsZero() {
        float[] values = new float[GRAPH.edgeCount()];
        values[0] = -0.0f;
        values[5] = 2;
        values[7] = -2;
        EdgeScores scores = EdgeScores.of(GRAPH, values);
        int[] signed = scores.ranked(Ranking.SIGNED);
        assertEquals(5, signed[0]);
        assertEquals(0, signed[1]);
        assertEquals(7, signed[signed.length - 1]);
        assertArrayEquals(
                new int[] {5, 7, 0, 1},
                IntStream.of(scores.ranked(Ranking.ABSOLUTE)).limit(4).toArray());
    }

    @Test
    void theTopEdgesAreACircuitOfThatSize() {
        EdgeScores scores = random(GRAPH);
        int best = scores.ranked(Ranking.ABSOLUTE)[0];
        assertTrue(scores.top(1, Ranking.ABSOLUTE).contains(best));
        assertEquals(10, scores.top(10, Ranking.SIGNED).size());
        assertEquals(Circuit.full(GRAPH), scores.top(scores.size(), Ranking.SIGNED));
        assertThrows(IllegalArgumentException.class, () -> scores.top(scores.size() + 1, Ranking.SIGNED));
    }

    @Test
    void aFileGivesBackTheScoresAndTheirGraph() {
        Path file = folder.resolve("scores.safetensors");
        for (GraphShape shape : List.of(
                GROUPED,
                GROUPED.withoutEmbeddings(),
                new GraphShape(3, 2, 2, List.of("tok_embeds", "pos_embeds"), true))) {
            EdgeScores scores = random(new ComputationGraph(shape));
            scores.write(file);
            assertEquals(scores, EdgeScores.read(file));
            assertEquals(shape, EdgeScores.read(file, shape).graph().shape());
        }
    }

    @Test
    void rowsAndColumnsAreNamed() {
        Path file = folder.resolve("scores.safetensors");
        EdgeScores scores = random(GRAPH);
        scores.write(file);
        try (SafeTensorsFile open = SafeTensorsFile.open(file);
                TensorScope _ = TensorScope.open()) {
            assertTrue(open.metadata().get("writers").startsWith("[\"embeds\",\"a0.h0\""));
            assertTrue(open.metadata().get("readers").endsWith("\"m1\",\"resid_post\"]"));
            int writer = GRAPH.writer("a0.h3").index();
            int reader = GRAPH.reader("a1.h1.k").index();
            assertEquals(scores.at(GRAPH.writer("a0.h3"), GRAPH.reader("a1.h1.k")), (float)
                    open.tensor("scores").select(0, writer).select(0, reader).item());
            assertEquals(GRAPH.edgeCount(), (int) open.tensor("is_edge")
                    .to(org.edgeprune.torch.DType.F32)
                    .sum()
                    .item());
        }
    }

    @Test
    void scoresOfAnotherGraphAreRefusedInOneLine() {
        Path file = folder.resolve("scores.safetensors");
        random(GRAPH).write(file);
        GraphShape other = new GraphShape(2, 4, 4, List.of("embeds"), false);
        String message = assertThrows(InputException.class, () -> EdgeScores.read(file, other))
                .getMessage();
        assertEquals(
                file
                        + ": holds scores of another graph: 2 layers, 4 heads, 2 key/value heads, embeds, and the model has"
                        + " 2 layers, 4 heads, 4 key/value heads, embeds: name the model that they were computed for",
                message);
    }

    @Test
    void scoresThatAreNotFiniteAreRefusedByTheirEdge() {
        float[] values = new float[GRAPH.edgeCount()];
        values[GRAPH.edgeIndex(GRAPH.writer("a0.h1"), GRAPH.reader("m0"))] = Float.NaN;
        String message = assertThrows(InputException.class, () -> EdgeScores.of(GRAPH, values))
                .getMessage();
        assertTrue(message.startsWith("the score of edge a0.h1 -> m0 is NaN"), message);
        assertThrows(IllegalArgumentException.class, () -> EdgeScores.of(GRAPH, new float[3]));
    }

    @Test
    void otherFilesAndDamagedOnesAreRefused() throws java.io.IOException {
        Path file = folder.resolve("scores.safetensors");
        try (TensorScope _ = TensorScope.open()) {
            SafeTensorsWriter.write(file, Map.of("scores", Tensor.zeros(2, 2)));
        }
        refused(file, "is no file of edge scores");
        try (TensorScope _ = TensorScope.open()) {
            Map<String, Tensor> tensors = Map.of("scores", Tensor.zeros(2, 2));
            for (Map.Entry<String, String> fault : Map.of(
                            "[]", "describes no graph",
                            "{\"layers\":2", "not JSON",
                            "{\"layers\":2,\"heads\":3,\"kv_heads\":2,\"embeddings\":[],\"parallel_blocks\":false}",
                                    "no such graph",
                            "{\"layers\":9999999,\"heads\":999,\"kv_heads\":999,\"embeddings\":[],\"parallel_blocks\":false}",
                                    "describes no graph",
                            "{\"layers\":1,\"heads\":1,\"kv_heads\":1,\"embeddings\":[],\"parallel_blocks\":false}",
                                    "has shape [2, 2]")
                    .entrySet()) {
                SafeTensorsWriter.writeWithDigest(
                        file, tensors, Map.of("format", "edgeprune-scores-1", "graph", fault.getKey()));
                refused(file, fault.getValue());
            }
        }
        random(GRAPH).write(file);
        byte[] bytes = java.nio.file.Files.readAllBytes(file);
        bytes[bytes.length - 200] ^= 1;
        java.nio.file.Files.write(file, bytes);
        refused(file, "tensors or metadata are not those of the digest");
    }

    private static void refused(Path file, String fault) {
        String message =
                assertThrows(InputException.class, () -> EdgeScores.read(file)).getMessage();
        assertTrue(message.startsWith(file.toString()) && message.contains(fault), message);
        assertEquals(1, message.lines().count(), message);
    }
}
