package org.edgeprune.attribute;

import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.edgeprune.engine.EdgeCuts;
import org.edgeprune.engine.FullRun;
import org.edgeprune.engine.Packing;
import org.edgeprune.engine.Workers;
import org.edgeprune.eval.PromptBatch;
import org.edgeprune.model.ModelSizes;
import org.edgeprune.model.TokenBatch;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.task.Example;
import org.edgeprune.torch.GradMode;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;

/**
 * Scores edges by cutting each alone (activation patching): {@code score = L(edge cut) - L(full model)}, the mean over
 * examples, with everything behind the edge computed anew. Nodes and neurons are scored in the same way: a node is cut
 * with all edges out of it, a neuron carries its activation in the ablation.
 *
 * @param setting what is attributed
 * @param levels what is scored beside edges; not positions
 */
public record ExactPatching(AttributionSetting setting, ScoreLevels levels) {
    /** About so many tokens go through the model together. */
    private static final int TOKENS = 4096;

    /**
     * Checks the levels.
     *
     * @throws IllegalArgumentException if edges are to be scored at each position
     */
    public ExactPatching {
        if (levels.positions()) {
            throw new IllegalArgumentException("exact patching cuts edges at all positions together");
        }
    }

    /**
     * Scores edges alone.
     *
     * @param setting what is attributed
     */
    public ExactPatching(AttributionSetting setting) {
        this(setting, ScoreLevels.EDGES);
    }

    /**
     * How many sums there are while it runs.
     *
     * @return the number of edges, nodes and neurons that are scored
     */
    public int sums() {
        return ExactWork.of(setting, levels).size();
    }

    /**
     * Scores every edge, and what else is asked for.
     *
     * @param examples prompt pairs
     * @param state where the sums are kept as they grow, and which part of the work is done already
     * @param progress told of each piece of each batch: the edges into a reader, the nodes of a block, the neurons of
     *     an MLP
     * @return the scores, in the unit of the objective
     * @throws IllegalArgumentException if the state is of other work
     * @throws org.edgeprune.io.InputException if an example lacks an answer that the objective needs, or a score is not
     *     finite
     */
    public LevelScores scores(List<Example> examples, ExactState state, AttributionSetting.Progress progress) {
        ExactWork work = ExactWork.of(setting, levels);
        if (state.sums().length != work.size()) {
            throw new IllegalArgumentException(state.sums().length + " sums for " + work.size() + " scores");
        }
        List<ExactWork.Piece> pieces = work.pieces();
        Workers workers = setting.workers();
        int together = setting.together(pieces.size());
        long[] before = {0};
        setting.forEachBatch(examples, progress, pieces.size(), (members, tick) -> {
            int done = Math.clamp(state.done() - before[0], 0, pieces.size());
            IntStream.range(0, done).forEach(_ -> tick.run());
            if (done < pieces.size()) {
                Map<TransformerModel, Uncut> uncut = new HashMap<>();
                setting.model().copies().forEach(model -> uncut.put(model, uncut(model, members, work.largest())));
                double whole = loss(uncut.get(setting.model()), members);
                int[] next = {done};
                for (int from = done; from < pieces.size(); from += together) {
                    int first = from;
                    workers.run(
                            setting.model(),
                            Math.min(together, pieces.size() - from),
                            (model, number) -> cut(pieces.get(first + number), uncut.get(model), whole),
                            Packing.DOUBLES,
                            rises -> {
                                state.add(pieces.get(next[0]++).first(), rises, members.size());
                                tick.run();
                            });
                }
            }
            before[0] += pieces.size();
        });
        return work.scores(state.mean(examples.size()));
    }

    /** A batch before anything is cut, on one copy of the model. */
    private record Uncut(TransformerModel model, PromptBatch batch, FullRun run, Copies copies) {}

