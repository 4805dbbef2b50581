package org.edgeprune.cli;

import java.util.Arrays;
import java.util.Iterator;
import java.util.Optional;
import org.edgeprune.attribute.Objective;
import picocli.CommandLine.Option;

/** {@code --objective}: the loss whose change edges are scored by. */
final class ObjectiveOption {
    @Option(
            names = "--objective",
            paramLabel = "LOSS",
            completionCandidates = Names.class,
            description =
                    "The loss: ${COMPLETION-CANDIDATES} (default: logit-difference; kl for acdc, and for mattr without --published).")
    private Optional<Objective> objective = Optional.empty();

    Optional<Objective> value() {
        return objective;
    }

    /** The names of all objectives, for help texts. */
    static final class Names implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            return Arrays.stream(Objective.values()).map(Objective::key).iterator();
        }
    }
}
