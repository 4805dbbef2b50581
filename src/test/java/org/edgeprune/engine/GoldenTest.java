package org.edgeprune.engine;

import static org.edgeprune.engine.Golden.assertClose;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import org.edgeprune.fixture.Fixtures;
import org.edgeprune.graph.Edge;
import org.edgeprune.mask.MaskParameters;
import org.edgeprune.mask.MaskValues;
import org.edgeprune.mask.Masks;
import org.edgeprune.mask.ReferenceFormat;
import org.edgeprune.torch.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The published implementation's numbers for a tiny model, with and without embedding nodes. */
abstract class GoldenTest {
    /** What differs between the reference's implementations of two architectures. */
    private final Reference reference;

    /**
     * @param directory of the model and its fixtures
     * @param format of the reference's parameter names
     * @param eps of its hard concrete distribution
     * @param edgeRate base learning rate of edge log_alphas
     * @param nodeRate base learning rate of node log_alphas
     * @param detachedEmbedding whether its KL loss has no gradient towards the first node, the token embedding
     */
    record Reference(
            String directory,
            ReferenceFormat format,
            double eps,
            double edgeRate,
            double nodeRate,
            boolean detachedEmbedding) {}

    GoldenTest(Reference reference) {
        this.reference = reference;
    }

    /** One fixture with the model that it is about. */
    private final class Case extends GoldenCase {
        Case(String embeddings) throws Exception {
            super(
                    open(reference.directory()),
                    reference.directory() + "/fixture_" + embeddings,
                    embeddings.equals("with_emb"),
                    reference.format(),
                    reference.eps());
        }

        /** First and last scored position of a row. */
        private int[] range(int row) {
            if (golden.has("kl_idx")) {
                int position = (int) golden.longs("kl_idx")[row];
                return new int[] {position, position + 1};
            }
            return new int[] {(int) golden.longs("kl_start")[row], (int) golden.longs("kl_end")[row]};
        }

        /** Every scored position, row by row; the loss is the mean over rows of the mean over positions. */
        @Override
        Scored scored() {
            List<Integer> tokens = new ArrayList<>();
            List<Double> weights = new ArrayList<>();
            for (int row = 0; row < clean.rowCount(); row++) {
                int[] range = range(row);
                for (int position = range[0]; position < range[1]; position++) {
                    tokens.add(clean.token(row, position));
                    weights.add(1.0 / clean.rowCount() / (range[1] - range[0]));
                }
            }
            return new Scored(tokens, weights);
        }

        @Override
        double[] learningRates() {
            return new double[] {reference.edgeRate(), reference.nodeRate()};
        }

        @Override
        Tensor withoutReferenceBugs(Tensor nodeGradients) {
            if (reference.detachedEmbedding() && graph.shape().hasEmbeddings()) {
                nodeGradients.select(0, 0).zero_();
            }
            return nodeGradients;
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"no_emb", "with_emb"})
    void fullModelMatches(String embeddings) throws Exception {
        try (Case c = new Case(embeddings)) {
            assertClose(
                    c.golden.floats("full.logits"),
                    FullModel.logits(c.model, c.clean).toFloats(),
                    1e-4,
                    "logits of the plain model");
            boolean nodes = c.graph.shape().hasEmbeddings();
            assertClose(
                    c.golden.floats("full.corr_writer_states"),
                    Baseline.record(c.model, c.corrupted)
                            .writerStates(c.model, nodes)
                            .toFloats(),
                    1e-4,
                    "corrupted writer states");
            MaskedPass pass = MaskedPass.forward(
                    c.model,
                    c.clean,
                    c.baseline(),
                    Masks.of(MaskValues.full(c.graph), Fixtures.device()),
                    MaskedPass.Gradients.NONE);
            assertClose(
                    c.golden.floats("full.writer_states"), pass.writerStates().toFloats(), 1e-4, "writer states");
            assertClose(
                    c.golden.floats("full.logits"),
                    c.model.logits(pass.finalResidual()).toFloats(),
                    1e-4,
                    "logits at full masks");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"no_emb", "with_emb"})
    void sampledMasksAndTheirLogitsMatch(String embeddings) throws Exception {
        try (Case c = new Case(embeddings);
                MaskParameters p = c.parameters()) {
            c.checkSampledMasks();
            Masks masks = p.sample(c.edges("u."), c.nodes("u.")).detach();
            assertClose(
                    c.golden.floats("sampled.logits"),
                    c.logits(masks, c.baseline()),
                    1e-4,
                    "under interchange ablation");
            assertClose(
                    c.golden.floats("sampled_zero_ablation.logits"),
                    c.logits(masks, Baseline.ZERO),
                    1e-4,
                    "under zero ablation");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"no_emb", "with_emb"})
    void lossesAndGradientsMatch(String embeddings) throws Exception {
        try (Case c = new Case(embeddings)) {
            c.checkLossesAndGradients();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"no_emb", "with_emb"})
    void deterministicMasksThresholdsAndEdgesMatch(String embeddings) throws Exception {
        try (Case c = new Case(embeddings);
                MaskParameters p = c.parameters()) {
            c.checkDeterministicMasks();
            MaskValues soft = p.deterministic();
            JsonNode eval = c.golden.json().get("eval");
            assertEquals(eval.get("edge_sparsity_soft").doubleValue(), soft.edgeSparsity(), 1e-5);
            MaskValues.Thresholds thresholds = soft.referenceThresholds();
            assertEquals(eval.get("edge_threshold").doubleValue(), thresholds.edges(), 1e-6);
            assertEquals(eval.get("node_threshold").doubleValue(), thresholds.nodes(), 1e-6);
            MaskValues binary = soft.binary(thresholds);
            assertEquals(eval.get("edge_sparsity_at_threshold").doubleValue(), binary.edgeSparsity(), 1e-5);
            assertEquals(eval.get("effective_edge_sparsity").doubleValue(), binary.effectiveEdgeSparsity(), 1e-5);
            assertEquals(
                    c.golden
                            .json()
                            .get("eval_soft")
                            .get("effective_edge_sparsity")
                            .doubleValue(),
                    soft.effectiveEdgeSparsity(),
                    1e-5);
            List<String> expected = new ArrayList<>();
            c.golden
                    .json()
                    .get("edges")
                    .forEach(e ->
                            expected.add(e.get(0).asText() + " -> " + e.get(1).asText()));
            assertEquals(
                    expected,
                    binary.circuit().edges().stream().map(Edge::toString).toList());

            assertClose(c.golden.floats("eval_soft.logits"), c.logits(soft), 1e-4, "logits at soft masks");
            assertClose(c.golden.floats("eval_binary.logits"), c.logits(binary), 1e-4, "logits at binary masks");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "no_emb clip1 1",
                "with_emb clip1 1",
                "no_emb noclip 0",
                "with_emb noclip 0",
                "no_emb clip0.25 0.25",
                "with_emb clip0.25 0.25"
            })
    void fiveOptimiserStepsMatch(String name) throws Exception {
        String[] words = name.split(" ", -1);
        try (Case c = new Case(words[0])) {
            c.checkTraining(words[1], Double.parseDouble(words[2]));
        }
    }
}
