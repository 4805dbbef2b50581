package org.edgeprune.torch;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.edgeprune.InputException;
import org.edgeprune.torch.ffi.Shim;

/** libtorch as loaded into this process. */
public final class LibTorch {
    private static boolean loaded;

    private LibTorch() {}

    /** Loads libtorch and the shim, once. */
    public static synchronized void load() {
        if (loaded) {
            return;
        }
        Path dir = extract();
        for (String name : List.of("libgcc_s.so.1", "libquadmath.so.0", "libgfortran.so.5", "libgomp.so.1", "libopenblas.so.0", "libc10.so", "libtorch_cpu.so")) {
            dlopen(dir.resolve(name));
        }
        System.load(dir.resolve("libedgeprune_shim.so").toString());
        if (Shim.ep_self_test() != Shim.EP_OK()) {
            throw new InputException(Shim.ep_last_error().getString(0));
        }
        loaded = true;
    }

    public static void setThreads(int threads) {
        load();
        check(Shim.ep_set_num_threads(threads));
    }

    public static int threads() {
        load();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ValueLayout.JAVA_INT);
            check(Shim.ep_get_num_threads(out));
            return out.get(ValueLayout.JAVA_INT, 0);
        }
    }

    public static void seed(long seed) {
        load();
        check(Shim.ep_manual_seed(seed));
    }

    public static int cudaDevices() {
        load();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ValueLayout.JAVA_INT);
            check(Shim.ep_cuda_device_count(out));
            return out.get(ValueLayout.JAVA_INT, 0);
        }
    }

    private static void check(int status) {
        if (status != Shim.EP_OK()) {
            throw new TorchException(Shim.ep_last_error().getString(0));
        }
    }

    private static void dlopen(Path file) {
        try (Arena arena = Arena.ofConfined()) {
            Linker linker = Linker.nativeLinker();
            var dlopen = linker.downcallHandle(linker.defaultLookup().find("dlopen").orElseThrow(), FunctionDescriptor.of(ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.JAVA_INT));
            var handle = (MemorySegment) dlopen.invokeExact((MemorySegment) arena.allocateFrom(file.toString()), 0x102);
            if (handle.address() == 0) {
                throw new InputException("cannot load " + file);
            }
        } catch (RuntimeException e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    private static Path extract() {
        try {
            Path dir = Path.of(System.getProperty("java.io.tmpdir"), "edgeprune-first-cut");
            Files.createDirectories(dir);
            for (String name : List.of("openblas/linux-x86_64/libgcc_s.so.1", "openblas/linux-x86_64/libquadmath.so.0", "openblas/linux-x86_64/libgfortran.so.5", "openblas/linux-x86_64/libopenblas.so.0",
                    "pytorch/linux-x86_64/libgomp.so.1", "pytorch/linux-x86_64/libc10.so", "pytorch/linux-x86_64/libtorch_cpu.so")) {
                copy("/org/bytedeco/" + name, dir, false);
            }
            copy("/META-INF/native/linux-x86_64/libedgeprune_shim.so", dir, true);
            return dir;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void copy(String resource, Path dir, boolean always) throws IOException {
        Path target = dir.resolve(resource.substring(resource.lastIndexOf('/') + 1));
        if (always || !Files.exists(target)) {
            Path part = Files.createTempFile(dir, "part", null);
            try (InputStream in = LibTorch.class.getResourceAsStream(resource)) {
                Files.write(part, in.readAllBytes());
            }
            Files.move(part, target, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        }
    }
}
