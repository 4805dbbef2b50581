package org.edgeprune.report;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** The numbers of a run that matter first, for the side of the picture. */
final class Cards {
    private static final String FULL_MODEL = "full_model_";

    private Cards() {}

    /** The size of the circuit, and the metrics of the task. */
    static String html(CircuitFacts circuit) {
        Map<String, Double> metrics = circuit.metrics();
        boolean byPosition = circuit.positions() > 1;
        Double all = metrics.get(byPosition ? "total_edge_positions" : "total_edges");
        Map<String, String> cards = new LinkedHashMap<>();
        cards.put(
                byPosition ? "edges kept, at each of " + circuit.positions() + " positions" : "edges kept",
                "%,d".formatted(circuit.edges()));
        if (all != null) {
            cards.put("edge sparsity", "%.2f%%".formatted(100 * (1 - circuit.edges() / all)));
        }
        List<String> sizes =
                List.of("edge_sparsity", "edge_mask_sparsity", "node_sparsity", "num_nodes", "num_edge_positions");
        metrics.forEach((name, value) -> {
            boolean task = !name.startsWith(FULL_MODEL)
                    && !sizes.contains(name)
                    && !FoundCircuit.NOT_METRICS.contains(name)
                    && !name.contains("edges");
            if (task) {
                Double full = metrics.get(FULL_MODEL + name);
                cards.put(
                        name,
                        Html.number(value)
                                + (full == null || name.equals("kl")
                                        ? ""
                                        : " <small>full model " + Html.number(full) + "</small>"));
            }
        });
        return cards.entrySet().stream()
                .map(card -> "<div class=\"card\"><span>" + Html.escape(card.getKey()) + "</span><b>" + card.getValue()
                        + "</b></div>\n")
                .collect(Collectors.joining());
    }
}
