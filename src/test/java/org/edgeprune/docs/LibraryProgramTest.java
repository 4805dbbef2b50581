package org.edgeprune.docs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.ToolProvider;
import org.edgeprune.report.TinyRun;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The program of the library page does what the page says, to the letter. */
class LibraryProgramTest {
    @TempDir
    private Path dir;

    @Test
    void theProgramCompilesAndFindsACircuit() throws Exception {
        Matcher block = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL)
                .matcher(Files.readString(Path.of("src/site/markdown/library.md")));
        assertTrue(block.find());
        assertTrue(block.group(1).lines().count() <= 25, "at most 25 lines");
        Path source = Files.writeString(dir.resolve("FindCircuit.java"), block.group(1));
        String classes = System.getProperty("java.class.path");
        assertEquals(
                0,
                ToolProvider.getSystemJavaCompiler()
                        .run(
                                null,
                                null,
                                null,
                                "-Xlint:all,-processing,-classfile,-path",
                                "-Werror",
                                "-proc:none",
                                "-cp",
                                classes,
                                "-d",
                                dir.toString(),
                                source.toString()));

        Path model = TinyRun.model(dir.resolve("model"));
        Path out = dir.resolve("out");
        Path said = dir.resolve("said.txt");
        Process program = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        dir + java.io.File.pathSeparator + classes,
                        "FindCircuit",
                        model.toString(),
                        out.toString(),
                        "6")
                .redirectErrorStream(true)
                .redirectOutput(said.toFile())
                .start();
        assertTrue(program.waitFor(10, TimeUnit.MINUTES), "still running");
        List<String> lines = Files.readAllLines(said);
        assertEquals(0, program.exitValue(), () -> String.join("\n", lines));
        int edges =
                new ObjectMapper().readTree(out.resolve("edges.json").toFile()).size();
        assertEquals(
                edges,
                lines.stream().filter(line -> line.matches("\\S+ -> \\S+")).count());
        assertTrue(lines.getLast().startsWith("circuit {") && lines.getLast().contains("kl="), lines.getLast());
    }
}
