package org.edgeprune.engine;

import static org.edgeprune.engine.Golden.assertClose;
import static org.edgeprune.engine.Golden.assertCloseToScale;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import org.edgeprune.fixture.Fixtures;
import org.edgeprune.graph.ComputationGraph;
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
import org.edgeprune.prune.GradientClipping;
import org.edgeprune.prune.LearningRateSchedule;
import org.edgeprune.torch.Autograd;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;

/** One golden fixture with the model that it is about, and the checks that every architecture shares. */
abstract class GoldenCase implements AutoCloseable {
    final Golden golden;
    final ReferenceFormat format;
    final HardConcrete hardConcrete;
    final TransformerModel model;
    final ComputationGraph graph;
    final MaskLayout layout;
    final TensorScope scope = TensorScope.open();
    final TokenBatch clean;
    final TokenBatch corrupted;

    /** Takes ownership of the model. */
    GoldenCase(TransformerModel model, String fixture, boolean embeddingNodes, ReferenceFormat format, double eps)
            throws Exception {
        this.golden = Golden.open(fixture);
        this.model = model;
        this.format = format;
        this.hardConcrete = new HardConcrete(eps);
        this.graph = new ComputationGraph(
                embeddingNodes ? model.graphShape() : model.graphShape().withoutEmbeddings());
        this.layout = MaskLayout.reference(graph);
        this.clean = golden.batch("input_ids");
        this.corrupted = golden.batch("corr_input_ids");
    }

    static TransformerModel open(String directory) {
        return Models.open(Fixtures.edgePruning().resolve(directory), Fixtures.device());
    }

    /** Scored tokens and what each counts in the loss. */
    record Scored(List<Integer> tokens, List<Double> weights) {}

    abstract Scored scored();

    /** Learning rates of edge and of node log_alphas in the recorded runs. */
    abstract double[] learningRates();

    /** The rows of logits that are compared as distributions. */
    UnaryOperator<Tensor> rows() {
        return logits -> logits;
    }

    /** Whether cut edges carry corrupted states. */
    boolean interchange() {
        return true;
    }

    MaskParameters parameters() {
        return format.read(
                layout,
                hardConcrete,
                name -> golden.floats((name.contains("lambda") ? "lambda." : "log_alpha.") + name),
                Fixtures.device());
    }

    Baseline baseline() {
        return interchange() ? Baseline.record(model, corrupted) : Baseline.ZERO;
    }

    float[] edges(String prefix) {
        return golden.edges(format, layout, prefix);
    }

    float[] nodes(String prefix) {
        return golden.nodes(format, graph, prefix);
    }

    float[] logits(Masks masks, Baseline baseline) {
        return model.logits(MaskedPass.forward(model, clean, baseline, masks, MaskedPass.Gradients.NONE)
                        .finalResidual())
                .toFloats();
    }

    float[] logits(MaskValues masks) {
        return logits(Masks.of(masks, Fixtures.device()), baseline());
    }

    private Tensor scoredTokens() {
        long[] tokens = scored().tokens().stream().mapToLong(Integer::longValue).toArray();
        return Tensor.of(tokens, tokens.length).to(model.device());
    }

