package org.edgeprune.cli;

import java.util.Iterator;
import org.edgeprune.graph.Ablation;
import org.edgeprune.tracr.circuit.GroundTruth;

/** The names of the ablations under which ground truths are known, for help texts. */
final class TruthAblationNames implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
        return GroundTruth.ABLATIONS.stream().map(Ablation::name).iterator();
    }
}
