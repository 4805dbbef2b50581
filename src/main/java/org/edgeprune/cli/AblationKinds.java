package org.edgeprune.cli;

import java.util.Arrays;
import java.util.Iterator;
import org.edgeprune.attribute.AblationKind;

/** The names of all ablations of attribution, for help texts. */
final class AblationKinds implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
        return Arrays.stream(AblationKind.values()).map(AblationKind::key).iterator();
    }
}