    private Tensor weights() {
        double[] weights =
                scored().weights().stream().mapToDouble(Double::doubleValue).toArray();
        float[] values = new float[weights.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) weights[i];
        }
        return Tensor.of(values, values.length).to(model.device());
    }

    Tensor fullLogProbabilities() {
        return rows().apply(FullModel.logits(model, clean, scoredTokens())).logSoftmax(-1);
    }

    /** Losses of one step, and gradients of edges (flat), nodes and the four multipliers. */
    record Step(
            double kl,
            double edgeLoss,
            double nodeLoss,
            double edgeSparsity,
            double nodeSparsity,
            List<Tensor> gradients) {}

    Step step(MaskParameters p, Baseline baseline, Tensor full, String noise, double edgeTarget, double nodeTarget) {
        Masks masks = p.sample(edges(noise), nodes(noise));
        MaskedPass pass =
                MaskedPass.forward(model, clean, baseline, masks.detach(), scoredTokens(), MaskedPass.Gradients.KEPT);
        Tensor kl = KlDivergence.weighted(full, rows().apply(model.logits(pass.finalResidual())), weights());
        MaskGradients toMasks = pass.backward(Autograd.grad(kl, pass.finalResidual())[0]);
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
                Arrays.asList(toMasks.edges(), withoutReferenceBugs(toMasks.nodes()), null),
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

    /** Takes out of the KL gradients of node masks what the reference loses by a bug. */
    Tensor withoutReferenceBugs(Tensor nodeGradients) {
        return nodeGradients;
    }

    void checkSampledMasks() {
        try (MaskParameters p = parameters()) {
            Masks masks = p.sample(edges("u."), nodes("u."));
            assertClose(edges("z."), masks.edges().toFloats(), 1e-5, "sampled edge masks");
            assertClose(nodes("z."), masks.nodes().toFloats(), 1e-5, "sampled node masks");
        }
    }

    void checkLossesAndGradients() {
        try (MaskParameters p = parameters()) {
            JsonNode sampled = golden.json().get("sampled");
            Step step = step(p, baseline(), fullLogProbabilities(), "u.", 0.65, 0.35);
            assertEquals(sampled.get("kl_loss").doubleValue(), step.kl(), 1e-4 * (1 + step.kl()));
            assertEquals(sampled.get("edge_loss").doubleValue(), step.edgeLoss(), 1e-4);
            assertEquals(sampled.get("node_loss").doubleValue(), step.nodeLoss(), 1e-4);
            assertEquals(sampled.get("model_edge_sparsity").doubleValue(), step.edgeSparsity(), 1e-5);
            assertEquals(sampled.get("model_node_sparsity").doubleValue(), step.nodeSparsity(), 1e-5);
            assertCloseToScale(edges("grad."), step.gradients().get(0).toFloats(), 1e-3, "edge gradients");
            assertCloseToScale(nodes("grad."), step.gradients().get(1).toFloats(), 1e-3, "node gradients");
            for (Multiplier which : Multiplier.values()) {
                assertClose(
                        golden.floats("grad." + format.multiplier(which)),
                        step.gradients().get(2 + which.ordinal()).toFloats(),
                        1e-5,
                        "gradient of " + which);
            }
        }
    }

    void checkDeterministicMasks() {
        try (MaskParameters p = parameters()) {
            MaskValues soft = p.deterministic();
            assertClose(golden.edges(format, MaskLayout.edges(graph), "det."), soft.edges(), 1e-5, "soft edge masks");
            assertClose(nodes("det."), soft.nodes(), 1e-5, "soft node masks");
        }
    }

    /** Five recorded optimiser steps; {@code clip} is the maximal gradient norm, 0 for none. */
    void checkTraining(String name, double clip) {
        String run = "train." + name + ".";
        try (MaskParameters p = parameters();
                AdamW optimizer = new AdamW(groups(p), AdamW.Settings.PYTORCH)) {
            Tensor full = fullLogProbabilities();
            Baseline baseline = baseline();
            LearningRateSchedule schedule = new LearningRateSchedule(2, 20);
            for (int t = 0; t < 5; t++) {
                JsonNode expected = golden.json().get("train_" + name).get(t);
                double edgeTarget = expected.get("target_edge").doubleValue();
                double nodeTarget = expected.get("target_node").doubleValue();
                Step step = step(p, baseline, full, "train.u" + t + ".", edgeTarget, nodeTarget);
                assertEquals(
                        expected.get("kl_loss").doubleValue(), step.kl(), 1e-4 * (1 + step.kl()), "KL at step " + t);
                double norm = GradientClipping.clip(step.gradients(), clip);
                assertEquals(expected.get("grad_norm").doubleValue(), norm, 1e-3, "gradient norm at step " + t);
                optimizer.step(step.gradients(), schedule.at(t));
                String after = run + "after" + (t + 1) + ".";
                // Adam divides by the root of the squared gradient: where that is 1e-6, rounding becomes visible.
                double tolerance = t == 4 ? 5e-4 : 1e-4;
                if (golden.has(after + format.heads(0))) {
                    assertClose(edges(after), p.edges().toFloats(), tolerance, after + " edges");
                    assertClose(nodes(after), p.nodes().toFloats(), tolerance, after + " nodes");
                    for (Multiplier which : Multiplier.values()) {
                        assertClose(
                                golden.floats(after + format.multiplier(which)),
                                p.multiplier(which).toFloats(),
                                tolerance,
                                after + which);
                    }
                }
            }
        }
    }

    private List<AdamW.Group> groups(MaskParameters p) {
        return List.of(
                new AdamW.Group(p.edges(), learningRates()[0], false),
                new AdamW.Group(p.nodes(), learningRates()[1], false),
                new AdamW.Group(p.multiplier(Multiplier.EDGES_1), 0.4, true),
                new AdamW.Group(p.multiplier(Multiplier.EDGES_2), 0.4, true),
                new AdamW.Group(p.multiplier(Multiplier.NODES_1), 0.3, true),
                new AdamW.Group(p.multiplier(Multiplier.NODES_2), 0.3, true));
    }

    @Override
    public void close() {
        scope.close();
        golden.close();
        model.close();
    }
}
