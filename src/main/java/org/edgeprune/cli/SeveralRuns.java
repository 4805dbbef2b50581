package org.edgeprune.cli;

import java.util.List;
import org.edgeprune.io.InputException;
import org.edgeprune.prune.PruneSession;
import org.edgeprune.prune.RunDirectory;

/** Commands that make several runs: repeated, they skip those that have ended. */
final class SeveralRuns {
    private SeveralRuns() {}

    /**
     * Whether a run has ended that the session would repeat.
     *
     * @throws InputException if another run has ended there, or its files were changed
     */
    static boolean isDone(RunDirectory run, PruneSession session, Results results) {
        if (!run.holdsResult()) {
            return false;
        }
        List<String> differences = session.differencesFrom(run);
        if (!differences.isEmpty()) {
            throw new InputException(run.path() + ": was run with another model, data or options (changed: "
                    + String.join(", ", differences) + "): choose another --out or remove it");
        }
        if (run.readRecord().inputs() == null) {
            results.note(run.path()
                    + ": was made by an earlier version, which did not record the contents of data, config.json"
                    + " and tokenizer: they are assumed to be unchanged");
        }
        run.requireIntact(results::note);
        return true;
    }
}
