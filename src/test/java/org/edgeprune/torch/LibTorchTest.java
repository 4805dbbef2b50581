package org.edgeprune.torch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.edgeprune.io.InputException;
import org.edgeprune.torch.ffi.Shim;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LibTorchTest {
    @TempDir
    Path temp;

    @Test
    void reportsWhatIsLoaded() {
        LibTorch.Report report = LibTorch.info();
        // Read by run_scripts/libtorch_matrix.sh.
        System.out.printf(
                "libtorch under test: version=%s; blas=%s; functions=%d/%d; self-test=%s; origin=%s%n",
                report.version(),
                report.blas(),
                report.functions() - report.missing().size(),
                report.functions(),
                report.selfTest() ? "passed" : "failed",
                report.origin());
        assertTrue(report.version().matches("\\d+\\.\\d+\\.\\d+.*"), report.version());
        assertNotNull(report.origin());
        assertTrue(Files.exists(report.directory().resolve(LibTorchFiles.mainLibrary(Platform.current()))));
        assertTrue(report.blas().startsWith("OpenBLAS") || report.blas().startsWith("MKL"), report.blas());
        assertTrue(report.functions() > 100);
        assertEquals(List.of(), report.missing());
        assertTrue(report.selfTest());
        assertEquals("cpu", report.devices().getFirst());
        assertEquals(1 + LibTorch.cudaDevices(), report.devices().size());
    }

    @Test
    void threadsAreSetAndRead() {
        int before = LibTorch.threads();
        LibTorch.setThreads(before + 1);
        assertEquals(before + 1, LibTorch.threads());
        LibTorch.setThreads(before);
        assertThrows(InputException.class, () -> LibTorch.setThreads(0));
    }

    @Test
    void theSelfTestPassesAgainAndLeavesNothingBehind() {
        LibTorch.load();
        long live = Shim.ep_live_tensors();
        for (int i = 0; i < 100; i++) {
            assertEquals(Shim.EP_OK(), Shim.ep_self_test());
        }
        assertEquals(live, Shim.ep_live_tensors());
    }

    @Test
    void aDeviceThatIsNotThereIsRefusedWithTheReason() {
        String message = assertThrows(InputException.class, () -> LibTorch.require(Device.cuda(99)))
                .getMessage();
        assertTrue(message.startsWith("device cuda:99 cannot be used: "), message);
        LibTorch.require(Device.CPU);
    }

    @Test
    void anotherLibtorchCannotReplaceTheLoadedOne() throws IOException {
        LibTorch.load();
        Files.createFile(temp.resolve(LibTorchFiles.mainLibrary(Platform.current())));
        assertThrows(IllegalStateException.class, () -> LibTorch.use(temp));
    }

    @Test
    void aDirectoryWithoutLibtorchIsNamed() {
        String message =
                assertThrows(InputException.class, () -> LibTorch.use(temp)).getMessage();
        assertTrue(
                message.startsWith("--libtorch: " + temp + " is no libtorch: there is no libtorch_cpu.so in it"),
                message);
    }

    @Test
    void theUsersOwnLibtorchIsLoadedFromItsDirectory() throws Exception {
        Path unused = temp.resolve("unused");
        JavaProcess.Result result = load(Map.of(
                "EDGEPRUNE_LIBTORCH", LibTorch.info().directory().toString(), "EDGEPRUNE_CACHE", unused.toString()));
        assertEquals(0, result.exitCode(), result.output());
        assertEquals("loaded", result.output().strip());
        assertTrue(Files.notExists(unused), "nothing is unpacked");
    }

    @Test
    void brokenCudaLibrariesLeaveTheCpuAndAreNamedWhenADeviceIsAskedFor() throws Exception {
        assumeTrue(
                System.getenv("EDGEPRUNE_LIBTORCH") == null,
                "a libtorch of one's own may find its further libraries only from its place, not through links");
        Path lib = Files.createDirectory(temp.resolve("cuda"));
        List<Path> libraries = LibTorchFiles.of(LibTorch.info().directory(), "").cpuLibraries();
        for (Path library : libraries) {
            Files.createSymbolicLink(lib.resolve(library.getFileName()), library);
        }
        Files.writeString(lib.resolve("libtorch_cuda.so"), "not a library");
        JavaProcess.Result result = load(Map.of("EDGEPRUNE_LIBTORCH", lib.toString(), "TEST_DEVICE", "cuda:0"));
        for (Path library : libraries) {
            Files.delete(lib.resolve(library.getFileName()));
        }
        assertEquals(2, result.exitCode(), result.output());
        List<String> lines = result.output().lines().toList();
        assertEquals("loaded", lines.getFirst());
        assertTrue(
                lines.getLast()
                        .startsWith(
                                "device cuda:0 cannot be used: the system cannot load " + lib + "/libtorch_cuda.so: "),
                result.output());
    }

    @Test
    void theSystemsAllocatorCanBeChosen() throws Exception {
        String bytes = Integer.toString(4 << 20);
        assertEquals(
                List.of("loaded", "the system's, as EDGEPRUNE_ALLOCATOR says: 0 of " + bytes),
                load(Map.of("EDGEPRUNE_ALLOCATOR", "system", "TEST_BYTES", bytes))
                        .output()
                        .lines()
                        .toList());
        assertEquals(
                List.of("loaded", "edgeprune's; keeps the memory of large freed tensors: " + bytes + " of " + bytes),
                load(Map.of("EDGEPRUNE_ALLOCATOR", "", "TEST_BYTES", bytes))
                        .output()
                        .lines()
                        .toList());
        JavaProcess.Result unknown = load(Map.of("EDGEPRUNE_ALLOCATOR", "jemalloc"));
        assertEquals(2, unknown.exitCode(), unknown.output());
        assertEquals(
                "EDGEPRUNE_ALLOCATOR: 'jemalloc' is not an allocator: give 'system' or 'edgeprune', or unset it",
                unknown.output().strip());
    }

    @Test
    void theDirectoryAboveServesToo() throws IOException {
        Files.createFile(
                Files.createDirectory(temp.resolve("lib")).resolve(LibTorchFiles.mainLibrary(Platform.current())));
        assertEquals(temp.resolve("lib"), LibTorchFiles.of(temp, "--libtorch").directory());
    }

    // The next three load a library that calls itself libtorch and has next to nothing in it: what loading says about a
    // version that edgeprune does not support. A real 2.5.1 takes the same path.

    @Test
    void aLibtorchThatIsTooOldIsRefusedWithItsVersion() throws Exception {
        assertRefused(
                imitation("2.5.1"), "libtorch 2.5.1 in " + temp + "/lib is too old: edgeprune needs 2.7 or newer");
    }

    @Test
    void theVersionFileServesWhereTheLibraryCannotBeAsked() throws Exception {
        Path lib = compile("");
        Files.writeString(temp.resolve("build-version"), "1.13.1+cpu\n");
        assertRefused(lib, "libtorch 1.13.1+cpu in " + temp + "/lib is too old: edgeprune needs 2.7 or newer");
    }

    @Test
    void aLibtorchThatLacksFunctionsIsRefusedAndSaysWhich() throws Exception {
        int functions = LibTorch.info().functions();
        // All but show_config is missing.
        JavaProcess.Result result =
                load(Map.of("EDGEPRUNE_LIBTORCH", imitation("9.0.0").toString()));
        assertEquals(2, result.exitCode(), result.output());
        assertTrue(
                result.output()
                        .contains(
                                "libtorch 9.0.0 in " + temp + "/lib lacks " + (functions - 1) + " of the " + functions
                                        + " functions that edgeprune calls (c10::UndefinedTensorImpl::_singleton, aoti_torch_new_tensor_handle, "),
                result.output());
    }

    private void assertRefused(Path lib, String message) throws Exception {
        JavaProcess.Result result = load(Map.of("EDGEPRUNE_LIBTORCH", lib.toString()));
        assertEquals(2, result.exitCode(), result.output());
        assertEquals(message, result.output().strip());
    }

    private JavaProcess.Result load(Map<String, String> environment) throws Exception {
        Path log = temp.resolve("log");
        return JavaProcess.finish(JavaProcess.start(log, environment), log);
    }

    private Path imitation(String version) throws Exception {
        return compile("#include <string>\nnamespace at { std::string show_config() { return \"TORCH_VERSION=" + version
                + ", \"; } }\n");
    }

    private Path compile(String source) throws Exception {
        Path lib = Files.createDirectories(temp.resolve("lib"));
        Path file = Files.writeString(temp.resolve("imitation.cpp"), source);
        int exit = new ProcessBuilder(
                        "g++",
                        "-shared",
                        "-fPIC",
                        file.toString(),
                        "-o",
                        lib.resolve(LibTorchFiles.mainLibrary(Platform.current()))
                                .toString())
                .inheritIO()
                .start()
                .waitFor();
        assertEquals(0, exit);
        return lib;
    }
}
