package org.edgeprune.eval;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.edgeprune.engine.Baseline;
import org.edgeprune.engine.FullModel;
import org.edgeprune.engine.RecordedRun;
import org.edgeprune.fixture.Fixtures;
import org.edgeprune.io.InputException;
import org.edgeprune.model.Models;
import org.edgeprune.model.TokenBatch;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.safetensors.SafeTensorsFile;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.opentest4j.AssertionFailedError;

/**
 * Logits, residual streams and greedy continuations of tiny checkpoints, against what HuggingFace transformers computed
 * for them: every folder of {@code golden/hf}, at the tolerance that it states.
 */
class HuggingFaceGoldenTest {
    private static final Path FOLDER = Fixtures.golden("hf");

    /**
     * Why a fixture does not hold yet.
     *
     * @param outcome what happens instead: the checkpoint is refused, or other numbers are computed
     */
    private record NotYet(Class<? extends Throwable> outcome, String reason) {
        static NotYet refused(String reason) {
            return new NotYet(InputException.class, reason);
        }

        static NotYet differs(String reason) {
            return new NotYet(AssertionFailedError.class, reason);
        }
    }

    /**
     * Fixtures that do not hold yet, each with the reason. Whoever makes one hold takes it out: {@link #notYet} fails
     * as soon as one does.
     */
    private static final Map<String, NotYet> NOT_YET = Map.ofEntries(
            Map.entry("gemma3_text", NotYet.refused("the architecture is not supported")),
            Map.entry("gemma3_text-old-config", NotYet.refused("the architecture is not supported")),
            Map.entry("granite", NotYet.refused("the architecture is not supported")),
            Map.entry("olmo2", NotYet.refused("the architecture is not supported")),
            Map.entry("smollm3", NotYet.refused("the architecture is not supported")),
            Map.entry("stablelm", NotYet.refused("the architecture is not supported")),
            Map.entry("stablelm-parallel", NotYet.refused("the architecture is not supported")),
            Map.entry("llama-base", NotYet.refused("names of the base model, without the prefix model.")));

    /** The tensors of a golden file with a prefix: the main batch has none. */
    private static final List<String> FURTHER_BATCHES = List.of("short.", "at.", "above.");

    private static List<String> all() throws IOException {
        try (Stream<Path> folders = Files.list(FOLDER)) {
            return folders.filter(Files::isDirectory)
                    .map(folder -> folder.getFileName().toString())
                    .sorted()
                    .toList();
        }
    }

    static List<String> supported() throws IOException {
        return all().stream().filter(name -> !NOT_YET.containsKey(name)).toList();
    }

    static Set<String> unsupported() {
        return new TreeSet<>(NOT_YET.keySet());
    }

    @Test
    void everyFixtureIsKnown() throws IOException {
        assertEquals(69, all().size());
        assertTrue(all().containsAll(NOT_YET.keySet()), "a name in the table that is no fixture");
    }

    @ParameterizedTest
    @MethodSource
    void supported(String name) throws IOException {
        check(name);
    }

    /** Refused, or computed otherwise than transformers does. */
    @ParameterizedTest
    @MethodSource("unsupported")
    void notYet(String name) {
        NotYet why = NOT_YET.get(name);
        assertThrows(
                why.outcome(),
                () -> check(name),
                "no longer so: take " + name + " out of NOT_YET if it holds now (" + why.reason() + ")");
    }

    private static void check(String name) throws IOException {
        Path folder = FOLDER.resolve(name);
        JsonNode json =
                new ObjectMapper().readTree(folder.resolve("golden.json").toFile());
        double ofLogits = json.at("/tolerance/logits").doubleValue();
        double ofResidual = json.at("/tolerance/residual").doubleValue();
        try (TensorScope scope = TensorScope.open();
                TransformerModel model = Models.open(folder, Device.CPU);
                SafeTensorsFile golden = SafeTensorsFile.open(folder.resolve("golden.safetensors"))) {
            TokenBatch batch = batch(golden, "");
            RecordedRun run = Baseline.record(model, batch);
            int layers = model.graphShape().layers();
            for (int layer = 0; layer <= layers; layer++) {
                Tensor residual = layer < layers ? run.layers().get(layer).attentionInput() : run.finalResidual();
                String expected = layer == 0 ? "embeddings" : "layer." + (layer - 1);
                close(golden, expected, residual, ofResidual);
            }
            close(golden, "logits", FullModel.logits(model, batch, null), ofLogits);
            for (String prefix : FURTHER_BATCHES) {
                if (golden.contains(prefix + "input_ids")) {
                    TokenBatch further = batch(golden, prefix);
                    close(golden, prefix + "logits", FullModel.logits(model, further, null), ofLogits);
                }
            }
            int[] expected = ints(json.get("greedy"));
            assertArrayEquals(
                    expected,
                    new Generator(model, null, Set.of()).generate(ints(json.get("prompt")), null, expected.length),
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
        return TokenBatch.of(rows, Device.CPU);
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
