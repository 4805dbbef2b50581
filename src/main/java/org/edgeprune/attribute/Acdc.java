package org.edgeprune.attribute;

import java.util.BitSet;
import java.util.List;
import java.util.stream.IntStream;
import org.edgeprune.graph.Circuit;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.graph.Reader;
import org.edgeprune.graph.Writer;
import org.edgeprune.io.InputException;
import org.edgeprune.task.Example;

/**
 * Automatic circuit discovery (ACDC, Conmy et al., NeurIPS 2023): from the output back, reader by reader, every edge is
 * cut for good if the loss of the circuit then rises by less than a threshold.
 *
 * <p>What is found depends on the order in which a reader's edges are tried. Edges into readers that no kept edge leads
 * on from are cut without a run: they change nothing.
 *
 * @param setting what is attributed; ACDC's published objective is {@link Objective#KL}
 * @param order in which a reader's edges are tried
 */
public record Acdc(AttributionSetting setting, Order order) {
    /** Thresholds that are tried for a number of edges. */
    private static final int TRIES = 14;

    /** How near to the number of edges is near enough. */
    private static final double NEAR = 0.02;

    /** Smallest threshold that is tried, as a share of what cutting everything costs. */
    private static final double SMALLEST = 1e-6;

    /** The order of the edges into one reader. */
    public enum Order {
        /** From the last writer to the first, as the published code has it. */
        PUBLISHED,
        /** From the first writer to the last. */
        REVERSED
    }

    /**
     * What a search found.
     *
     * @param circuit the edges that were kept
     * @param threshold by how much the loss had to rise for an edge to be kept
     * @param loss of the circuit
     * @param rises by how much the loss rose when each edge was tried, by edge number; 0 for those that were not tried
     * @param evaluations losses of circuits that were asked for
     */
    public record Result(Circuit circuit, double threshold, double loss, EdgeScores rises, int evaluations) {}

    /**
     * Searches with a threshold.
     *
     * @param examples prompt pairs
     * @param threshold in the unit of the objective
     * @param cacheBytes memory for the full model's runs, which are then made once
     * @param progress told of each edge
     * @return the circuit
     * @throws InputException if an example lacks an answer that the objective needs
     */
    public Result search(
            List<Example> examples, double threshold, long cacheBytes, AttributionSetting.Progress progress) {
        return search(examples, threshold, cacheBytes, LossJournal.empty(), progress);
    }

    /**
     * Searches with a threshold, or continues such a search.
     *
     * @param examples prompt pairs
     * @param threshold in the unit of the objective
     * @param cacheBytes memory for the full model's runs, which are then made once
     * @param journal the losses that the same search computed before it was cut off
     * @param progress told of each edge
     * @return the circuit
     * @throws InputException if an example lacks an answer that the objective needs
     */
    public Result search(
            List<Example> examples,
            double threshold,
            long cacheBytes,
            LossJournal journal,
            AttributionSetting.Progress progress) {
        try (CircuitLoss losses = new CircuitLoss(setting, examples, cacheBytes, journal)) {
            return search(losses, threshold, progress);
        }
    }

    /**
     * Searches for a circuit of about so many edges: a search each for up to 14 thresholds, halving the interval in
     * their logarithm until the size is within 2%.
     *
     * @param examples prompt pairs
     * @param edges how many edges are wanted
     * @param cacheBytes memory for the full model's runs
     * @param journal the losses that the same search computed before it was cut off
     * @param progress told of each edge of each search, which begins anew at 1
     * @return the circuit of the size that came nearest
     * @throws InputException if an example lacks an answer that the objective needs
     */
    public Result searchForSize(
            List<Example> examples,
            int edges,
            long cacheBytes,
            LossJournal journal,
            AttributionSetting.Progress progress) {
        try (CircuitLoss losses = new CircuitLoss(setting, examples, cacheBytes, journal)) {
            double high = Math.log(cost(losses));
            double low = high + Math.log(SMALLEST);
            Result best = null;
            for (int i = 0; i < TRIES; i++) {
                double middle = (low + high) / 2;
                Result found = search(losses, Math.exp(middle), progress);
                if (best == null || distance(found, edges) < distance(best, edges)) {
                    best = found;
                }
                if (distance(found, edges) <= NEAR * edges) {
                    break;
                }
                if (found.circuit().size() > edges) {
                    low = middle;
                } else {
                    high = middle;
                }
            }
            return best;
        }
    }

