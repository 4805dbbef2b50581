package org.edgeprune.torch;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;
import org.edgeprune.io.InputException;
import org.edgeprune.torch.ffi.Shim;

/**
 * libtorch, as this process has loaded it.
 *
 * <p>Which one: the directory given to {@link #use}, else the one in {@code EDGEPRUNE_LIBTORCH}, else the Maven
 * artifact on the class path, unpacked once into the user's cache ({@code EDGEPRUNE_CACHE}, else
 * {@code $XDG_CACHE_HOME/edgeprune}, else {@code ~/.cache/edgeprune}). One process loads one libtorch, once; the first
 * tensor loads it if it is not loaded.
 *
 * <p>Loading checks the version, that every function that edgeprune calls exists, and by a small numeric test that
 * arguments and results are passed as assumed. If a check fails, that is an {@link InputException} and not a crash
 * later.
 */
public final class LibTorch {
    // A shared library is loaded once in a process, so this state is the process's.
    private static volatile boolean loaded;
    private static LibTorchLoader loader;
    private static RuntimeException failure;
    private static Path chosen;

    private LibTorch() {}

    /**
     * Names the libtorch to load. To be called before anything is loaded.
     *
     * @param directory its {@code lib} directory, or the one above
     * @throws InputException if there is no libtorch
     * @throws IllegalStateException if another one is loaded, or its loading has failed, already
     */
    public static synchronized void use(Path directory) {
        LibTorchFiles files = LibTorchFiles.of(directory, "--libtorch");
        if (loader != null
                && (failure != null || !files.directory().equals(loader.files().directory()))) {
            throw new IllegalStateException("a process loads one libtorch; name it before the first tensor is made");
        }
        chosen = directory;
    }

    /**
     * Loads libtorch if that has not been done.
     *
     * @throws InputException if there is none, or none that can be used; the same at every further call
     */
    public static void load() {
        if (!loaded) {
            loadOnce();
        }
    }

    @SuppressWarnings("StaticAssignmentOfThrowable") // every later call throws what made the first one fail
    private static synchronized void loadOnce() {
        if (loader == null) {
            loader = new LibTorchLoader(chosen);
            try {
                loader.load();
                loaded = true;
            } catch (RuntimeException e) {
                failure = e;
            } catch (LinkageError e) {
                failure = new IllegalStateException(
                        "the native library cannot be loaded: " + e.getMessage()
                                + "; build it on this machine (mvn clean package)",
                        e);
            }
        }
        if (failure != null) {
            throw failure;
        }
    }

    /**
     * What was found, even if loading fails: the content of {@code edgeprune doctor}. Reads all unpacked files.
     *
     * @return the report
     */
    public static synchronized Report info() {
        try {
            load();
        } catch (RuntimeException e) {
            // It is part of the report.
        }
        return LibTorchDiagnosis.of(loader, failure);
    }

    /**
     * This process's libtorch.
     *
     * @param java the Java runtime and its version
     * @param origin where libtorch comes from; null if none was found
     * @param directory folder with its libraries; null if none was found
     * @param version libtorch's version; like all below null, 0 or empty if libtorch could not be loaded
     * @param blas the library of its matrix products
     * @param cpuCapability the instruction set that its CPU kernels use
     * @param allocator what allocates the memory of CPU tensors
     * @param threads CPU threads of one operation
     * @param devices the devices that tensors can be on
     * @param functions number of libtorch's functions that edgeprune calls
     * @param missing those that this libtorch lacks
     * @param selfTest whether the numeric self-test passed
     * @param problems what is wrong or slow, with the remedy; empty if everything is well
     */
    public record Report(
            String java,
            String origin,
            Path directory,
            String version,
            String blas,
            String cpuCapability,
            String allocator,
            int threads,
            List<String> devices,
            int functions,
            List<String> missing,
            boolean selfTest,
            List<Problem> problems) {
        /**
         * Something wrong, and what to do about it.
         *
         * @param what what is wrong
         * @param remedy what to do
         * @param fatal whether edgeprune does not work, or its results cannot be trusted; otherwise it is only slow or
         *     lacks a device
         */
        public record Problem(String what, String remedy, boolean fatal) {}
    }

    /**
     * libtorch's version.
     *
     * @return such as {@code 2.13.0}
     */
    public static String version() {
        load();
        return loader.libtorchVersion();
    }

    /**
     * Sets the number of CPU threads of one operation, for the whole process.
     *
     * @param threads 1 or more
     * @throws InputException as {@link #requireThreads}
     */
    public static void setThreads(int threads) {
        requireThreads(threads);
        load();
        NativeCalls.check(Shim.ep_set_num_threads(threads), "setThreads");
    }

