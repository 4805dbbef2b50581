package org.edgeprune.cli;

import java.util.Arrays;
import java.util.Iterator;
import org.edgeprune.prune.MaskLevel;

/** The names of the levels of masks, for help texts. */
final class LevelNames implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
        return Arrays.stream(MaskLevel.values()).map(MaskLevel::key).iterator();
    }
}
