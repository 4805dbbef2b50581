package org.edgeprune.tracr.circuit;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.function.IntPredicate;
import org.edgeprune.tracr.CompiledModel;
import org.edgeprune.tracr.Wiring;

/**
 * The circuit according to the weights: an edge wherever a reader reads a dimension that the writer writes, on a path
 * to the output. No other edge can matter; not all of these need to.
 *
 * @param writes for each writer in the circuit, the labels of the dimensions that it writes
 * @param reads for each reader in the circuit, the labels of the dimensions that it reads
 * @param edges by reader, then writer, in the model's order
 */
public record StructuralCircuit(
        SequencedMap<String, List<String>> writes, SequencedMap<String, List<String>> reads, List<TruthEdge> edges) {

    /**
     * Analyses a model's weights.
     *
     * @param model the model
     * @return its structural circuit
     */
    public static StructuralCircuit of(CompiledModel model) {
        Wiring wiring = new Wiring(model.config(), model.weights());
        int numReaders = wiring.readers().size();
        boolean[] live = new boolean[wiring.writers().size()]; // some path leads from this writer to the output
        List<TruthEdge> edges = new ArrayList<>();
        SequencedMap<String, List<String>> reads = new LinkedHashMap<>();
        for (int r = numReaders - 1; r >= 0; r--) {
            int fed = wiring.writerFedBy(r);
            if (fed >= 0 && !live[fed]) {
                continue;
            }
            for (int w = wiring.visible(r) - 1; w >= 0; w--) {
                if (wiring.connected(w, r)) {
                    live[w] = true;
                    edges.add(new TruthEdge(
                            wiring.writers().get(w), wiring.readers().get(r)));
                }
            }
            int reader = r;
            List<String> labels = labels(model, d -> wiring.reads(reader, d));
            if (!labels.isEmpty()) {
                reads.putFirst(wiring.readers().get(r), labels);
            }
        }
        SequencedMap<String, List<String>> writes = new LinkedHashMap<>();
        for (int w = 0; w < live.length; w++) {
            if (live[w]) {
                int writer = w;
                writes.put(wiring.writers().get(w), labels(model, d -> wiring.writes(writer, d)));
            }
        }
        return new StructuralCircuit(writes, reads, edges.reversed());
    }

    private static List<String> labels(CompiledModel model, IntPredicate chosen) {
        List<String> labels = new ArrayList<>();
        for (int d = 0; d < model.config().modelSize(); d++) {
            if (chosen.test(d)) {
                labels.add(model.residualLabels().get(d));
            }
        }
        return labels;
    }
}
