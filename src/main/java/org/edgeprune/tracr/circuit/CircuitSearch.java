package org.edgeprune.tracr.circuit;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.edgeprune.graph.Ablation;
import org.edgeprune.tracr.CompiledModel;
import org.edgeprune.tracr.EdgeAblation;
import org.edgeprune.tracr.ReferenceForward;
import org.edgeprune.tracr.Wiring;

/** Finds which edges matter by ablating them on every example. */
public final class CircuitSearch {
    private final ReferenceForward forward;
    private final Wiring wiring;
    private final Ablation ablation;
    private final List<ProgramExample> examples;
    private final int firstScored;
    private final double tolerance;
    private final List<TruthEdge> candidates;

    /**
     * Prepares the search. Only edges of the {@link StructuralCircuit} are candidates.
     *
     * @param model the model
     * @param ablation what ablated edges carry
     * @param examples the examples to check; interchange ablation reads their corrupted inputs
     * @param firstScored the first position whose output is compared: 1 leaves BOS out
     * @param tolerance outputs that differ by no more count as equal
     */
    public CircuitSearch(
            CompiledModel model, Ablation ablation, List<ProgramExample> examples, int firstScored, double tolerance) {
        this.forward = model.forward();
        this.wiring = forward.wiring();
        this.ablation = ablation;
        this.examples = new ArrayList<>(examples);
        Collections.shuffle(this.examples, new Random(0)); // the first of all inputs in order are much alike
        this.firstScored = firstScored;
        this.tolerance = tolerance;
        this.candidates = StructuralCircuit.of(model).edges();
    }

    /**
     * Ablates each edge by itself, then all edges that changed nothing at once. From there it looks for edges that can
     * be ablated in addition: one by one and, since some edges matter only beside each other, in groups. The search is
     * exhaustive over examples, not over subsets of edges: the groups are any two edges, the edges into a reader, the
     * edges into a head's query and key, and the edges out of a writer.
     *
     * @return a circuit from which no further edge or group can be removed
     */
    public FunctionalCircuit find() {
        List<TruthEdge> necessary = mattering(Set.of());
        Set<TruthEdge> cut = new LinkedHashSet<>(candidates);
        necessary.forEach(cut::remove);
        if (!unchanged(cut)) {
            cut = new LinkedHashSet<>();
        }
        // An edge that matters now may cease to when others go, and the other way round: until nothing changes.
        for (int before = -1; before < cut.size(); ) {
            before = cut.size();
            for (Set<TruthEdge> group : groups(without(cut).reversed())) {
                cutIfUnchanged(cut, group);
            }
        }
        List<TruthEdge> kept = without(cut);
        return new FunctionalCircuit(ablation, necessary, kept, kept.equals(necessary), error(cut), examples.size());
    }

    private void cutIfUnchanged(Set<TruthEdge> cut, Set<TruthEdge> group) {
        Set<TruthEdge> more = new LinkedHashSet<>(cut);
        if (more.addAll(group) && unchanged(more)) {
            cut.addAll(group);
        }
    }

    /**
     * The groups to try: single edges, then several together. From the output backwards, so that an edge is tried after
     * the edges that it feeds.
     */
    private Set<Set<TruthEdge>> groups(List<TruthEdge> kept) {
        Set<Set<TruthEdge>> groups = new LinkedHashSet<>();
        kept.forEach(edge -> groups.add(Set.of(edge)));
        for (TruthEdge edge : kept) {
            groups.add(group(other -> other.reader().equals(edge.reader())));
            String head = edge.reader().replaceFirst("[.][qk]$", "");
            groups.add(group(other ->
                    other.reader().equals(head + ".q") || other.reader().equals(head + ".k")));
            groups.add(group(other -> other.writer().equals(edge.writer())));
        }
        for (TruthEdge first : kept) {
            kept.subList(kept.indexOf(first) + 1, kept.size()).forEach(second -> groups.add(Set.of(first, second)));
        }
        return groups;
    }

    private Set<TruthEdge> group(Predicate<TruthEdge> members) {
        return candidates.stream().filter(members).collect(Collectors.toCollection(LinkedHashSet::new));
    }

    private List<TruthEdge> without(Set<TruthEdge> cut) {
        return candidates.stream().filter(edge -> !cut.contains(edge)).toList();
    }

    /**
     * The edges that change the output on some example when they are ablated in addition to others.
     *
     * @param cut the edges that are ablated already
     * @return those of the remaining edges that change an output by more than the tolerance, in the model's order
     */
    public List<TruthEdge> mattering(Set<TruthEdge> cut) {
        Set<TruthEdge> open = new LinkedHashSet<>(candidates);
        open.removeAll(cut);
        Set<TruthEdge> found = new LinkedHashSet<>();
        boolean[][] mask = mask(cut);
        for (ProgramExample example : examples) {
            Clean clean = new Clean(example);
            for (Iterator<TruthEdge> it = open.iterator(); it.hasNext(); ) {
                TruthEdge edge = it.next();
                set(mask, edge, true);
                if (clean.difference(mask) > tolerance) {
                    found.add(edge);
                    it.remove();
                }
                set(mask, edge, false);
            }
        }
        return candidates.stream().filter(found::contains).toList();
    }

    /**
     * How much a set of ablated edges changes the model.
     *
     * @param cut the edges to ablate
     * @return the greatest absolute difference of a scored output on any example
     */
    public double error(Set<TruthEdge> cut) {
        boolean[][] mask = mask(cut);
        double error = 0;
        for (ProgramExample example : examples) {
            error = Math.max(error, new Clean(example).difference(mask));
        }
        return error;
    }

    private boolean unchanged(Set<TruthEdge> cut) {
        boolean[][] mask = mask(cut);
        for (int i = 0; i < examples.size(); i++) {
            if (new Clean(examples.get(i)).difference(mask) > tolerance) {
                Collections.swap(examples, i, i / 2); // what showed a change is likely to show others
                return false;
            }
        }
        return true;
    }

    private boolean[][] mask(Set<TruthEdge> cut) {
        boolean[][] mask = new boolean[wiring.readers().size()][wiring.writers().size()];
        cut.forEach(edge -> set(mask, edge, true));
        return mask;
    }

    private void set(boolean[][] mask, TruthEdge edge, boolean value) {
        mask[wiring.readers().indexOf(edge.reader())][wiring.writers().indexOf(edge.writer())] = value;
    }

    /** The whole model on one example. */
    private final class Clean {
        private final int[] ids;
        private final ReferenceForward.States states;
        private final Optional<ReferenceForward.States> corrupted;

        Clean(ProgramExample example) {
            ids = example.ids();
            states = forward.states(ids);
            corrupted = ablation.needsCorruptedPrompt()
                    ? Optional.of(forward.states(example.corrupted()))
                    : Optional.empty();
        }

        double difference(boolean[][] cut) {
            double[][] outputs = forward.run(ids, states, new EdgeAblation(cut, corrupted));
            double difference = 0;
            for (int t = firstScored; t < outputs.length; t++) {
                for (int i = 0; i < outputs[t].length; i++) {
                    difference = Math.max(difference, Math.abs(outputs[t][i] - states.outputs()[t][i]));
                }
            }
            return difference;
        }
    }
}
