package org.edgeprune.cli;

import java.util.Optional;
import org.edgeprune.attribute.CircuitInput;
import org.edgeprune.attribute.PositionChoice;
import org.edgeprune.io.InputException;
import picocli.CommandLine.Option;

/** {@code --position}: which edges of a run with masks at each position. */
final class PositionOption {
    private static final String ANY = "any";

    @Option(
            names = "--position",
            paramLabel = "N|any",
            description =
                    "Of a run with masks at each position (prune --positions), the edges at position N, from 0, or those that are kept at any position.")
    private Optional<String> position = Optional.empty();

    /** The choice that was given. */
    Optional<PositionChoice> choice() {
        return position.map(PositionOption::parsed);
    }

    private static PositionChoice parsed(String text) {
        if (text.equals(ANY)) {
            return new PositionChoice.Anywhere();
        }
        try {
            return new PositionChoice.At(Integer.parseInt(text));
        } catch (NumberFormatException e) {
            throw new InputException("--position " + text + ": must be a number from 0, or any", e);
        }
    }

    /** The input with the choice that was given. */
    CircuitInput over(CircuitInput input) {
        return choice().map(input::at).orElse(input);
    }
}
