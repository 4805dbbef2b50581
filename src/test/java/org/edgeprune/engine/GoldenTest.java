package org.edgeprune.engine;

import static org.edgeprune.engine.Golden.assertClose;
import static org.edgeprune.engine.Golden.assertCloseToScale;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.graph.Edge;
import org.edgeprune.graph.GraphShape;
import org.edgeprune.mask.HardConcrete;
import org.edgeprune.mask.Lagrangian;
import org.edgeprune.mask.MaskLayout;
import org.edgeprune.mask.MaskParameters;
import org.edgeprune.mask.MaskParameters.Multiplier;
import org.edgeprune.mask.MaskValues;
import org.edgeprune.mask.Masks;
import org.edgeprune.mask.ReferenceFormat;
import org.edgeprune.model.Models;
import org.edgeprune.model.TokenBatch;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.prune.AdamW;
import org.edgeprune.prune.LearningRateSchedule;
import org.edgeprune.torch.Autograd;
import org.edgeprune.torch.DType;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;
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
            String directory, ReferenceFormat format, double eps, double edgeRate, double nodeRate, boolean detachedEmbedding) {}

    GoldenTest(Reference reference) {
        this.reference = reference;
    }

    /** One fixture with the model that it is about. */
    private final class Case implements AutoCloseable {
        final Golden golden;
        final TransformerModel model = Models.open(Golden.directory().resolve(reference.directory()), Device.CPU);
        final ComputationGraph graph;
        final MaskLayout layout;
        final TensorScope scope = TensorScope.open();
        final TokenBatch clean;
        final TokenBatch corrupted;

        Case(String embeddings) throws Exception {
            golden = Golden.open(reference.directory() + "/fixture_" + embeddings);
            GraphShape shape = model.graphShape();
            graph = new ComputationGraph(embeddings.equals("with_emb") ? shape : shape.withoutEmbeddings());
            layout = MaskLayout.reference(graph);
            clean = golden.batch("input_ids");
            corrupted = golden.batch("corr_input_ids");
        }

        MaskParameters parameters() {
            return reference.format().read(
                    layout,
                    new HardConcrete(reference.eps()),
                    name -> golden.floats((name.contains("lambda") ? "lambda." : "log_alpha.") + name),
                    Device.CPU);
        }

        Baseline baseline() {
            return Baseline.record(model, corrupted);
        }

        /** First and last scored position of a row. */
        private int[] range(int row) {
            if (golden.has("kl_idx")) {
                int position = (int) golden.longs("kl_idx")[row];
                return new int[] {position, position + 1};
            }
            return new int[] {(int) golden.longs("kl_start")[row], (int) golden.longs("kl_end")[row]};
        }

        /** Every scored position, row by row. */
        Tensor scored() {
            long[] tokens = IntStream.range(0, clean.rowCount())
                    .flatMap(row -> IntStream.range(range(row)[0], range(row)[1]).map(t -> clean.token(row, t)))
                    .asLongStream()
                    .toArray();
            return Tensor.of(tokens, tokens.length);
        }

        /** What each scored position counts in the mean over rows of the mean over positions. */
        Tensor weights() {
            double[] weights = IntStream.range(0, clean.rowCount())
                    .mapToObj(this::range)
                    .flatMapToDouble(r -> IntStream.range(r[0], r[1])
                            .mapToDouble(t -> 1.0 / clean.rowCount() / (r[1] - r[0])))
                    .toArray();
            return Tensor.of(weights, weights.length).to(DType.F32);
        }

        @Override
        public void close() {
            scope.close();
            golden.close();
            model.close();
        }
    }

    /** Loss and gradients of one step: of edges (flat), nodes and the four multipliers. */
    private record Step(double kl, double edgeLoss, double nodeLoss, double edgeSparsity, double nodeSparsity, List<Tensor> gradients) {}

    private Step step(Case c, MaskParameters p, Baseline baseline, Tensor full, String noise, double edgeTarget, double nodeTarget) {
        Masks masks = p.sample(
                c.golden.edges(reference.format(), c.layout, noise), c.golden.nodes(reference.format(), c.graph, noise));
        MaskedPass pass = new MaskedPass(c.model, c.clean, baseline, masks.detach(), c.scored(), true);
        Tensor kl = KlDivergence.weighted(full, c.model.logits(pass.finalResidual()), c.weights());
        MaskGradients toMasks = pass.backward(Autograd.grad(kl, pass.finalResidual())[0]);
        if (reference.detachedEmbedding() && c.graph.shape().hasEmbeddings()) {
            toMasks.nodes().select(0, 0).zero_();
        }
        Tensor edgeLoss = Lagrangian.loss(
                masks.edgeSparsity(), edgeTarget, p.multiplier(Multiplier.EDGES_1), p.multiplier(Multiplier.EDGES_2));
        Tensor nodeLoss = Lagrangian.loss(
                masks.nodeSparsity(), nodeTarget, p.multiplier(Multiplier.NODES_1), p.multiplier(Multiplier.NODES_2));
        List<Tensor> inputs = new ArrayList<>(List.of(p.edges(), p.nodes()));
        for (Multiplier which : Multiplier.values()) {
            inputs.add(p.multiplier(which));
        }
        List<Tensor> gradients = Autograd.grad(
                List.of(masks.edges(), masks.nodes(), edgeLoss.add(nodeLoss)),
                java.util.Arrays.asList(toMasks.edges(), toMasks.nodes(), null),
                inputs,
                false,
                false,
                false);
        return new Step(
                kl.item(),
                edgeLoss.item(),
                nodeLoss.item(),
                masks.edgeSparsity().item(),
                masks.nodeSparsity().item(),
                gradients);
    }

    @ParameterizedTest
    @ValueSource(strings = {"no_emb", "with_emb"})
    void fullModelMatches(String embeddings) throws Exception {
        try (Case c = new Case(embeddings)) {
            assertClose(
                    c.golden.floats("full.logits"),
                    Baseline.logits(c.model, c.clean, null).toFloats(),
                    1e-4,
                    "logits of the plain model");
            boolean nodes = c.graph.shape().hasEmbeddings();
            assertClose(
                    c.golden.floats("full.corr_writer_states"),
                    c.baseline().writerStates(c.model, nodes).toFloats(),
                    1e-4,
                    "corrupted writer states");
            MaskedPass pass = new MaskedPass(
                    c.model, c.clean, c.baseline(), Masks.of(MaskValues.full(c.graph), Device.CPU), null, false);
            assertClose(c.golden.floats("full.writer_states"), pass.writerStates().toFloats(), 1e-4, "writer states");
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
            Masks masks = p.sample(c.golden.edges(reference.format(), c.layout, "u."), c.golden.nodes(reference.format(), c.graph, "u."));
            assertClose(c.golden.edges(reference.format(), c.layout, "z."), masks.edges().toFloats(), 1e-5, "sampled edge masks");
            assertClose(c.golden.nodes(reference.format(), c.graph, "z."), masks.nodes().toFloats(), 1e-5, "sampled node masks");
            MaskedPass interchange = new MaskedPass(c.model, c.clean, c.baseline(), masks.detach(), null, false);
            assertClose(
                    c.golden.floats("sampled.logits"),
                    c.model.logits(interchange.finalResidual()).toFloats(),
                    1e-4,
                    "logits under interchange ablation");
            MaskedPass zero = new MaskedPass(c.model, c.clean, null, masks.detach(), null, false);
            assertClose(
                    c.golden.floats("sampled_zero_ablation.logits"),
                    c.model.logits(zero.finalResidual()).toFloats(),
                    1e-4,
                    "logits under zero ablation");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"no_emb", "with_emb"})
    void lossesAndGradientsMatch(String embeddings) throws Exception {
        try (Case c = new Case(embeddings);
                MaskParameters p = c.parameters()) {
            JsonNode sampled = c.golden.json().get("sampled");
            Tensor full = Baseline.logits(c.model, c.clean, c.scored()).logSoftmax(-1);
            Step step = step(c, p, c.baseline(), full, "u.", 0.65, 0.35);
            assertEquals(sampled.get("kl_loss").doubleValue(), step.kl(), 1e-4);
            assertEquals(sampled.get("edge_loss").doubleValue(), step.edgeLoss(), 1e-4);
            assertEquals(sampled.get("node_loss").doubleValue(), step.nodeLoss(), 1e-4);
            assertEquals(sampled.get("model_edge_sparsity").doubleValue(), step.edgeSparsity(), 1e-5);
            assertEquals(sampled.get("model_node_sparsity").doubleValue(), step.nodeSparsity(), 1e-5);
            assertCloseToScale(
                    c.golden.edges(reference.format(), c.layout, "grad."), step.gradients().get(0).toFloats(), 1e-3, "edge gradients");
            assertCloseToScale(
                    c.golden.nodes(reference.format(), c.graph, "grad."), step.gradients().get(1).toFloats(), 1e-3, "node gradients");
            for (Multiplier which : Multiplier.values()) {
                assertClose(
                        c.golden.floats("grad." + reference.format().multiplier(which)),
                        step.gradients().get(2 + which.ordinal()).toFloats(),
                        1e-5,
                        "gradient of " + which);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"no_emb", "with_emb"})
    void deterministicMasksThresholdsAndEdgesMatch(String embeddings) throws Exception {
        try (Case c = new Case(embeddings);
                MaskParameters p = c.parameters()) {
            MaskValues soft = p.deterministic();
            assertClose(
                    c.golden.edges(reference.format(), MaskLayout.edges(c.graph), "det."), soft.edges(), 1e-5, "soft edge masks");
            assertClose(c.golden.nodes(reference.format(), c.graph, "det."), soft.nodes(), 1e-5, "soft node masks");
            JsonNode eval = c.golden.json().get("eval");
            assertEquals(eval.get("edge_sparsity_soft").doubleValue(), soft.edgeSparsity(), 1e-5);
            MaskValues.Thresholds thresholds = soft.referenceThresholds();
            assertEquals(eval.get("edge_threshold").doubleValue(), thresholds.edges(), 1e-6);
            assertEquals(eval.get("node_threshold").doubleValue(), thresholds.nodes(), 1e-6);
            MaskValues binary = soft.binary(thresholds);
            assertEquals(eval.get("edge_sparsity_at_threshold").doubleValue(), binary.edgeSparsity(), 1e-5);
            assertEquals(eval.get("effective_edge_sparsity").doubleValue(), binary.effectiveEdgeSparsity(), 1e-5);
            assertEquals(
                    c.golden.json().get("eval_soft").get("effective_edge_sparsity").doubleValue(),
                    soft.effectiveEdgeSparsity(),
                    1e-5);
            List<String> expected = new ArrayList<>();
            c.golden.json().get("edges").forEach(e -> expected.add(e.get(0).asText() + " -> " + e.get(1).asText()));
            assertEquals(expected, binary.circuit().edges().stream().map(Edge::toString).toList());

            assertClose(c.golden.floats("eval_soft.logits"), logits(c, soft), 1e-4, "logits at soft masks");
            assertClose(c.golden.floats("eval_binary.logits"), logits(c, binary), 1e-4, "logits at binary masks");
        }
    }

    private float[] logits(Case c, MaskValues masks) {
        MaskedPass pass = new MaskedPass(c.model, c.clean, c.baseline(), Masks.of(masks, Device.CPU), null, false);
        return c.model.logits(pass.finalResidual()).toFloats();
    }

    @ParameterizedTest
    @ValueSource(strings = {"no_emb clip1 1", "with_emb clip1 1", "no_emb noclip 0", "with_emb noclip 0", "no_emb clip0.25 0.25", "with_emb clip0.25 0.25"})
    void fiveOptimiserStepsMatch(String name) throws Exception {
        String[] words = name.split(" ");
        String run = "train." + words[1] + ".";
        double maxNorm = Double.parseDouble(words[2]);
        try (Case c = new Case(words[0]);
                MaskParameters p = c.parameters();
                AdamW optimizer = new AdamW(groups(p), AdamW.Settings.PYTORCH)) {
            Tensor full = Baseline.logits(c.model, c.clean, c.scored()).logSoftmax(-1);
            Baseline baseline = c.baseline();
            LearningRateSchedule schedule = new LearningRateSchedule(2, 20);
            for (int t = 0; t < 5; t++) {
                JsonNode expected = c.golden.json().get("train_" + words[1]).get(t);
                double edgeTarget = expected.get("target_edge").doubleValue();
                double nodeTarget = expected.get("target_node").doubleValue();
                Step step = step(c, p, baseline, full, "train.u" + t + ".", edgeTarget, nodeTarget);
                assertEquals(expected.get("kl_loss").doubleValue(), step.kl(), 1e-4, "KL at step " + t);
                double norm = org.edgeprune.prune.GradientClipping.clip(step.gradients(), maxNorm);
                assertEquals(expected.get("grad_norm").doubleValue(), norm, 1e-3, "gradient norm at step " + t);
                optimizer.step(step.gradients(), schedule.at(t));
                if (c.golden.has(run + "after" + (t + 1) + "." + reference.format().heads(0))) {
                    String after = run + "after" + (t + 1) + ".";
                    assertClose(c.golden.edges(reference.format(), c.layout, after), p.edges().toFloats(), 1e-4, after + " edges");
                    assertClose(c.golden.nodes(reference.format(), c.graph, after), p.nodes().toFloats(), 1e-4, after + " nodes");
                    for (Multiplier which : Multiplier.values()) {
                        assertClose(
                                c.golden.floats(after + reference.format().multiplier(which)),
                                p.multiplier(which).toFloats(),
                                1e-4,
                                after + which);
                    }
                }
            }
        }
    }

    private List<AdamW.Group> groups(MaskParameters p) {
        return List.of(
                new AdamW.Group(p.edges(), reference.edgeRate(), false),
                new AdamW.Group(p.nodes(), reference.nodeRate(), false),
                new AdamW.Group(p.multiplier(Multiplier.EDGES_1), 0.4, true),
                new AdamW.Group(p.multiplier(Multiplier.EDGES_2), 0.4, true),
                new AdamW.Group(p.multiplier(Multiplier.NODES_1), 0.3, true),
                new AdamW.Group(p.multiplier(Multiplier.NODES_2), 0.3, true));
    }
}
