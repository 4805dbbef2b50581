package org.edgeprune.mpi;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.edgeprune.io.InputException;

/**
 * The functions of {@code native/mpi/edgeprune_mpi.h}, with arrays in place of pointers. To be called by one thread at
 * a time.
 */
final class MpiLibrary {
    private static final int VERSION = 1;
    private static final int TEXT = 8192;

    private final MethodHandle init;
    private final MethodHandle names;
    private final MethodHandle allgatherv;
    private final MethodHandle abort;
    private final MethodHandle finish;
    private final MethodHandle error;

    /** Two numbers. */
    record Place(int rank, int size) {}

    /** Two names. */
    record Names(String host, String library) {}

    private MpiLibrary(SymbolLookup library) {
        this.init = function(library, "epm_init", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS));
        this.names = function(library, "epm_names", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS));
        this.allgatherv = function(
                library, "epm_allgatherv", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT, ADDRESS, ADDRESS));
        this.abort = function(library, "epm_abort", FunctionDescriptor.of(JAVA_INT, JAVA_INT));
        this.finish = function(library, "epm_finalize", FunctionDescriptor.of(JAVA_INT));
        this.error = function(library, "epm_error", FunctionDescriptor.ofVoid(JAVA_INT, ADDRESS));
    }

    /**
     * Loads the library, which stays loaded as long as the process lives.
     *
     * @throws InputException if it is missing, cannot be loaded, or is of another version of edgeprune
     */
    static MpiLibrary load(Path file) {
        String remedy = ": build it with build_mpi.sh, or name it in EDGEPRUNE_MPI";
        if (!Files.isRegularFile(file)) {
            throw new InputException(
                    file + ": this is a rank of an MPI job, and the library for MPI is not there" + remedy);
        }
        try {
            SymbolLookup library = SymbolLookup.libraryLookup(file.toAbsolutePath(), Arena.global());
            MethodHandle version = function(library, "epm_version", FunctionDescriptor.of(JAVA_INT));
            int found = (int) version.invokeExact();
            if (found != VERSION) {
                throw new InputException(
                        file + ": is of another version of edgeprune (" + found + ", not " + VERSION + ")" + remedy);
            }
            return new MpiLibrary(library);
        } catch (IllegalArgumentException e) {
            throw new InputException(
                    file + ": cannot be loaded (" + e.getMessage() + "): is the MPI that it was built with in"
                            + " LD_LIBRARY_PATH (module load)? Otherwise" + remedy.substring(1),
                    e);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    private static MethodHandle function(SymbolLookup library, String name, FunctionDescriptor signature) {
        MemorySegment address =
                library.find(name).orElseThrow(() -> new IllegalArgumentException("it has no function " + name));
        return Linker.nativeLinker().downcallHandle(address, signature);
    }

    Place init() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment rank = arena.allocate(JAVA_INT);
            MemorySegment size = arena.allocate(JAVA_INT);
            check("MPI_Init_thread", (int) init.invokeExact(rank, size));
            return new Place(rank.get(JAVA_INT, 0), size.get(JAVA_INT, 0));
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    Names names() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host = arena.allocate(TEXT);
            MemorySegment library = arena.allocate(TEXT);
            check("MPI_Get_processor_name", (int) names.invokeExact(host, library));
            return new Names(host.getString(0), library.getString(0));
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /** The bytes of all ranks one after the other. */
    byte[] allgatherv(byte[] mine, int offset, int length, int[] lengths) {
        int total = Math.toIntExact(Arrays.stream(lengths).asLongStream().sum());
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment sent = arena.allocate(Math.max(1, length));
            MemorySegment.copy(mine, offset, sent, JAVA_BYTE, 0, length);
            MemorySegment received = arena.allocate(Math.max(1, total));
            MemorySegment counts = arena.allocateFrom(JAVA_INT, lengths);
            check("MPI_Allgatherv", (int) allgatherv.invokeExact(sent, length, received, counts));
            byte[] all = new byte[total];
            MemorySegment.copy(received, JAVA_BYTE, 0, all, 0, total);
            return all;
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    void abort(int code) {
        try {
            check("MPI_Abort", (int) abort.invokeExact(code));
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    void finish() {
        try {
            check("MPI_Finalize", (int) finish.invokeExact());
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    private void check(String function, int code) throws Throwable {
        if (code != 0) {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment text = arena.allocate(TEXT);
                error.invokeExact(code, text);
                throw new IllegalStateException(function + " failed: " + text.getString(0));
            }
        }
    }

    private static RuntimeException unexpected(Throwable thrown) {
        return switch (thrown) {
            case RuntimeException e -> e;
            case Error e -> throw e;
            default -> new IllegalStateException(thrown);
        };
    }
}
