package org.edgeprune.task;

import java.util.List;

/**
 * Generated data.
 *
 * @param records the lines, to write to disk or to tokenise at once
 * @param notes what the user should know, one line each: words that were left out, lists too short for separate splits
 */
public record Generated(Records records, List<String> notes) {
    /** Copies the notes. */
    public Generated {
        notes = List.copyOf(notes);
    }
}
