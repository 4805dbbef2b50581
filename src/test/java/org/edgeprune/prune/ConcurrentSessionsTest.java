package org.edgeprune.prune;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Sessions that share a JVM. {@code run_scripts/soak/open_run_close.sh} repeats this for hours. */
class ConcurrentSessionsTest {
    @Test
    void eightAtOnceGiveTheMasksOfOneAlone(@TempDir Path folder) throws Exception {
        assertTrue(new OpenRunClose(folder).eightGiveTheMasksOfOne());
    }
}
