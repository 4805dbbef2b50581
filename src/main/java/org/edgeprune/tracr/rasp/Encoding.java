package org.edgeprune.tracr.rasp;

import java.util.Locale;

/** How an s-op is represented in the residual stream. */
public enum Encoding {
    /** One direction for each value; a position has 1 on the direction of its value and 0 on the others. */
    CATEGORICAL,
    /** One direction; its coefficient is the number. */
    NUMERICAL;

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
