package org.edgeprune.prune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Path;
import org.edgeprune.io.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A run whose log is a pipe is refused rather than waited for. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PipesInRunsTest {
    @TempDir
    private Path folder;

    @Test
    void theLogIsARegularFile() throws Exception {
        RunDirectory run = new RunDirectory(folder);
        Path pipe = folder.resolve("metrics.jsonl");
        assumeTrue(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor() == 0, "no mkfifo here");
        InputException e = assertThrows(InputException.class, () -> run.forgetStepsFrom(0));
        assertEquals(pipe + ": is not a regular file: put the run's own file back, or remove it", e.getMessage());
    }
}
