package org.edgeprune.task;

import java.util.List;
import org.edgeprune.io.Extensions;
import org.edgeprune.io.InputException;

/** The scorers on the class path that {@code custom:NAME} can name. */
public final class Scorers {
    private Scorers() {}

    /**
     * Every one, in the order of the class path.
     *
     * @throws InputException naming the jar of one that cannot be loaded, or that has the name of another
     */
    public static List<ScorerProvider> all() {
        return List.copyOf(found().byName().values());
    }

    /** @throws InputException if there is none of this name */
    public static ScorerProvider named(String name) {
        Extensions<ScorerProvider> found = found();
        ScorerProvider scorer = found.byName().get(name);
        if (scorer == null) {
            throw new InputException("scorer \"" + name + "\" is not known; choose one of "
                    + String.join(", ", found.byName().keySet())
                    + ", or put the jar that has it on the class path");
        }
        return scorer;
    }

    private static Extensions<ScorerProvider> found() {
        return Extensions.load(
                ScorerProvider.class, "scorer", scorer -> List.of(scorer.name()), Scorers.class.getClassLoader());
    }
}
