package org.edgeprune.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** Tables and sentences on a terminal. */
class TableTest {
    @Test
    void headingsStandAboveTheirNumbers() {
        assertEquals(
                """
                node   edges      kl
                a0.h1  1,234  0.5000
                m0         -  0.0000
                """,
                new Table()
                        .head("node", "edges", "kl")
                        .row("a0.h1", 1234, 0.5)
                        .row("m0", "    -", -1e-9)
                        .toString());
    }

    @Test
    void sentencesBreakAtSpacesAlone() {
        String broken = Prose.wrapped("the runs are in a-folder-with-a-long-name, with a table", 20);
        assertEquals("the runs are in\na-folder-with-a-long-name,\nwith a table", broken);
        assertEquals("", Prose.wrapped("", 20));
    }
}