    private Uncut uncut(TransformerModel model, List<Example> members, int most) {
        PromptBatch batch = PromptBatch.of(model, members, setting.scorer(), setting.ablation());
        FullRun run = FullRun.of(model, setting.graph(), batch.clean(), batch.baseline());
        return new Uncut(model, batch, run, Copies.of(batch, members, most));
    }

    /** The mean loss of the full model. */
    private double loss(Uncut uncut, List<Example> members) {
        Tensor residual =
                uncut.run().finalResidual().indexSelect(0, uncut.batch().scored());
        return losses(uncut.model(), residual, uncut.batch(), members, 1)[0];
    }

    /**
     * The prompts of a batch several times over.
     *
     * @param count how many times
     */
    private record Copies(PromptBatch batch, List<Example> members, TokenBatch.Copies tokens, int count) {
        static Copies of(PromptBatch batch, List<Example> members, int most) {
            int fitting = TOKENS / batch.clean().tokenCount();
            int count = Math.max(1, Math.min(most, fitting));
            TokenBatch.Copies tokens = batch.clean().copies(count);
            List<Example> all = Collections.nCopies(count, members).stream()
                    .flatMap(List::stream)
                    .toList();
            return new Copies(batch.repeated(tokens.batch(), all, count), all, tokens, count);
        }
    }

    /** What the copies of a batch of so many tokens take, about. */
    static long bytes(AttributionSetting setting, ScoreLevels levels, long tokens) {
        ModelSizes sizes = setting.model().sizes();
        long copied = Math.max(TOKENS, tokens);
        // The reader's block sees a stream for each head that changes, its query, key and value.
        long streams = 8 + 3L * sizes.graph().heads() / sizes.graph().kvHeads();
        // cut neurons: activations, and what the copies' MLP reads instead of them
        long inner = ((sizes.gatedMlp() ? 4L : 2L) + (levels.neurons() ? 2 : 0)) * sizes.inner();
        long logits = Math.ceilDiv(copied, Math.max(1, tokens)) * setting.batchSize() * sizes.vocabulary() * 6;
        return (copied * (streams * sizes.hidden() + inner) + logits)
                * setting.model().dtype().byteSize();
    }

    /** By how much the mean loss of a batch rises for each thing in a piece. */
    private double[] cut(ExactWork.Piece piece, Uncut uncut, double whole) {
        double[] rises = new double[piece.count()];
        Copies copies = uncut.copies();
        try (TensorScope _ = TensorScope.open()) {
            EdgeCuts cuts = EdgeCuts.of(
                    uncut.run(),
                    copies.batch().baseline(),
                    copies.tokens(),
                    copies.batch().scored());
            cut(piece, cuts, uncut, whole, rises);
        }
        return rises;
    }

    private void cut(ExactWork.Piece piece, EdgeCuts cuts, Uncut uncut, double whole, double[] rises) {
        Copies copies = uncut.copies();
        int count = rises.length;
        for (int from = 0; from < count; from += copies.count()) {
            int first = from;
            // the last copies may have nothing left to do: they cut the last one again
            int[] chosen = IntStream.range(0, copies.count())
                    .map(copy -> Math.min(first + copy, count - 1))
                    .toArray();
            try (TensorScope _ = TensorScope.open()) {
                Tensor residual = piece.cuts().finalResidual(cuts, chosen);
                double[] losses = losses(uncut.model(), residual, copies.batch(), copies.members(), copies.count());
                for (int i = from; i < Math.min(count, from + copies.count()); i++) {
                    rises[i] = losses[i - from] - whole;
                }
            }
        }
    }

    /** The mean loss of each copy. */
    private double[] losses(
            TransformerModel model, Tensor residual, PromptBatch batch, List<Example> members, int copies) {
        try (TensorScope _ = TensorScope.open();
                GradMode _ = GradMode.disabled()) {
            Tensor logits = batch.rows().of(model.logits(residual));
            Tensor each = setting.objective().each(logits, batch, members, setting.scorer());
            return Arrays.copyOf(
                    each.mul(batch.weights()).view(copies, -1).sum(1).toDoubles(), copies);
        }
    }
}
