package org.edgeprune.attribute;

import java.util.List;
import org.edgeprune.engine.EdgeProducts;
import org.edgeprune.engine.FullRun;
import org.edgeprune.engine.GradientPoint;
import org.edgeprune.engine.ReaderPass;
import org.edgeprune.eval.PromptBatch;
import org.edgeprune.graph.ReaderGroup;
import org.edgeprune.task.Example;
import org.edgeprune.torch.Autograd;
import org.edgeprune.torch.DType;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;

/**
 * Scores edges by a {@link GradientMethod}.
 *
 * <p>What writers add is recorded once a batch. At each point the model is run from the embeddings and differentiated
 * down to what each reader sees, and one product a block of gradients with deltas scores all its edges.
 *
 * @param setting what is attributed
 * @param method at which points gradients are taken
 */
public record GradientAttribution(AttributionSetting setting, GradientMethod method) {
    /**
     * Scores every edge.
     *
     * @param examples prompt pairs; scores are the mean over them
     * @param progress told of each point of each batch
     * @return the scores, in the unit of the objective
     * @throws org.edgeprune.io.InputException if an example lacks an answer that the objective needs, or a score is not
     *     finite
     */
    public EdgeScores scores(List<Example> examples, AttributionSetting.Progress progress) {
        ScoreSum sum = new ScoreSum(setting.graph());
        setting.forEachPart(
                examples, progress, pointCount(), this::scores, (numbers, means) -> sum.add(means, numbers.length));
        return sum.mean();
    }

    /**
     * Scores every edge on each example alone. Examples are run one by one.
     *
     * @param examples prompt pairs
     * @param progress told of each point of each example
     * @return each example's scores, in the order of the examples
     * @throws org.edgeprune.io.InputException as {@link #scores}
     */
    public PromptScores scoresByPrompt(List<Example> examples, AttributionSetting.Progress progress) {
        float[][] scores = new float[examples.size()][];
        setting.forEachExample(
                examples, progress, pointCount(), this::scores, (numbers, its) -> scores[numbers[0]] = its);
        return new PromptScores(setting.graph(), scores);
    }

    private int pointCount() {
        return method.points(setting.graph().shape().layers()).size();
    }

    /** The mean over the members of a batch. */
    private float[] scores(PromptBatch batch, List<Example> members, Runnable tick) {
        List<GradientPoint> points = method.points(setting.graph().shape().layers());
        try (TensorScope _ = TensorScope.open()) {
            FullRun run = FullRun.of(setting.model(), setting.graph(), batch.clean(), batch.baseline());
            Tensor scores = Tensor.zeros(
                    DType.F32, setting.model().device(), setting.graph().edgeCount());
            for (GradientPoint point : points) {
                try (TensorScope _ = TensorScope.open()) {
                    add(run, point, batch, members, scores);
                }
                tick.run();
            }
            // delta is clean - ablated, and a score is of ablated - clean
            return scores.mul(-1.0 / points.size()).toFloats();
        }
    }

    private void add(FullRun run, GradientPoint point, PromptBatch batch, List<Example> members, Tensor scores) {
        ReaderPass pass =
                run.at(point, batch.scored(), !setting.model().execution().recompute());
        Tensor toResidual;
        try (TensorScope loss = TensorScope.open()) {
            Tensor logits = batch.rows().of(setting.model().logits(pass.finalResidual()));
            Tensor value = setting.objective().loss(logits, batch, members, setting.scorer());
            toResidual = loss.keep(Autograd.grad(value, pass.finalResidual())[0]);
        }
        pass.backward(toResidual, (first, gradients) -> addProducts(first, gradients, run.deltas(), scores));
    }

    private static void addProducts(ReaderGroup first, Tensor gradients, Tensor deltas, Tensor scores) {
        if (first.visibleWriters() == 0) {
            return;
        }
        Tensor products = EdgeProducts.of(gradients, deltas, first.visibleWriters());
        scores.narrow(0, first.firstEdge(), products.elementCount()).add_(products.view(-1));
    }
}
