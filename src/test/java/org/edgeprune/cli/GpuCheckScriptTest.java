package org.edgeprune.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * How {@code run_scripts/gpu_check.py} ends where the device cannot be used; programs that answer stand for edgeprune.
 */
@Execution(ExecutionMode.CONCURRENT)
class GpuCheckScriptTest {
    private static final String REASON = "device cuda:0 cannot be used: no driver";

    @TempDir
    private Path folder;

    @BeforeEach
    void edgepruneOfAMachineWithoutGpu() throws IOException {
        program("edgeprune", """
                case $1 in
                doctor) echo '{"libtorch": {"version": "2.15.0", "devices": ["cpu"]}}' ;;
                prune) while [ "$1" != --out ]; do shift; done; mkdir -p "$2"; echo '{"num_edges": 7}' >"$2/metrics.json" ;;
                bench) echo 'edgeprune: %s' >&2; exit 2 ;;
                esac
                """.formatted(REASON));
    }

    private void program(String name, String text) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, "#!/bin/sh\n" + text);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private ProcessBuilder check(Path out) {
        return new ProcessBuilder(List.of(
                "python3",
                "run_scripts/gpu_check.py",
                "--launcher",
                folder.resolve("edgeprune").toString(),
                "--tests",
                "tests",
                "--junit",
                "junit.jar",
                "--class-path",
                "classes:",
                "--out",
                out.toString()));
    }

    @Test
    void aFolderOfOtherFilesIsLeftAlone() throws Exception {
        Path own =
                Files.writeString(Files.createDirectory(folder.resolve("own")).resolve("thesis.txt"), "mine");
        ProcessBuilder process = check(own.getParent());
        Path errors = folder.resolve("errors");
        process.redirectError(errors.toFile());
        assertEquals(2, process.start().waitFor());
        assertEquals(
                List.of("gpu_check: " + own.getParent().toRealPath()
                        + ": holds files that are not of a check: name another folder with --out"),
                Files.readAllLines(errors));
        assertEquals("mine", Files.readString(own));
    }

    /** What the CPU can do was done; where that failed, it is more than a missing device. */
    @ParameterizedTest
    @CsvSource({"3, 0, 0, 2", "2, 1, 1, 1"})
    void endsAtTheFirstUseOfTheDevice(int passed, int failed, int javaStatus, int expected) throws Exception {
        program("java/bin/java", """
                echo '[         %d tests successful      ]'
                echo '[         %d tests failed          ]'
                exit %d
                """.formatted(passed, failed, javaStatus));
        Path out = folder.resolve("out");
        Path errors = folder.resolve("errors");
        ProcessBuilder process = check(out);
        process.environment().put("JAVA_HOME", folder.resolve("java").toString());
        process.redirectError(errors.toFile());
        process.redirectOutput(folder.resolve("table").toFile());
        assertEquals(expected, process.start().waitFor());

        assertEquals("gpu_check: " + REASON, Files.readAllLines(errors).getLast());
        JsonNode steps = new ObjectMapper()
                .readTree(out.resolve("gpu-check.json").toFile())
                .get("steps");
        assertEquals(
                List.of("passed", failed > 0 ? "FAILED" : "passed", "passed", "no device"),
                steps.findValuesAsText("result"));
        assertEquals("7 edges after 150 steps", steps.get(2).get("detail").asText());
        String recorded = steps.get(1).get("detail").asText();
        assertTrue(recorded.startsWith(failed > 0 ? "1 tests failed" : "3 tests passed"), recorded);
    }

    @Test
    void anUnknownOptionIsRefused() throws Exception {
        Process process = new ProcessBuilder("bash", "run_scripts/gpu_check.sh", "--bungle").start();
        assertEquals(2, process.waitFor());
        assertEquals(
                "gpu_check: unknown option --bungle: see --help\n",
                new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8));
    }
}
