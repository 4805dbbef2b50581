package org.edgeprune.task;

import java.util.List;

/**
 * Generated data.
 *
 * @param records the lines, to write to disk or to tokenise at once
 * @param notes what the user should know, a line each: words that were dropped, lists too short to hold out of
 */
public record Generated(Records records, List<String> notes) {
    public Generated {
        notes = List.copyOf(notes);
    }
}
