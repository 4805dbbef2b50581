package org.edgeprune.engine;

import static org.edgeprune.engine.Golden.assertClose;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.function.UnaryOperator;
import org.edgeprune.fixture.Fixtures;
import org.edgeprune.mask.MaskParameters;
import org.edgeprune.mask.MaskValues;
import org.edgeprune.mask.Masks;
import org.edgeprune.mask.ReferenceFormat;
import org.edgeprune.model.Models;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.torch.Tensor;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The published implementation's numbers for a tiny Tracr-shaped model: both losses, both ablations, both attention
 * masks.
 */
class TracrGoldenTest {
    private static final class Case extends GoldenCase {
        private final String fixture;
        private final boolean proportion;

        Case(String fixture, Path dir) throws Exception {
            super(
                    open(fixture, dir),
                    "erazr/fixture_" + fixture,
                    true,
                    fixture.startsWith("xproportion") ? ReferenceFormat.TRACR_HEADLESS : ReferenceFormat.TRACR,
                    1e-6);
            this.fixture = fixture;
            this.proportion = fixture.startsWith("xproportion");
        }

        /** The fixtures share one checkpoint, but not its configuration. */
        private static TransformerModel open(String fixture, Path dir) throws Exception {
            Path published = Fixtures.edgePruning().resolve("erazr");
            ObjectNode config = (ObjectNode)
                    new ObjectMapper().readTree(published.resolve("config.json").toFile());
            config.put("causal", fixture.startsWith("causal"));
            if (fixture.startsWith("xproportion")) {
                config.remove("unembed_size");
            }
            Files.writeString(dir.resolve("config.json"), config.toString());
            Files.copy(published.resolve("model.safetensors"), dir.resolve("model.safetensors"));
            return Models.open(dir, Fixtures.device());
        }

        @Override
        Scored scored() {
            List<Integer> tokens = new ArrayList<>();
            int length = clean.maxLength();
            for (int row = 0; row < clean.rowCount(); row++) {
                for (int position = proportion ? 0 : 1; position < length; position++) {
                    tokens.add(clean.token(row, position));
                }
            }
            int rows = proportion ? clean.rowCount() : tokens.size();
            return new Scored(tokens, Collections.nCopies(rows, 1.0 / clean.rowCount()));
        }

        /** xproportion: one distribution an example, over its positions, of the first residual coordinate. */
        @Override
        UnaryOperator<Tensor> rows() {
            return proportion ? x -> x.narrow(1, 0, 1).reshape(clean.rowCount(), -1) : x -> x;
        }

        @Override
        boolean interchange() {
            return !fixture.endsWith("zero");
        }

        /** The reference never uses its node learning rate here. */
        @Override
        double[] learningRates() {
            return new double[] {0.8, 0.8};
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"reverse_corr", "reverse_zero", "causal_reverse_corr", "xproportion_corr"})
    void everythingMatches(String fixture, @TempDir Path dir) throws Exception {
        try (Case c = new Case(fixture, dir);
                MaskParameters p = c.parameters()) {
            assertClose(
                    c.golden.floats("full.corr_writer_states"),
                    Baseline.record(c.model, c.corrupted)
                            .writerStates(c.model, true)
                            .toFloats(),
                    1e-4,
                    "corrupted writer states");
            MaskedPass full = MaskedPass.forward(
                    c.model,
                    c.clean,
                    c.baseline(),
                    Masks.of(MaskValues.full(c.graph), Fixtures.device()),
                    MaskedPass.Gradients.NONE);
            assertClose(
                    c.golden.floats("full.writer_states"), full.writerStates().toFloats(), 1e-4, "writer states");
            assertClose(
                    c.golden.floats("full.last_hidden"), full.finalResidual().toFloats(), 1e-4, "last hidden state");

            c.checkSampledMasks();
            Masks masks = p.sample(c.edges("u."), c.nodes("u.")).detach();
            assertClose(c.golden.floats("sampled.output"), c.logits(masks, c.baseline()), 1e-4, "sampled output");
            c.checkDeterministicMasks();
            MaskValues soft = p.deterministic();
            assertClose(c.golden.floats("eval_soft.output"), c.logits(soft), 1e-4, "output at soft masks");
            assertClose(
                    c.golden.floats("eval_binary.output"),
                    c.logits(soft.binary(new MaskValues.Thresholds(0.4, 0.4))),
                    1e-4,
                    "output at binary masks");
            assertEdges(c, "edges_threshold_0.4", soft.binary(new MaskValues.Thresholds(0.4, 0.4)));
            assertEdges(
                    c, "edges_refmix_edge0.2_node0.8", soft.referenceTracrBinary(new MaskValues.Thresholds(0.2, 0.8)));
            c.checkLossesAndGradients();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "reverse_corr, clip1, 1",
        "reverse_zero, noclip, 0",
        "causal_reverse_corr, clip0.25, 0.25",
        "xproportion_corr, clip1, 1"
    })
    void fiveOptimiserStepsMatch(String fixture, String run, double clip, @TempDir Path dir) throws Exception {
        try (Case c = new Case(fixture, dir)) {
            c.checkTraining(run, clip);
        }
    }

    private static void assertEdges(Case c, String name, MaskValues binary) {
        List<List<String>> expected = new ArrayList<>();
        c.golden
                .json()
                .get(name)
                .forEach(e -> expected.add(List.of(
                        e.get(0).asText().replace("token_embeds", "tok_embeds"),
                        e.get(1).asText())));
        List<List<String>> actual = binary.circuit().edges().stream()
                .map(e -> List.of(e.writer().name(), e.reader().name()))
                .toList();
        assertEquals(new HashSet<>(expected), new HashSet<>(actual), name);
        assertEquals(expected.size(), actual.size(), name);
    }
}
