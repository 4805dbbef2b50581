package org.edgeprune.prune;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.edgeprune.eval.Evaluator;
import org.edgeprune.graph.Circuit;
import org.edgeprune.graph.Edge;
import org.edgeprune.graph.Reader;
import org.edgeprune.mask.MaskValues;
import org.edgeprune.task.Example;

/**
 * Cuts the edges that a found circuit does not need. This is a greedy search after edge pruning and not a part of it:
 * masks are trained by gradients, and an edge that changes nothing has no gradient, so a few such edges may be left by
 * a run.
 *
 * <p>Edges are tried from the output back, many at once where that works; then groups of edges that matter only
 * together: all that enter a reader, all that enter a head's query and key, and all that leave a writer. This is
 * repeated until nothing more can be cut. A cut is kept if the circuit's mean KL on the examples stays within the
 * tolerance of what it was before the first cut.
 *
 * @param evaluator runs circuits; its task must have the metric {@code kl}
 * @param examples the examples that KL is measured on
 * @param tolerance how much the mean KL may rise in all, nats
 */
public record Minimizer(Evaluator evaluator, List<Example> examples, double tolerance) {
    /**
     * A minimized circuit.
     *
     * @param circuit the edges that are left
     * @param klBefore mean KL of the circuit before the first cut, nats
     * @param klAfter mean KL of what is left, nats
     */
    public record Result(Circuit circuit, double klBefore, double klAfter) {}

    /**
     * Minimizes a circuit. This takes many evaluations: several for every edge that stays.
     *
     * @param start the circuit to cut edges of
     * @return what is left, a subset of {@code start}
     */
    public Result minimize(Circuit start) {
        double before = kl(start, Double.POSITIVE_INFINITY);
        double limit = before + tolerance;
        Circuit kept = start;
        for (int size = -1; size != kept.size(); ) {
            size = kept.size();
            kept = spared(kept, kept.edges().reversed(), limit);
            for (Set<Edge> group : groups(kept.edges().reversed())) {
                Circuit fewer = kept.filter(edge -> !group.contains(edge));
                if (fewer.size() < kept.size() && kl(fewer, limit) <= limit) {
                    kept = fewer;
                }
            }
        }
        return new Result(kept, before, kl(kept, Double.POSITIVE_INFINITY));
    }

    /** Cuts all of these edges if KL allows it; otherwise tries each half separately. */
    private Circuit spared(Circuit kept, List<Edge> edges, double limit) {
        if (edges.isEmpty()) {
            return kept;
        }
        Set<Edge> all = Set.copyOf(edges);
        Circuit fewer = kept.filter(edge -> !all.contains(edge));
        if (kl(fewer, limit) <= limit) {
            return fewer;
        }
        if (edges.size() == 1) {
            return kept;
        }
        int middle = edges.size() / 2;
        return spared(spared(kept, edges.subList(0, middle), limit), edges.subList(middle, edges.size()), limit);
    }

    private static Set<Set<Edge>> groups(List<Edge> kept) {
        Set<Set<Edge>> groups = new LinkedHashSet<>();
        for (Edge edge : kept) {
            groups.add(group(kept, other -> other.reader().equals(edge.reader())));
            if (isPattern(edge.reader())) {
                groups.add(group(
                        kept, other -> isPattern(other.reader()) && head(other).equals(head(edge))));
            }
            groups.add(group(kept, other -> other.writer().equals(edge.writer())));
        }
        return groups;
    }

    private static Set<Edge> group(List<Edge> kept, Predicate<Edge> members) {
        return new LinkedHashSet<>(kept.stream().filter(members).toList());
    }

    private static boolean isPattern(Reader reader) {
        return reader.kind() == Reader.Kind.QUERY || reader.kind() == Reader.Kind.KEY;
    }

    private static List<Integer> head(Edge edge) {
        return List.of(edge.reader().layer(), edge.reader().head());
    }

    /** Mean KL, or infinity as soon as it must exceed {@code limit}, since KL is never negative except for rounding. */
    private double kl(Circuit circuit, double limit) {
        MaskValues masks = MaskValues.of(circuit);
        double sum = 0;
        for (int from = 0; from < examples.size(); from += evaluator.batchSize()) {
            List<Example> batch = examples.subList(from, Math.min(examples.size(), from + evaluator.batchSize()));
            sum += evaluator.evaluate(batch, masks).metrics().get("kl") * batch.size();
            if (sum / examples.size() > limit) {
                return Double.POSITIVE_INFINITY;
            }
        }
        return sum / examples.size();
    }
}
