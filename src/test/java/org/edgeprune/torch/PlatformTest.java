package org.edgeprune.torch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.edgeprune.io.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** What is loaded on each platform, on the names of the files that its libtorch has. */
@Execution(ExecutionMode.CONCURRENT)
class PlatformTest {
    @TempDir
    Path folder;

    @Test
    void isKnownByTheSystemPropertiesOfItsJava() {
        assertEquals(Platform.LINUX_X86_64, Platform.of("Linux", "amd64"));
        assertEquals(Platform.LINUX_AARCH64, Platform.of("Linux", "aarch64"));
        assertEquals(Platform.MACOSX_ARM64, Platform.of("Mac OS X", "aarch64"));
        assertEquals(
                "edgeprune runs on linux-x86_64, linux-aarch64, macosx-arm64 only; this Java is for Mac OS X x86_64: "
                        + "use one of these machines, with a Java built for it",
                assertThrows(InputException.class, () -> Platform.of("Mac OS X", "x86_64"))
                        .getMessage());
    }

    /** The libraries in {@code org.bytedeco:pytorch} and {@code openblas}, classifier macosx-arm64. */
    @Test
    void onMacOsFourLibrariesAreLoaded() throws IOException {
        assertEquals(
                List.of("libomp.dylib", "libopenblas.0.dylib", "libc10.dylib", "libtorch_cpu.dylib"),
                loaded(
                        Platform.MACOSX_ARM64,
                        "libtorch.dylib",
                        "libomp.dylib",
                        "libtorch_cpu.dylib",
                        "libc10.dylib",
                        "libjnitorch.dylib",
                        "libgfortran.dylib",
                        "libjniopenblas_full.dylib",
                        "libgfortran.5.dylib",
                        "libquadmath.0.dylib",
                        "libgcc_s.1.1.dylib",
                        "libopenblas.0.dylib"));
    }

    /** The libraries in {@code ai.djl.pytorch:pytorch-native-cpu:2.7.1}, classifier linux-aarch64. */
    @Test
    void onLinuxAarch64ThoseThatLibtorchNeedsComeFirst() throws IOException {
        assertEquals(
                List.of(
                        "libgfortran-0b50f350.so.5.0.0",
                        "libgomp-58a43326.so.1.0.0",
                        "libopenblasp-r0-1a7698bc.3.29.so",
                        "libarm_compute-8191e2aa.so",
                        "libarm_compute_graph-17c2200a.so",
                        "libc10.so",
                        "libtorch_cpu.so"),
                loaded(
                        Platform.LINUX_AARCH64,
                        "libopenblasp-r0-1a7698bc.3.29.so",
                        "libtorch.so",
                        "libarm_compute-8191e2aa.so",
                        "libtorch_cpu.so",
                        "libarm_compute_graph-17c2200a.so",
                        "libgomp-58a43326.so.1.0.0",
                        "libc10.so",
                        "libgfortran-0b50f350.so.5.0.0"));
    }

    /** The files that would be unpacked, in the order in which they would be loaded. */
    private List<String> loaded(Platform platform, String... files) throws IOException {
        for (String file : files) {
            Files.createFile(folder.resolve(file));
        }
        List<String> loaded = new LibTorchFiles(folder, "test", platform)
                .cpuLibraries().stream().map(f -> f.getFileName().toString()).toList();
        assertEquals(
                loaded.stream().sorted().toList(),
                Stream.of(files)
                        .filter(file -> LibTorchFiles.isNeeded(platform, file))
                        .sorted()
                        .toList());
        return loaded;
    }
}
