package org.edgeprune.attribute;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.edgeprune.engine.EdgeCuts;
import org.edgeprune.engine.FullRun;
import org.edgeprune.engine.Workers;
import org.edgeprune.eval.PromptBatch;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.graph.Reader;
import org.edgeprune.model.ModelSizes;
import org.edgeprune.model.TokenBatch;
import org.edgeprune.task.Example;
import org.edgeprune.torch.GradMode;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;

/**
 * Scores edges by cutting each alone (activation patching): {@code score = L(edge cut) - L(full model)}, the mean over
 * examples, with everything behind the edge computed anew.
 *
 * @param setting what is attributed
 */
public record ExactPatching(AttributionSetting setting) {
    /** About so many tokens go through the model together. */
    private static final int TOKENS = 4096;

    /**
     * Scores every edge.
     *
     * @param examples prompt pairs
     * @param state where the sums are kept as they grow, and which part of the work is done already
     * @param progress told of each reader of each batch
     * @return the scores, in the unit of the objective
     * @throws org.edgeprune.io.InputException if an example lacks an answer that the objective needs, or a score is not
     *     finite
     */
    public EdgeScores scores(List<Example> examples, ExactState state, AttributionSetting.Progress progress) {
        ComputationGraph graph = setting.graph();
        List<Reader> readers = graph.readers();
        Workers workers = Workers.of(setting.model().execution());
        long[] before = {0};
        setting.forEachBatch(examples, progress, readers.size(), (batch, members, tick) -> {
            int done = Math.clamp(state.done() - before[0], 0, readers.size());
            IntStream.range(0, done).forEach(_ -> tick.run());
            if (done < readers.size()) {
                FullRun run = FullRun.of(setting.model(), graph, batch.clean(), batch.baseline());
                double whole = losses(run.finalResidual().indexSelect(0, batch.scored()), batch, members, 1)[0];
                Copies copies = Copies.of(batch, members, graph);
                int[] next = {done};
                workers.run(
                        readers.size() - done, number -> cut(readers.get(done + number), run, copies, whole), rises -> {
                            state.add(readers.get(next[0]++), rises, members.size());
                            tick.run();
                        });
            }
            before[0] += readers.size();
        });
        return state.mean(examples.size());
    }

    /**
     * The prompts of a batch several times over.
     *
     * @param count how many times
     */
    private record Copies(PromptBatch batch, List<Example> members, TokenBatch.Copies tokens, int count) {
        static Copies of(PromptBatch batch, List<Example> members, ComputationGraph graph) {
            int fitting = TOKENS / batch.clean().tokenCount();
            int count = Math.max(1, Math.min(graph.nodeCount(), fitting));
            TokenBatch.Copies tokens = batch.clean().copies(count);
            List<Example> all = Collections.nCopies(count, members).stream()
                    .flatMap(List::stream)
                    .toList();
            return new Copies(batch.repeated(tokens.batch(), all, count), all, tokens, count);
        }
    }

    /** What the copies of a batch of so many tokens take, about. */
    static long bytes(AttributionSetting setting, long tokens) {
        ModelSizes sizes = setting.model().sizes();
        long copied = Math.max(TOKENS, tokens);
        // The reader's block sees a stream for each head that changes, its query, key and value.
        long streams = 8 + 3L * sizes.graph().heads() / sizes.graph().kvHeads();
        long inner = (sizes.gatedMlp() ? 4L : 2L) * sizes.inner();
        long logits = Math.ceilDiv(copied, Math.max(1, tokens)) * setting.batchSize() * sizes.vocabulary() * 6;
        return (copied * (streams * sizes.hidden() + inner) + logits)
                * setting.model().dtype().byteSize();
    }

    /** By how much the mean loss of a batch rises for each edge into a reader. */
    private double[] cut(Reader reader, FullRun run, Copies copies, double whole) {
        int writers = setting.graph().groupOf(reader).visibleWriters();
        double[] rises = new double[writers];
        try (TensorScope _ = TensorScope.open()) {
            EdgeCuts cuts = EdgeCuts.of(
                    run,
                    copies.batch().baseline(),
                    copies.tokens(),
                    copies.batch().scored());
            cut(reader, cuts, copies, whole, rises);
        }
        return rises;
    }

    private void cut(Reader reader, EdgeCuts cuts, Copies copies, double whole, double[] rises) {
        int writers = rises.length;
        for (int from = 0; from < writers; from += copies.count()) {
            int first = from;
            // the last copies may have nothing left to do: they cut the last edge again
            int[] chosen = IntStream.range(0, copies.count())
                    .map(copy -> Math.min(first + copy, writers - 1))
                    .toArray();
            try (TensorScope _ = TensorScope.open()) {
                Tensor residual = cuts.finalResidual(reader, chosen);
                double[] losses = losses(residual, copies.batch(), copies.members(), copies.count());
                for (int w = from; w < Math.min(writers, from + copies.count()); w++) {
                    rises[w] = losses[w - from] - whole;
                }
            }
        }
    }

    /** The mean loss of each copy. */
    private double[] losses(Tensor residual, PromptBatch batch, List<Example> members, int copies) {
        try (TensorScope _ = TensorScope.open();
                GradMode _ = GradMode.disabled()) {
            Tensor logits = batch.rows().of(setting.model().logits(residual));
            Tensor each = setting.objective().each(logits, batch, members, setting.scorer());
            return Arrays.copyOf(
                    each.mul(batch.weights()).view(copies, -1).sum(1).toDoubles(), copies);
        }
    }
}
