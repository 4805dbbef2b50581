package org.edgeprune.tracr.circuit;

import java.util.List;
import org.edgeprune.graph.Ablation;

/**
 * The circuit as ablation shows it.
 *
 * @param ablation what cut edges carry
 * @param necessary the edges that change the output on some example when they alone are cut from the whole model
 * @param edges a circuit that gives the whole model's outputs on every example when all other edges are cut, and none
 *     of whose edges can then be cut in addition
 * @param unique whether both are the same edges. Otherwise edges can stand in for each other, or matter only beside
 *     others that do not, and {@code edges} is one of several answers.
 * @param error the greatest difference of an output of the circuit from the whole model's
 * @param examples the number of examples checked
 */
public record FunctionalCircuit(
        Ablation ablation,
        List<TruthEdge> necessary,
        List<TruthEdge> edges,
        boolean unique,
        double error,
        int examples) {}
