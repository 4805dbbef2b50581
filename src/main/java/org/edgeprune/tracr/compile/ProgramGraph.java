package org.edgeprune.tracr.compile;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.edgeprune.tracr.rasp.Encoding;
import org.edgeprune.tracr.rasp.Expressions;
import org.edgeprune.tracr.rasp.Fn;
import org.edgeprune.tracr.rasp.Rasp;
import org.edgeprune.tracr.rasp.SOp;

/**
 * A program as a graph without duplicates: expressions of the same form over the same inputs are one node, whatever
 * their names and however often the program built them.
 */
final class ProgramGraph {

    /**
     * One s-op of the program.
     *
     * @param label unique in the program: its name, with a number where that name is taken
     * @param inputs the nodes of {@code sop.inputs()}
     * @param depth the length of the longest path from tokens or indices to here
     */
    record Node(String label, SOp sop, List<Node> inputs, int depth) {
        Node input(int i) {
            return inputs.get(i);
        }

        // Nodes are the same only if they are the same object: comparing their inputs would walk the whole graph.
        @Override
        public boolean equals(Object other) {
            return this == other;
        }

        @Override
        public int hashCode() {
            return System.identityHashCode(this);
        }
    }

    private record Form(List<Object> operation, List<Node> inputs, Encoding encoding) {}

    private final IdentityHashMap<SOp, Node> byExpression = new IdentityHashMap<>();
    private final Expressions expressions = new Expressions();
    private final Map<Form, Node> byForm = new HashMap<>();
    private final Set<String> labels = new LinkedHashSet<>(SOp.RESERVED_NAMES);
    private final List<Node> nodes = new ArrayList<>();
    private final Node output;

    ProgramGraph(SOp program) {
        output = node(program);
    }

    /** The nodes, each after its inputs. */
    List<Node> nodes() {
        return List.copyOf(nodes);
    }

    Node output() {
        return output;
    }

    /** A label that no other caller got: {@code name}, or {@code name_2} and so on. */
    String newLabel(String name) {
        String label = name;
        for (int i = 2; !labels.add(label); i++) {
            label = name + "_" + i;
        }
        return label;
    }

    private Node node(SOp expression) {
        Node known = byExpression.get(expression);
        if (known != null) {
            return known;
        }
        SOp sop = lower(expression);
        List<Node> inputs = sop.inputs().stream().map(this::node).toList();
        if (sop instanceof SOp.SequenceMap s && inputs.getFirst().equals(inputs.getLast())) {
            // Both inputs would lie in the same directions: it is a map of one value.
            sop = new SOp.Map(new Fn.Diagonal(s.f()), s.first(), s.name(), s.encoding());
            inputs = inputs.subList(0, 1);
        }
        Node node = byForm.get(form(sop, inputs));
        if (node == null) {
            int depth =
                    inputs.stream().mapToInt(input -> input.depth() + 1).max().orElse(0);
            boolean primitive = sop instanceof SOp.Tokens || sop instanceof SOp.Indices;
            node = new Node(primitive ? sop.name() : newLabel(sop.name()), sop, inputs, depth);
            byForm.put(form(sop, inputs), node);
            nodes.add(node);
        }
        byExpression.put(expression, node);
        return node;
    }

    /** A constant becomes a map of the tokens: a transformer has no other way to write it at every position. */
    private static SOp lower(SOp sop) {
        return sop instanceof SOp.Full full
                ? new SOp.Map(new Fn.Constant(full.fill()), Rasp.tokens(), full.name(), full.encoding())
                : sop;
    }

    private Form form(SOp sop, List<Node> inputs) {
        List<Object> operation =
                switch (sop) {
                    case SOp.Tokens s -> List.of("tokens");
                    case SOp.Indices s -> List.of("indices");
                    case SOp.Full s -> List.of("full", s.fill());
                    case SOp.Map s -> List.of("map", expressions.measure(s.f()));
                    case SOp.SequenceMap s -> List.of("sequence_map", expressions.measure(s.f()));
                    case SOp.LinearSequenceMap s -> List.of("linear_sequence_map", s.firstFactor(), s.secondFactor());
                    case SOp.SelectorWidth s ->
                        List.of(
                                "selector_width",
                                expressions.measure(s.selector().predicate()));
                    case SOp.Aggregate s ->
                        List.of("aggregate", expressions.measure(s.selector().predicate()), s.fallback());
                };
        return new Form(operation, inputs, sop.encoding());
    }
}
