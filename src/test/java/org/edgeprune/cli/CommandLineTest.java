package org.edgeprune.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import picocli.CommandLine;

/** What all commands have in common: help, exit codes, one-line messages for input that cannot be used. */
@Execution(ExecutionMode.CONCURRENT)
class CommandLineTest {
    @TempDir
    Path folder;

    @TestFactory
    Stream<DynamicTest> everyCommandExplainsItself() {
        return new CommandLine(new Main())
                .getSubcommands().keySet().stream()
                        .map(name -> DynamicTest.dynamicTest(name, () -> {
                            Tool help = Tool.run(name, "--help").ok();
                            assertTrue(help.out().startsWith("Usage: edgeprune " + name), help.out());
                            assertTrue(help.out().contains("Examples:"), help.out());
                            assertEquals("", help.err());
                        }));
    }

    @Test
    void helpListsEveryCommand() {
        String help = Tool.run("--help").ok().out();
        new CommandLine(new Main())
                .getSubcommands()
                .keySet()
                .forEach(name -> assertTrue(help.contains("\n  " + name), help));
    }

    @Test
    void thePagesKnowEveryCommandAndNoOther() throws IOException {
        Set<String> named = new TreeSet<>();
        try (Stream<Path> pages = Files.list(Path.of("src/site/markdown"))) {
            for (Path page :
                    Stream.concat(Stream.of(Path.of("README.md")), pages).toList()) {
                Pattern.compile("(?:^|`)edgeprune ([a-z][a-z-]*)", Pattern.MULTILINE)
                        .matcher(Files.readString(page))
                        .results()
                        .forEach(match -> named.add(match.group(1)));
            }
        }
        named.add("demo"); // the README has it with the launcher's path
        assertEquals(new TreeSet<>(new CommandLine(new Main()).getSubcommands().keySet()), named);
    }

    @Test
    void versionNamesEdgepruneAndJava() {
        assertTrue(Tool.run("--version").ok().out().matches("edgeprune \\d+\\.\\d+\\.\\d+\\S* \\(Java \\d+.*\\)\n"));
    }

    @Test
    void misuseIsExitTwoWithAHint() {
        assertTrue(Tool.run().refused().contains("Try 'edgeprune --help'."));
        assertTrue(Tool.run("prunne").refused().contains("'prunne'"));
        assertTrue(Tool.run("info", "--wings")
                .refused()
                .matches("(?s)edgeprune: Unknown option: '--wings'\nTry 'edgeprune info --help'\\.\n"));
        assertTrue(Tool.run("data", "ioi").refused().contains("--out"));
        assertTrue(Tool.run("data", "ioi", "--out", folder, "--train", "many")
                .refused()
                .contains("--train"));
        assertTrue(Tool.run("doctor", "--device", "tpu").refused().contains("unknown device 'tpu'"));
    }

    @Test
    void badInputIsExitTwoWithOneLine() throws Exception {
        Path broken = Files.createDirectory(folder.resolve("broken"));
        Files.writeString(broken.resolve("config.json"), "{\"model_type\": \"gpt2\", \"n_layer\": ");
        Path strange = Files.createDirectory(folder.resolve("strange"));
        Files.writeString(strange.resolve("config.json"), "{\"model_type\": \"abacus\"}");
        assertOneLine(folder.resolve("nowhere") + "/config.json", Tool.run("info", folder.resolve("nowhere")));
        assertOneLine("config.json: not JSON", Tool.run("info", broken));
        assertOneLine("'abacus'", Tool.run("info", strange));
        assertOneLine("task \"chess\" is unknown", Tool.run("data", "chess", "--out", folder.resolve("data")));
        assertOneLine(
                "none.txt: not there",
                Tool.run("data", "ioi", "--out", folder.resolve("data"), "--templates", folder.resolve("none.txt")));
        assertOneLine("--libtorch", Tool.run("doctor", "--libtorch", folder));
    }

    @Test
    void doctorPrintsTheAllocator() {
        ProcessBuilder process = new ProcessBuilder();
        process.environment().put("EDGEPRUNE_ALLOCATOR", "system");
        String report = Tool.run(process, "doctor").ok().out();
        assertTrue(report.matches("(?s).*allocator +the system's, as EDGEPRUNE_ALLOCATOR says\\R.*"), report);
        process.environment().put("EDGEPRUNE_ALLOCATOR", "jemalloc");
        Tool wrong = Tool.run(process, "doctor");
        assertTrue(wrong.out().contains("EDGEPRUNE_ALLOCATOR: 'jemalloc' is not an allocator"), wrong.out());
    }

    private static void assertOneLine(String expected, Tool tool) {
        String message = tool.refused();
        assertTrue(message.startsWith("edgeprune: ") && message.contains(expected), message);
        assertEquals(1, message.lines().count(), message);
    }
}
