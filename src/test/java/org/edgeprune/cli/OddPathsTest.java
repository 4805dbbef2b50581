package org.edgeprune.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Paths that are no ordinary files: each is refused in one line that says what it is, and none is waited for. */
@EnabledOnOs(OS.LINUX)
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class OddPathsTest {
    @TempDir
    private Path folder;

    private Path edges;

    @BeforeEach
    void makeEdges() throws IOException {
        edges = Files.writeString(
                folder.resolve("edges.json"), "[[\"tok_embeds\", \"a0.h0.q\"], [\"m0\", \"resid_post\"]]");
    }

    @Test
    void theRootOfTheFileSystemHasNoName() {
        for (Object[] command : new Object[][] {
            {"draw", edges, "-o", "/"}, {"compare", edges, edges, "--picture", "/"}, {"edges", edges, "-o", "/"}
        }) {
            String message = InProcess.run(command).refused();
            assertTrue(message.startsWith("edgeprune: /: "), message);
        }
    }

    @Test
    void pipesAreNotWaitedFor() throws Exception {
        Path pipe = folder.resolve("pipe");
        assumeTrue(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor() == 0, "no mkfifo here");
        for (Object[] command : new Object[][] {
            {"edges", pipe},
            {"compare", edges, pipe},
            {"draw", pipe, "-o", folder.resolve("x.svg")},
            {"convert", pipe, "-o", folder.resolve("new")}
        }) {
            assertEquals(
                    "edgeprune: " + pipe + ": is a pipe, socket or device: name a regular file",
                    InProcess.run(command).refused());
        }
    }

    @Test
    void whatTheSystemRefusesIsSaidInWords() throws IOException {
        Path loop = folder.resolve("loop");
        Files.createSymbolicLink(loop, Path.of("loop"));
        String message = InProcess.run("data", "ioi", "--train", 2, "--validation", 1, "--test", 1, "--out", loop)
                .refused();
        assertTrue(message.startsWith("edgeprune: " + loop + ": cannot be written ("), message);
        assertFalse(message.contains("Exception") || message.contains(".tmp"), message);
        assertFalse(Files.exists(loop), "nothing is made");
    }

    @Test
    void aPipeInTheFolderOfARunIsNotWaitedForEither() throws Exception {
        Path run = Files.createDirectories(folder.resolve("run"));
        Path pipe = run.resolve("run.json");
        assumeTrue(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor() == 0, "no mkfifo here");
        for (String command : new String[] {"report", "heads", "validate", "eval", "edges"}) {
            String message = InProcess.run(command, run).refused();
            assertTrue(message.contains("run.json: is a pipe, socket or device"), message);
        }
    }
}
