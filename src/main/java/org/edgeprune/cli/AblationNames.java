package org.edgeprune.cli;

import java.util.Iterator;
import org.edgeprune.graph.Ablation;

/** The names of all ablations, for help texts. */
final class AblationNames implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
        return Ablation.all().stream().map(Ablation::name).iterator();
    }
}
