package org.edgeprune.tracr.circuit;

import java.util.List;
import org.edgeprune.graph.Ablation;

/**
 * The circuit as ablation shows it.
 *
 * @param ablation what ablated edges carry
 * @param necessary the edges that change the output on some example when they alone are ablated
 * @param edges a circuit that has the whole model's outputs on every example when all other edges are ablated, and from
 *     which no edge can then be removed
 * @param unique whether both are the same edges. Otherwise edges can replace each other, or matter only beside others
 *     that do not, and {@code edges} is one of several answers.
 * @param error the greatest absolute difference of an output of the circuit from the whole model's
 * @param examples the number of examples checked
 */
public record FunctionalCircuit(
        Ablation ablation,
        List<TruthEdge> necessary,
        List<TruthEdge> edges,
        boolean unique,
        double error,
        int examples) {}
