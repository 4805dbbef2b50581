package org.edgeprune.attribute;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.edgeprune.engine.Baseline;
import org.edgeprune.engine.EdgeProducts;
import org.edgeprune.engine.FullRun;
import org.edgeprune.engine.ReaderPass;
import org.edgeprune.eval.PromptBatch;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.graph.ReaderGroup;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.torch.DType;
import org.edgeprune.torch.Tensor;

/**
 * Products of gradients with deltas, added up over the points of a batch: of edges, MLP neurons, and edges at each
 * position, in one row of numbers.
 */
final class LevelSums implements ReaderPass.Sink {
    private final Layout layout;
    private final FullRun run;
    private final Baseline baseline;
    private final Tensor sums;
    private final List<At> positions;

    /**
     * Where the numbers of each level are.
     *
     * @param graph whose edges come first
     * @param layers of the model
     * @param inner neurons of each MLP; 0 where they are not scored
     * @param positions of each prompt, for which edges are scored once more; 0 where they are not
     */
    record Layout(ComputationGraph graph, int layers, int inner, int positions) {
        static Layout of(AttributionSetting setting, ScoreLevels levels, int length) {
            return new Layout(
                    setting.graph(),
                    setting.graph().shape().layers(),
                    levels.neurons() ? Math.toIntExact(setting.model().sizes().inner()) : 0,
                    levels.positions() ? length : 0);
        }

        int size() {
            return Math.toIntExact(graph.edgeCount() * (1L + positions) + (long) layers * inner);
        }

        private int firstNeuron(int layer) {
            return graph.edgeCount() * (1 + positions) + layer * inner;
        }

        private int firstEdge(int position) {
            return graph.edgeCount() * (1 + position);
        }

        /** The levels of one row of numbers. */
        LevelScores split(float[] row, ScoreLevels levels) {
            EdgeScores edges = EdgeScores.of(graph, Arrays.copyOf(row, graph.edgeCount()));
            return new LevelScores(
                    edges,
                    levels.nodes() ? Optional.of(edges.byWriter()) : Optional.empty(),
                    levels.neurons()
                            ? Optional.of(IntStream.range(0, layers)
                                    .mapToObj(l -> Arrays.copyOfRange(row, firstNeuron(l), firstNeuron(l) + inner))
                                    .toArray(float[][]::new))
                            : Optional.empty(),
                    IntStream.range(0, positions)
                            .mapToObj(p -> EdgeScores.of(
                                    graph, Arrays.copyOfRange(row, firstEdge(p), firstEdge(p) + graph.edgeCount())))
                            .toList());
        }
    }

    /**
     * The tokens at one position.
     *
     * @param tokens their numbers, i64
     * @param deltas of every writer there, {@code [writers, prompts, hidden]}
     */
    private record At(int position, Tensor tokens, Tensor deltas) {}

    private LevelSums(Layout layout, FullRun run, Baseline baseline, Tensor sums, List<At> positions) {
        this.layout = layout;
        this.run = run;
        this.baseline = baseline;
        this.sums = sums;
        this.positions = positions;
    }

    /** Zeros on the model's device, in the current scope. */
    static LevelSums of(Layout layout, TransformerModel model, PromptBatch batch) {
        FullRun run = FullRun.of(model, layout.graph(), batch.clean(), batch.baseline(), layout.inner() > 0);
        Tensor sums = Tensor.zeros(DType.F32, model.device(), layout.size());
        List<At> at = new ArrayList<>();
        long[] positions = layout.positions() > 0 ? batch.clean().positions().toLongs() : new long[0];
        for (int position = 0; position < layout.positions(); position++) {
            int wanted = position;
            long[] tokens = IntStream.range(0, positions.length)
                    .filter(t -> positions[t] == wanted)
                    .asLongStream()
                    .toArray();
            if (tokens.length > 0) { // else clean and ablated prompts agree there
                Tensor numbers = Tensor.of(tokens, tokens.length).to(model.device());
                at.add(new At(
                        position, numbers, run.deltas().indexSelect(1, numbers).contiguous()));
            }
        }
        return new LevelSums(layout, run, batch.baseline(), sums, at);
    }

    FullRun run() {
        return run;
    }

    /** The sums times a factor. */
    float[] times(double factor) {
        return sums.mul(factor).toFloats();
    }

    @Override
    public void accept(ReaderGroup first, Tensor gradients) {
        if (first.visibleWriters() == 0) {
            return;
        }
        add(first.firstEdge(), EdgeProducts.of(gradients, run.deltas(), first.visibleWriters()));
        for (At at : positions) {
            Tensor there = gradients.indexSelect(1, at.tokens()).contiguous();
            add(
                    layout.firstEdge(at.position()) + first.firstEdge(),
                    EdgeProducts.of(there, at.deltas(), first.visibleWriters()));
        }
    }

    @Override
    public void acceptNeurons(int layer, Tensor gradients) {
        Tensor products = run.neuronDeltas(layer, baseline)
                .mul(gradients)
                .to(DType.F32)
                .sum(0)
                .to(sums.device());
        add(layout.firstNeuron(layer), products);
    }

    private void add(int first, Tensor products) {
        sums.narrow(0, first, products.elementCount()).add_(products.view(-1));
    }
}
