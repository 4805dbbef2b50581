package org.edgeprune.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.edgeprune.fixture.Fixtures;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.mask.MaskLayout;
import org.edgeprune.mask.ReferenceFormat;
import org.edgeprune.model.TokenBatch;
import org.edgeprune.safetensors.SafeTensorsFile;
import org.edgeprune.torch.TensorScope;

/** A golden fixture: what the published implementation computed for a tiny model. */
public final class Golden implements AutoCloseable {
    private final SafeTensorsFile tensors;
    private final JsonNode json;

    private Golden(Path stem) throws Exception {
        tensors = SafeTensorsFile.open(Path.of(stem + ".safetensors"));
        json = new ObjectMapper().readTree(Path.of(stem + ".json").toFile());
    }

    public static Golden open(String stem) throws Exception {
        return new Golden(Fixtures.edgePruning().resolve(stem));
    }

    public float[] floats(String name) {
        try (TensorScope _ = TensorScope.open()) {
            return tensors.tensor(name).toFloats();
        }
    }

    public long[] longs(String name) {
        try (TensorScope _ = TensorScope.open()) {
            return tensors.tensor(name).toLongs();
        }
    }

    public boolean has(String name) {
        return tensors.contains(name);
    }

    public long[] shape(String name) {
        return tensors.info(name).shape();
    }

    public JsonNode json() {
        return json;
    }

    /** The fixture's prompts as a batch of the current scope. */
    public TokenBatch batch(String name) {
        return TokenBatch.of(sequences(name), Fixtures.device());
    }

    public List<int[]> sequences(String name) {
        long[] shape = shape(name);
        long[] ids = longs(name);
        List<int[]> rows = new ArrayList<>();
        for (int row = 0; row < shape[0]; row++) {
            int[] sequence = new int[(int) shape[1]];
            for (int t = 0; t < sequence.length; t++) {
                sequence[t] = (int) ids[row * sequence.length + t];
            }
            rows.add(sequence);
        }
        return rows;
    }

    /** Edge values recorded under a prefix such as {@code "u."} or {@code "train.u0."}, in a layout. */
    public float[] edges(ReferenceFormat format, MaskLayout layout, String prefix) {
        return format.readEdges(layout, name -> floats(prefix + name));
    }

    public float[] nodes(ReferenceFormat format, ComputationGraph graph, String prefix) {
        return format.readNodes(graph, name -> floats(prefix + name));
    }

    /** Asserts |expected - actual| <= tolerance (1 + |expected|) everywhere. */
    public static void assertClose(float[] expected, float[] actual, double tolerance, String what) {
        assertEquals(expected.length, actual.length, what + ": number of values");
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], actual[i], tolerance * (1 + Math.abs(expected[i])), what + ", value " + i);
        }
    }

    /** Asserts that the largest difference is at most {@code tolerance} of the largest expected value. */
    public static void assertCloseToScale(float[] expected, float[] actual, double tolerance, String what) {
        assertEquals(expected.length, actual.length, what + ": number of values");
        double scale = 0;
        for (float value : expected) {
            scale = Math.max(scale, Math.abs(value));
        }
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], actual[i], tolerance * scale + 1e-9, what + ", value " + i);
        }
    }

    @Override
    public void close() {
        tensors.close();
    }
}
