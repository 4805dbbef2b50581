package org.edgeprune.tracr;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import org.edgeprune.fixture.Fixtures;
import org.edgeprune.safetensors.SafeTensorsFile;
import org.edgeprune.torch.TensorScope;
import org.edgeprune.tracr.files.CompiledModelFiles;
import org.edgeprune.tracr.files.WeightFiles;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The reference forward beside recordings of the published edge pruning code, on a model with random weights. */
class ReferenceForwardTest {
    private static final class Fixture implements AutoCloseable {
        final TransformerConfig config;
        final TransformerWeights weights;
        final ReferenceForward forward;
        final SafeTensorsFile tensors;
        final JsonNode json;
        final TensorScope scope = TensorScope.open();
        final int batch;

        Fixture(String name) throws Exception {
            Path golden = Fixtures.edgePruning().resolve("erazr");
            tensors = SafeTensorsFile.open(golden.resolve("fixture_" + name + ".safetensors"));
            json = new ObjectMapper()
                    .readTree(golden.resolve("fixture_" + name + ".json").toFile());
            TransformerConfig c = CompiledModelFiles.readConfig(golden.resolve("config.json"));
            config = new TransformerConfig(
                    c.modelSize(),
                    c.numLayers(),
                    c.numHeads(),
                    c.keySize(),
                    c.mlpHiddenSize(),
                    c.vocabSize(),
                    c.maxPositions(),
                    c.unembedSize(),
                    json.path("config").path("causal").asBoolean());
            weights = WeightFiles.read(golden.resolve("model.safetensors"), WeightFiles.Naming.ERAZR, config);
            forward = new ReferenceForward(config, weights);
            batch = (int) tensors.info("input_ids").shape()[0];
        }

        int[] ids(String name, int row) {
            long[] all = tensors.tensor(name).toLongs();
            int length = all.length / batch;
            return Arrays.stream(all, row * length, (row + 1) * length)
                    .mapToInt(id -> (int) id)
                    .toArray();
        }

        /** Row {@code row} of a [batch, positions, outputs] tensor. */
        double[] row(String name, int row) {
            double[] all = tensors.tensor(name).toDoubles();
            return Arrays.copyOfRange(all, row * all.length / batch, (row + 1) * all.length / batch);
        }

        @Override
        public void close() {
            tensors.close();
            scope.close();
        }
    }

    private static void assertClose(double[] expected, double[][] actual, String what) {
        int width = actual[0].length;
        assertEquals(expected.length, actual.length * width, what);
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], actual[i / width][i % width], 1e-5, what + " [" + i + "]");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"reverse_corr", "causal_reverse_corr"})
    void logitsAndEveryWritersOutputAreThoseOfTheReference(String name) throws Exception {
        try (Fixture fixture = new Fixture(name)) {
            for (int row = 0; row < fixture.batch; row++) {
                ReferenceForward.States states = fixture.forward.states(fixture.ids("input_ids", row));
                assertClose(fixture.row("full.logits", row), states.outputs(), "logits");
                double[] all = fixture.tensors.tensor("full.writer_states").toDoubles();
                int perWriter = all.length / states.writers().length;
                int perRow = perWriter / fixture.batch;
                for (int w = 0; w < states.writers().length; w++) {
                    int from = w * perWriter + row * perRow;
                    assertClose(
                            Arrays.copyOfRange(all, from, from + perRow),
                            states.writers()[w],
                            fixture.forward.wiring().writers().get(w));
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"reverse_corr", "causal_reverse_corr", "reverse_zero"})
    void cutEdgesDoWhatMasksOfZeroDoInTheReference(String name) throws Exception {
        try (Fixture fixture = new Fixture(name)) {
            Wiring wiring = fixture.forward.wiring();
            boolean[][] cut =
                    new boolean[wiring.readers().size()][wiring.writers().size()];
            for (boolean[] row : cut) {
                Arrays.fill(row, true);
            }
            for (JsonNode edge : fixture.json.path("edges_threshold_0.4")) {
                cut[wiring.readers().indexOf(edge.get(1).asText())][
                        wiring.writers().indexOf(edge.get(0).asText())] = false;
            }
            for (int row = 0; row < fixture.batch; row++) {
                int[] ids = fixture.ids("input_ids", row);
                ReferenceForward.States clean = fixture.forward.states(ids);
                Optional<ReferenceForward.States> corrupted = name.endsWith("zero")
                        ? Optional.empty()
                        : Optional.of(fixture.forward.states(fixture.ids("corr_input_ids", row)));
                double[][] outputs = fixture.forward.run(ids, clean, new EdgeAblation(cut, corrupted));
                assertClose(fixture.row("eval_binary.output", row), outputs, "pruned logits");
            }
        }
    }

    @Test
    void theNamesAndTheirOrderAreTheReferences() throws Exception {
        try (Fixture fixture = new Fixture("reverse_corr")) {
            Wiring wiring = fixture.forward.wiring();
            // The reference calls the token embedding tok_embeds in its language models and token_embeds here.
            assertEquals(
                    fixture.json.path("writers").toString().replace("token_embeds", "tok_embeds"),
                    new ObjectMapper().valueToTree(wiring.writers()).toString());
            assertEquals(
                    fixture.json.path("readers").toString(),
                    new ObjectMapper().valueToTree(wiring.readers()).toString());
            int edges = 0;
            for (int r = 0; r < wiring.readers().size(); r++) {
                edges += wiring.visible(r);
                assertTrue(wiring.connected(0, r), "random weights connect everything");
            }
            assertEquals(fixture.json.path("counts").path("n_edges").asInt(), edges);
        }
    }
}
