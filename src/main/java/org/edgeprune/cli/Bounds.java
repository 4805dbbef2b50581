package org.edgeprune.cli;

import java.util.Optional;
import org.edgeprune.io.InputException;

/** Bounds of numbers on the command line. */
final class Bounds {
    private Bounds() {}

    /** Refuses a number below {@code least} in one line that names its option. */
    static void atLeast(int least, String option, int value) {
        if (value < least) {
            throw new InputException(option + " " + value + ": must be at least " + least);
        }
    }

    /** The same for an option that may not have been given. */
    static void atLeast(int least, String option, Optional<Integer> value) {
        value.ifPresent(given -> atLeast(least, option, given));
    }
}
