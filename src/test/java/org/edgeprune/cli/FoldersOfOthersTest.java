package org.edgeprune.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.edgeprune.io.FolderLock;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What commands that write folders refuse before they compute anything. */
class FoldersOfOthersTest {
    @TempDir
    Path dir;

    /** The commands, each without its folder. */
    private static final List<List<String>> WRITERS = List.of(
            List.of("prune", "--out"),
            List.of("prune", "--resume", "--out"),
            List.of("sweep", "--target-edge-sparsity", "0.9", "--out"),
            List.of("demo", "--out"),
            List.of("data", "ioi", "--out"),
            List.of("train-mini", "--out"),
            List.of("init", "--config", "gpt2", "--layers", "1", "-o"),
            List.of("tracr", "compile", "reverse", "-o"),
            List.of("tracr", "suite", "--out"));

    private static String refused(List<String> command, String... more) {
        List<String> all = new ArrayList<>(command);
        all.addAll(Arrays.asList(more));
        PrintStream before = System.err;
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        System.setErr(new PrintStream(err, true, StandardCharsets.UTF_8));
        try {
            assertEquals(2, Main.run(all.toArray(String[]::new)), () -> all + ": " + err);
        } finally {
            System.setErr(before);
        }
        return err.toString(StandardCharsets.UTF_8);
    }

    @Test
    void filesOfOthersStayAsTheyAre() throws IOException {
        for (List<String> command : WRITERS) {
            Path theirs = Files.createTempDirectory(dir, "theirs");
            for (String name : List.of("edges.json", "train.jsonl", "config.json", "sweep.csv", ".DS_Store")) {
                Files.writeString(theirs.resolve(name), "mine");
            }
            String said = refused(command, theirs.toString());
            assertTrue(said.startsWith("edgeprune: " + theirs + ": holds files"), said);
            assertEquals(1, said.lines().count(), said);
            try (Stream<Path> files = Files.list(theirs)) {
                for (Path file : files.toList()) {
                    assertEquals("mine", Files.readString(file), command + ": " + file);
                }
            }
            try (Stream<Path> files = Files.list(theirs)) {
                assertEquals(5, files.count(), command.toString());
            }
        }
    }

    @Test
    void anEmptyPathIsNotTheCurrentFolder() {
        for (List<String> command : WRITERS) {
            String said = refused(command, "");
            assertTrue(said.contains("the path is empty"), said);
        }
        assertTrue(refused(List.of("prune", "--out", "x", "--data"), "").contains("the path is empty"));
        assertTrue(refused(List.of("eval", "--edges"), "").contains("the path is empty"));
        assertTrue(refused(List.of("eval", "--model"), "").contains("the model's name is empty"));
    }

    @Test
    void aFolderThatAnotherProcessWorksOnIsRefusedWithItsPid() {
        Path run = dir.resolve("run");
        try (FolderLock _ = FolderLock.of(run)) {
            for (List<String> command : WRITERS) {
                if (List.of("prune", "sweep", "demo").contains(command.get(0)) || command.contains("suite")) {
                    String said = refused(command, run.toString());
                    assertTrue(
                            said.startsWith("edgeprune: " + run + ": this process (PID "
                                    + ProcessHandle.current().pid() + ") works on it"),
                            said);
                    assertEquals(1, said.lines().count(), said);
                }
            }
        }
    }

    @Test
    void pacesAreNotNegative() {
        String out = dir.resolve("run").toString();
        assertTrue(refused(List.of("prune", "--out", out, "--save-every"), "-1").contains("--save-every -1"));
        assertTrue(refused(List.of("prune", "--out", out, "--evaluate-every"), "-7")
                .contains("--evaluate-every -7"));
        assertTrue(Files.notExists(dir.resolve("run")), "a folder is made only for a run");
    }
}
