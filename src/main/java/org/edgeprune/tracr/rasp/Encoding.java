package org.edgeprune.tracr.rasp;

import java.util.Locale;

/** How an s-op lies in the residual stream: one direction for each value, or one direction holding the number. */
public enum Encoding {
    CATEGORICAL,
    NUMERICAL;

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