    /**
     * Ranks edges by searches with several thresholds: an edge stands the higher the larger the threshold at which it
     * is still kept, and among those of one threshold by how much the loss rose without it.
     *
     * @param examples prompt pairs
     * @param thresholds as shares of by how much the loss rises when every edge is cut
     * @param cacheBytes memory for the full model's runs
     * @param progress told of each edge of each search, which begins anew at 1
     * @return scores without a unit, which rank edges by sign: from k to k + 1 where the k-th smallest threshold is the
     *     largest at which the edge is kept, below 1 where it is kept at none
     * @throws InputException if an example lacks an answer that the objective needs
     */
    public EdgeScores ranked(
            List<Example> examples, List<Double> thresholds, long cacheBytes, AttributionSetting.Progress progress) {
        try (CircuitLoss losses = new CircuitLoss(setting, examples, cacheBytes, LossJournal.empty())) {
            double cost = cost(losses);
            float[] scores = new float[setting.graph().edgeCount()];
            int kept = 0;
            for (double share : thresholds.stream().sorted().toList()) {
                kept++;
                Result found = search(losses, share * cost, progress);
                for (int edge = 0; edge < scores.length; edge++) {
                    double rise = found.rises().at(edge) / cost;
                    if (found.circuit().contains(edge)) {
                        scores[edge] = (float) (kept + rise / (1 + rise)); // a kept edge's rise is above 0
                    } else if (kept == 1) {
                        scores[edge] = (float) (rise / (1 + Math.abs(rise)));
                    }
                }
            }
            return EdgeScores.of(setting.graph(), scores);
        }
    }

    /** By how much the loss rises when every edge is cut, above 0. */
    private double cost(CircuitLoss losses) {
        ComputationGraph graph = setting.graph();
        double cost = losses.of(Circuit.of(graph, new BitSet())) - losses.of(Circuit.full(graph));
        return Math.max(Math.abs(cost), Float.MIN_NORMAL);
    }

    private static int distance(Result result, int edges) {
        return Math.abs(result.circuit().size() - edges);
    }

    private Result search(CircuitLoss losses, double threshold, AttributionSetting.Progress progress) {
        ComputationGraph graph = setting.graph();
        BitSet kept = Circuit.full(graph).edgeSet();
        BitSet read = new BitSet(graph.nodeCount());
        float[] rises = new float[graph.edgeCount()];
        double loss = losses.of(Circuit.full(graph));
        int evaluations = 1;
        long done = 0;
        for (Reader reader : graph.readers().reversed()) {
            boolean live = isLive(reader, read);
            for (Writer writer : tried(reader)) {
                int edge = graph.edgeIndex(writer, reader);
                kept.clear(edge);
                if (live) {
                    double without = losses.of(Circuit.of(graph, kept));
                    evaluations++;
                    rises[edge] = (float) (without - loss);
                    if (without - loss < threshold) {
                        loss = without;
                    } else {
                        kept.set(edge);
                        read.set(writer.index());
                    }
                }
                progress.at(++done, graph.edgeCount());
            }
        }
        return new Result(Circuit.of(graph, kept), threshold, loss, EdgeScores.of(graph, rises), evaluations);
    }

    /** Whether an edge that is kept leads on from what the reader feeds. */
    private boolean isLive(Reader reader, BitSet read) {
        if (reader.kind() == Reader.Kind.RESID_POST) {
            return true;
        }
        ComputationGraph graph = setting.graph();
        boolean ofHead = reader.kind() != Reader.Kind.MLP;
        if (ofHead && setting.model().coupledHeads()) {
            int first = graph.firstWriter(reader.layer());
            return IntStream.range(first, first + graph.shape().heads()).anyMatch(read::get);
        }
        return graph.fedBy(reader).stream().anyMatch(writer -> read.get(writer.index()));
    }

    private List<Writer> tried(Reader reader) {
        ComputationGraph graph = setting.graph();
        List<Writer> writers = graph.writers().subList(0, graph.groupOf(reader).visibleWriters());
        return order == Order.PUBLISHED ? writers.reversed() : writers;
    }
}