    /**
     * Checks a number of threads: with very many, OpenMP would end the process.
     *
     * @param threads 1 to 4 per core, or up to 64 on small machines
     * @throws InputException if it is outside this range
     */
    public static void requireThreads(int threads) {
        int most = Math.max(64, 4 * Runtime.getRuntime().availableProcessors());
        if (threads < 1 || threads > most) {
            throw new InputException(threads + " threads: must be from 1 to " + most
                    + "; more than one a core only wait for each other");
        }
    }

    /**
     * The number of CPU threads of one operation; at first the number of cores, or {@code OMP_NUM_THREADS}.
     *
     * @return number of threads
     */
    public static int threads() {
        MemorySegment out = Scratch.begin().words(1);
        NativeCalls.check(Shim.ep_get_num_threads(out), "threads");
        return out.get(ValueLayout.JAVA_INT, 0);
    }

    /**
     * Seeds libtorch's global generators, on all devices. Not to be called while another thread draws from them.
     *
     * @param seed the seed
     */
    public static void seed(long seed) {
        load();
        NativeCalls.check(Shim.ep_manual_seed(seed), "seed");
    }

    /**
     * Sets how much of the memory of large CPU tensors is kept by the process when they are freed, for the next ones:
     * at first 8 GiB, but never so much that the process becomes larger than the most that tensors have held at one
     * time since this was called. More saves time if the sizes of a computation vary, less saves memory.
     *
     * @param bytes the limit; 0 returns all of it to the system
     * @throws TorchException if edgeprune's allocator cannot be used with this libtorch
     * @throws IllegalStateException if the variable {@code EDGEPRUNE_ALLOCATOR} leaves memory to the system
     */
    public static void keepFreedMemory(long bytes) {
        load();
        if (loader.allocator() == Allocator.SYSTEM) {
            throw new IllegalStateException(
                    "keepFreedMemory: memory is left to the system: unset " + Allocator.VARIABLE);
        }
        NativeCalls.check(Shim.ep_keep_freed_memory(bytes), "keepFreedMemory");
    }

    /**
     * The memory of large CPU tensors (from 64 KiB).
     *
     * @return bytes; zeros if edgeprune's allocator is not used
     */
    public static LargeMemory largeMemory() {
        MemorySegment out = Scratch.begin().words(3);
        NativeCalls.check(Shim.ep_large_memory(out, out.asSlice(8), out.asSlice(16)), "largeMemory");
        return new LargeMemory(
                out.getAtIndex(ValueLayout.JAVA_LONG, 0),
                out.getAtIndex(ValueLayout.JAVA_LONG, 1),
                out.getAtIndex(ValueLayout.JAVA_LONG, 2));
    }

    /**
     * Bytes of large CPU tensors.
     *
     * @param inUse bytes that tensors hold now
     * @param peak the most that tensors have held at one time since the last {@link #keepFreedMemory}
     * @param kept bytes that were freed, and are kept for the next tensors
     */
    public record LargeMemory(long inUse, long peak, long kept) {}

    /**
     * The number of GPUs that libtorch can use.
     *
     * @return 0 in a CPU build
     */
    public static int cudaDevices() {
        MemorySegment out = Scratch.begin().words(1);
        NativeCalls.check(Shim.ep_cuda_device_count(out), "cudaDevices");
        return out.get(ValueLayout.JAVA_INT, 0);
    }

    /**
     * Checks that a device can be used.
     *
     * @param device the device
     * @throws InputException if it cannot, with the reason
     */
    public static void require(Device device) {
        load();
        if (!device.isCuda() || device.index() < cudaDevices()) {
            return;
        }
        String reason = cudaDevices() > 0
                ? "libtorch sees " + cudaDevices() + " CUDA device(s), counted from 0"
                : loader.cudaFailure() != null
                        ? loader.cudaFailure()
                        : loader.files().cudaLibraries().isEmpty()
                                ? "this libtorch is a CPU build; name one with CUDA by --libtorch or EDGEPRUNE_LIBTORCH"
                                : "libtorch finds no CUDA device: is the NVIDIA driver there (nvidia-smi)?";
        throw new InputException("device " + device + " cannot be used: " + reason);
    }

    /**
     * Waits until a device has completed what it was given. Operations on the CPU are complete when they return.
     *
     * @param device the device
     */
    public static void synchronize(Device device) {
        load();
        if (device.isCuda()) {
            NativeCalls.check(Shim.ep_cuda_synchronize(device.index()), "synchronize");
        }
    }
}
