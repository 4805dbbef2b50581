package org.edgeprune.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
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
 * How {@code run_scripts/gpu_check.py} ends where the device cannot be used, and how it judges runs on several;
 * programs that answer stand for edgeprune.
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

    /** The step for several GPUs alone, with runs on them that have the same masks, or others on more than two. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "same|3|the same masks on 1, 2, 3 GPUs and with --device-map cuda:0,cuda:1; a step on 1: 500.0 ms, 2: 500.0 ms, 3: 500.0 ms",
                "same|5|the same masks on 1, 2, 3, 5 GPUs and with --device-map cuda:0,cuda:1/cuda:2,cuda:3; a step on 1: 500.0 ms",
                "other|4|Failed: the masks on [3, 4] GPUs are not those on one",
                "same|1|Skipped: 1 GPU here",
            })
    void runsOnSeveralGpusAreCompared(String masks, int gpus, String expected) throws Exception {
        program("edgeprune", """
                device=none
                while [ "$1" != --out ]; do [ "$1" = --micro-batch ] && cut=$2; shift; done
                out=$2; shift 2
                while [ $# -gt 0 ]; do case $1 in --device) device=$2 ;; --micro-batch) cut=$2 ;; esac; shift; done
                [ "$cut" = 40 ] || exit 1
                case %s$device in other*2*) masks=others ;; *) masks=usual ;; esac
                mkdir -p "$out"; echo $masks >"$out/masks.safetensors"
                for i in 1 2 3 4; do echo '{"seconds": 0.5}'; done >"$out/metrics.jsonl"
                """.formatted(masks));
        Process process = new ProcessBuilder(
                        "python3",
                        "-c",
                        """
                import sys
                sys.path.insert(0, "run_scripts")
                import argparse, gpu_check
                check = gpu_check.Check(argparse.Namespace(launcher=sys.argv[1], out=sys.argv[2], device="cuda:0"))
                check.devices = ["cpu"] + [f"cuda:{i}" for i in range(int(sys.argv[3]))]
                try:
                    print(check.several_gpus()[0])
                except (gpu_check.Failed, gpu_check.Skipped) as e:
                    print(f"{type(e).__name__}: {e}")
                """,
                        folder.resolve("edgeprune").toString(),
                        folder.resolve("out").toString(),
                        "" + gpus)
                .start();
        assertEquals(
                0,
                process.waitFor(),
                () -> new BufferedReader(process.errorReader()).lines().toList() + "");
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(said.startsWith(expected), said);
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
