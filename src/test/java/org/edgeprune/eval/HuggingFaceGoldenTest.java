package org.edgeprune.eval;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.StreamSupport;
import org.edgeprune.engine.Baseline;
import org.edgeprune.engine.FullModel;
import org.edgeprune.engine.RecordedRun;
import org.edgeprune.fixture.Fixtures;
import org.edgeprune.model.Models;
import org.edgeprune.model.TokenBatch;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.safetensors.SafeTensorsFile;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Logits, residual streams and greedy continuations of tiny checkpoints, against what HuggingFace transformers computed
 * for them: every folder of {@code golden/hf}, at the tolerance that it states.
 */
class HuggingFaceGoldenTest {
    private static final Path FOLDER = Fixtures.golden("hf");

    /** The tensors of a golden file with a prefix: the main batch has none. */
    private static final List<String> FURTHER_BATCHES = List.of("short.", "at.", "above.");

    static List<String> all() throws IOException {
        return Fixtures.foldersIn(FOLDER).stream()
                .map(folder -> folder.getFileName().toString())
                .toList();
    }

    @Test
    void thereAreAsManyAsTheReadmeSays() throws IOException {
        assertEquals(71, all().size());
    }

    @ParameterizedTest
    @MethodSource("all")
    void isWhatTransformersComputes(String name) throws IOException {
        Path folder = FOLDER.resolve(name);
        JsonNode json =
                new ObjectMapper().readTree(folder.resolve("golden.json").toFile());
        double ofLogits = json.at("/tolerance/logits").doubleValue();
        double ofResidual = json.at("/tolerance/residual").doubleValue();
        try (TensorScope _ = TensorScope.open();
                TransformerModel model = Models.open(folder, Fixtures.device());
                SafeTensorsFile golden = SafeTensorsFile.open(folder.resolve("golden.safetensors"))) {
            TokenBatch batch = batch(golden, "");
            RecordedRun run = Baseline.record(model, batch);
            int layers = model.graphShape().layers();
            for (int layer = 0; layer <= layers; layer++) {
                Tensor residual = layer < layers ? run.layers().get(layer).attentionInput() : run.finalResidual();
                String expected = layer == 0 ? "embeddings" : "layer." + (layer - 1);
                close(golden, expected, residual, ofResidual);
            }
            close(golden, "logits", FullModel.logits(model, batch), ofLogits);
            for (String prefix : FURTHER_BATCHES) {
                if (golden.contains(prefix + "input_ids")) {
                    TokenBatch further = batch(golden, prefix);
                    close(golden, prefix + "logits", FullModel.logits(model, further), ofLogits);
                }
            }
            int[] expected = ints(json.get("greedy"));
            assertArrayEquals(
                    expected,
                    new Generator(model, Optional.empty(), Set.of())
                            .generate(ints(json.get("prompt")), Optional.empty(), expected.length),
                    "greedy continuation");
        }
    }

    private static TokenBatch batch(SafeTensorsFile golden, String prefix) {
        Tensor ids = golden.tensor(prefix + "input_ids");
        long[] values = ids.toLongs();
        int length = (int) ids.size(1);
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

    private static void close(SafeTensorsFile golden, String name, Tensor actual, double tolerance) {
        assertArrayEquals(golden.tensor(name).toFloats(), actual.toFloats(), (float) tolerance, name);
    }

    private static int[] ints(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false)
                .mapToInt(JsonNode::intValue)
                .toArray();
    }
}
