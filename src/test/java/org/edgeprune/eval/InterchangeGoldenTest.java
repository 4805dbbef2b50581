package org.edgeprune.eval;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.edgeprune.engine.Baseline;
import org.edgeprune.engine.MaskedPass;
import org.edgeprune.fixture.Fixtures;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.mask.MaskValues;
import org.edgeprune.mask.Masks;
import org.edgeprune.model.Architectures;
import org.edgeprune.model.Models;
import org.edgeprune.model.TokenBatch;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.safetensors.SafeTensorsFile;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;
import org.edgeprune.tracr.files.CompiledModelFiles;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Circuits in tiny checkpoints against the same patched by brute force through the modules of HuggingFace transformers
 * ({@code src/test/python/interchange.py}): every edge has a mask of 0, 1 or a number between, and every reader an
 * input of its own.
 */
class InterchangeGoldenTest {
    private static final Path FOLDER = Fixtures.golden("hf");

    /** Float32 against the float64 of the recorded numbers; residual streams are of the order of 1 to 100. */
    private static final float RELATIVE = 1e-5f;

    static List<String> recorded() throws IOException {
        try (Stream<Path> folders = Files.list(FOLDER)) {
            return folders.filter(folder -> Files.exists(folder.resolve("interchange.json")))
                    .map(folder -> folder.getFileName().toString())
                    .sorted()
                    .toList();
        }
    }

    /** Tracr's models have goldens of their own. */
    @Test
    void everyArchitectureHasOne() throws IOException {
        Set<String> missing = new HashSet<>(Architectures.find().byModelType().keySet());
        missing.remove(CompiledModelFiles.MODEL_TYPE);
        for (String name : recorded()) {
            missing.remove(Models.sizes(FOLDER.resolve(name)).architecture());
        }
        assertEquals(Set.of(), missing);
    }

    @ParameterizedTest
    @MethodSource("recorded")
    void aCircuitIsWhatPatchingByHandGives(String name) throws IOException {
        Path folder = FOLDER.resolve(name);
        JsonNode edges =
                new ObjectMapper().readTree(folder.resolve("interchange.json").toFile());
        try (TensorScope _ = TensorScope.open();
                TransformerModel model = Models.open(folder, Fixtures.device());
                SafeTensorsFile golden = SafeTensorsFile.open(folder.resolve("golden.safetensors"));
                SafeTensorsFile circuit = SafeTensorsFile.open(folder.resolve("interchange.safetensors"))) {
            ComputationGraph graph = new ComputationGraph(model.graphShape());
            float[] masks = new float[graph.edgeCount()];
            for (JsonNode edge : edges) {
                masks[
                                graph.edgeIndex(
                                        graph.writer(edge.get(0).asText()),
                                        graph.reader(edge.get(1).asText()))] =
                        edge.get(2).floatValue();
            }
            assertEquals(graph.edgeCount(), edges.size());

            TokenBatch clean = batch(golden.tensor("input_ids"));
            Baseline baseline = Baseline.record(model, batch(circuit.tensor("corrupted_ids")));
            MaskValues values =
                    new MaskValues(graph, masks, MaskValues.full(graph).nodes());
            float[] actual = MaskedPass.forward(
                            model, clean, baseline, Masks.of(values, Fixtures.device()), MaskedPass.Gradients.NONE)
                    .finalResidual()
                    .toFloats();
            float[] expected = circuit.tensor("residual").toFloats();
            float largest = 0;
            for (float value : expected) {
                largest = Math.max(largest, Math.abs(value));
            }
            assertArrayEquals(expected, actual, RELATIVE * largest);
        }
    }

    private static TokenBatch batch(Tensor ids) {
        int length = (int) ids.size(1);
        long[] values = ids.toLongs();
        List<int[]> rows = new ArrayList<>();
        for (int from = 0; from < values.length; from += length) {
            int[] row = new int[length];
            for (int t = 0; t < length; t++) {
                row[t] = (int) values[from + t];
            }
            rows.add(row);
        }
        return TokenBatch.of(rows, Fixtures.device());
    }
}
