package org.edgeprune.task;

import java.util.List;
import org.edgeprune.io.Extensions;
import org.edgeprune.io.InputException;

/** The scorers on the class path, for {@code custom:NAME}. */
public final class Scorers {
    private Scorers() {}

    /**
     * All scorers.
     *
     * @return in the order of the class path
     * @throws InputException naming the jar of a scorer that cannot be loaded or has the name of another
     */
    public static List<ScorerProvider> all() {
        return List.copyOf(found().byName().values());
    }

    /**
     * The scorer of a name.
     *
     * @param name its {@link ScorerProvider#name}
     * @return the scorer
     * @throws InputException if no scorer has this name, and as {@link #all}
     */
    public static ScorerProvider named(String name) {
        Extensions<ScorerProvider> found = found();
        ScorerProvider scorer = found.byName().get(name);
        if (scorer == null) {
            throw new InputException("scorer \"" + name + "\" is unknown; choose one of "
                    + String.join(", ", found.byName().keySet())
                    + ", or put the jar that contains it on the class path");
        }
        return scorer;
    }

    private static Extensions<ScorerProvider> found() {
        return Extensions.load(
                ScorerProvider.class, "scorer", scorer -> List.of(scorer.name()), Scorers.class.getClassLoader());
    }
}
