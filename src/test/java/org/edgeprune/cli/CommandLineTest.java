package org.edgeprune.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import picocli.CommandLine;

/** What all commands have in common: help, exit codes, one-line messages for input that cannot be used. */
@Execution(ExecutionMode.CONCURRENT)
class CommandLineTest {
    @TempDir
    Path folder;

    @Test
    void helpListsEveryCommand() {
        Tool help = Tool.run("--help").ok();
        new CommandLine(new Main())
                .getSubcommands()
                .keySet()
                .forEach(name -> assertTrue(help.out().contains("\n  " + name), help.out()));
        assertEquals("", help.err());
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
        Tool nothing = Tool.run();
        nothing.refused();
        assertTrue(nothing.err().endsWith("\nTry 'edgeprune --help'.\n"), nothing.err());
    }

    @Test
    void badInputIsExitTwoWithOneLine() {
        Tool wrong = Tool.run("doctor", "--libtorch", folder);
        assertTrue(wrong.refused().contains("--libtorch"), wrong.err());
        assertEquals(1, wrong.errLines().size(), wrong.err());
    }

    /** OpenBLAS chooses its kernels by the processor, unless it is told otherwise. */
    @Test
    void doctorPrintsForWhichProcessorOpenBlasComputes() {
        ProcessBuilder process = new ProcessBuilder();
        process.environment().put("OPENBLAS_CORETYPE", "Haswell");
        String report = Tool.run(process, "doctor").ok().out();
        assumeTrue(report.contains("OpenBLAS") && System.getProperty("os.arch").equals("amd64"), report);
        assertTrue(report.matches("(?s).*BLAS +OpenBLAS, Haswell kernels\\R.*"), report);
        assertEquals(
                report.matches("(?s).*CPU kernels +AVX512.*"), report.contains(" without OPENBLAS_CORETYPE\n"), report);
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
}
