package org.edgeprune.tracr.circuit;

import java.util.Locale;

/** What the reader of a cut edge gets. */
public enum AblationKind {
    /** Nothing. */
    ZERO,
    /** What the writer gives on the corrupted input. */
    INTERCHANGE;

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
