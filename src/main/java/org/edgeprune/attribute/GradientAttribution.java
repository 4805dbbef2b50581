package org.edgeprune.attribute;

import java.util.List;
import org.edgeprune.engine.GradientPoint;
import org.edgeprune.engine.ReaderPass;
import org.edgeprune.eval.PromptBatch;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.task.Example;
import org.edgeprune.torch.Autograd;
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
        return scores(examples, ScoreLevels.EDGES, progress).edges();
    }

    /**
     * Scores every edge, and what else is asked for.
     *
     * @param examples prompt pairs; scores are the mean over them
     * @param levels what is scored beside edges
     * @param progress told of each point of each batch
     * @return the scores, in the unit of the objective
     * @throws org.edgeprune.io.InputException as {@link #scores(List, AttributionSetting.Progress)}, and if edges are
     *     to be scored at each position and the prompts differ in length
     */
    public LevelScores scores(List<Example> examples, ScoreLevels levels, AttributionSetting.Progress progress) {
        LevelSums.Layout layout = LevelSums.Layout.of(setting, levels, levels.positionCount(examples));
        ScoreSum sum = new ScoreSum(layout.size());
        setting.forEachPart(
                examples,
                progress,
                pointCount(),
                (model, batch, members, tick) -> scores(layout, model, batch, members, tick),
                (numbers, means) -> sum.add(means, numbers.length));
        return layout.split(sum.mean(), levels);
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
        LevelSums.Layout edges = LevelSums.Layout.of(setting, ScoreLevels.EDGES, 0);
        setting.forEachExample(
                examples,
                progress,
                pointCount(),
                (model, batch, members, tick) -> scores(edges, model, batch, members, tick),
                (numbers, its) -> scores[numbers[0]] = its);
        return new PromptScores(setting.graph(), scores);
    }

    private int pointCount() {
        return method.points(setting.graph().shape().layers()).size();
    }

    /** The mean over the members of a batch. */
    private float[] scores(
            LevelSums.Layout layout, TransformerModel model, PromptBatch batch, List<Example> members, Runnable tick) {
        List<GradientPoint> points = method.points(setting.graph().shape().layers());
        try (TensorScope _ = TensorScope.open()) {
            LevelSums sums = LevelSums.of(layout, model, batch);
            for (GradientPoint point : points) {
                try (TensorScope _ = TensorScope.open()) {
                    add(sums, point, model, batch, members);
                }
                tick.run();
            }
            // delta is clean - ablated, and a score is of ablated - clean
            return sums.times(-1.0 / points.size());
        }
    }

    private void add(
            LevelSums sums, GradientPoint point, TransformerModel model, PromptBatch batch, List<Example> members) {
        ReaderPass pass =
                sums.run().at(point, batch.scored(), !model.execution().recompute());
        Tensor toResidual;
        try (TensorScope loss = TensorScope.open()) {
            Tensor logits = batch.rows().of(model.logits(pass.finalResidual()));
            Tensor value = setting.objective().loss(logits, batch, members, setting.scorer());
            toResidual = loss.keep(Autograd.grad(value, pass.finalResidual())[0]);
        }
        pass.backward(toResidual, sums);
    }
}
