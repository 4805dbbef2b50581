package org.edgeprune.recovery;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.edgeprune.graph.Ablation;
import org.edgeprune.graph.Circuit;
import org.edgeprune.task.tracr.TracrTask;
import org.edgeprune.tracr.CompiledModel;
import org.edgeprune.tracr.circuit.CircuitSearch;
import org.edgeprune.tracr.circuit.FunctionalCircuit;
import org.edgeprune.tracr.circuit.GroundTruth;
import org.edgeprune.tracr.circuit.ProgramExample;
import org.edgeprune.tracr.circuit.StructuralCircuit;
import org.edgeprune.tracr.circuit.TruthEdge;

/**
 * A circuit compared with the ground truth of a compiled model, and verified independently of it on every example and
 * every single edge.
 *
 * <p>The ground truth does not depend on the circuit, and the verification does not use the ground truth: it ablates
 * everything outside the circuit, then in addition each edge of the circuit, and ablates each edge by itself in the
 * whole model. It runs in double precision; outputs that differ by at most {@link GroundTruth#TOLERANCE} count as
 * equal.
 *
 * @param ablation what ablated edges carry
 * @param found the circuit's edges
 * @param truth the ground truth's edges
 * @param unique whether the ground truth is the only right answer
 * @param extra edges of the circuit that are not in the ground truth
 * @param missing edges of the ground truth that are not in the circuit
 * @param error the greatest change of an output, on any example, when everything outside the circuit is ablated
 * @param idle edges of the circuit that can each be ablated in addition without any change
 * @param dropped edges outside the circuit that change an output of the whole model when they alone are ablated
 * @param examples the number of examples
 */
public record CircuitCheck(
        Ablation ablation,
        List<TruthEdge> found,
        List<TruthEdge> truth,
        boolean unique,
        List<TruthEdge> extra,
        List<TruthEdge> missing,
        double error,
        List<TruthEdge> idle,
        List<TruthEdge> dropped,
        int examples) {
    /**
     * Checks a circuit on inputs of the model's maximal length.
     *
     * @param model the compiled model
     * @param circuit the circuit
     * @param ablation what ablated edges carry
     * @param limit about the most examples; under zero ablation one for each input, otherwise inputs with their
     *     corruptions
     * @return the result
     */
    public static CircuitCheck of(CompiledModel model, Circuit circuit, Ablation ablation, int limit) {
        List<TruthEdge> found = circuit.edges().stream()
                .map(e -> new TruthEdge(e.writer().name(), e.reader().name()))
                .toList();
        CircuitSearch search = GroundTruth.search(
                model,
                ablation,
                ProgramExample.ofLength(model.vocabulary(), model.vocabulary().maxLength(), limit, 0),
                TracrTask.FIRST_SCORED,
                GroundTruth.TOLERANCE);
        FunctionalCircuit truth = search.find();
        // According to the weights no other edge can change anything, so only these are ablated.
        List<TruthEdge> structural = StructuralCircuit.of(model).edges();
        Set<TruthEdge> outside = new LinkedHashSet<>(minus(structural, found));
        return new CircuitCheck(
                ablation,
                found,
                truth.edges(),
                truth.unique(),
                minus(found, truth.edges()),
                minus(truth.edges(), found),
                search.error(outside),
                minus(found, search.mattering(outside)),
                minus(search.mattering(Set.of()), found),
                truth.examples());
    }

    private static List<TruthEdge> minus(List<TruthEdge> all, List<TruthEdge> without) {
        List<TruthEdge> rest = new ArrayList<>(all);
        rest.removeAll(without);
        return List.copyOf(rest);
    }

    /**
     * The fraction of the circuit's edges that are in the ground truth.
     *
     * @return from 0 to 1; 1 for a circuit without edges
     */
    public double precision() {
        return share(found);
    }

    /**
     * The fraction of the ground truth's edges that are in the circuit.
     *
     * @return from 0 to 1; 1 for a ground truth without edges
     */
    public double recall() {
        return share(truth);
    }

    private double share(List<TruthEdge> of) {
        return of.isEmpty() ? 1 : (double) (found.size() - extra.size()) / of.size();
    }

    /**
     * Whether the circuit has the whole model's outputs on every example.
     *
     * @return whether {@link #error} is within the tolerance
     */
    public boolean faithful() {
        return error <= GroundTruth.TOLERANCE;
    }

    /**
     * Whether the circuit is the ground truth, and is verified to be faithful and without idle edges.
     *
     * @return whether nothing is wrong
     */
    public boolean perfect() {
        return extra.isEmpty() && missing.isEmpty() && faithful() && idle.isEmpty();
    }

    /**
     * The result for people.
     *
     * @return several lines, without a line break at the end
     */
    public String text() {
        StringBuilder text = new StringBuilder();
        text.append("%d edges found, %d in the ground truth under %s ablation%s%n"
                .formatted(
                        found.size(),
                        truth.size(),
                        ablation.name(),
                        unique ? "" : " (not unique: one of several answers)"));
        text.append("precision %.4f, recall %.4f%n".formatted(precision(), recall()));
        list(text, "extra", extra);
        list(text, "missing", missing);
        text.append("largest change of an output on %,d examples: %.2g (%s)%n"
                .formatted(examples, error, faithful() ? "faithful" : "not faithful"));
        list(text, "changes nothing when ablated from the circuit", idle);
        list(text, "not in the circuit, but matters when ablated from the whole model", dropped);
        return text.append(perfect() ? "perfect" : "not perfect").toString();
    }

    private static void list(StringBuilder text, String what, List<TruthEdge> edges) {
        text.append(what).append(": ");
        text.append(
                edges.isEmpty()
                        ? "none"
                        : edges.stream().map(TruthEdge::toString).collect(Collectors.joining(", ")));
        text.append('\n');
    }
}
