package org.edgeprune.tracr.circuit;

/** What the reader of a cut edge gets. */
public enum AblationKind {
    /** Nothing. */
    ZERO,
    /** What the writer gives on the corrupted input. */
    INTERCHANGE;

    @Override
    public String toString() {
        return name().toLowerCase(java.util.Locale.ROOT);
    }
}
