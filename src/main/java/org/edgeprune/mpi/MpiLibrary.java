package org.edgeprune.mpi;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.edgeprune.io.InputException;
import org.edgeprune.mpi.ffi.Mpi;

/**
 * The functions of {@code native/mpi/edgeprune_mpi.h}, with arrays in place of pointers. To be called by one thread at
 * a time.
 */
final class MpiLibrary {
    private MpiLibrary() {}

    /** Two numbers. */
    record Place(int rank, int size) {}

    /** Two names. */
    record Names(String host, String library) {}

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
        int found;
        try {
            System.load(file.toAbsolutePath().toString());
            found = Mpi.epm_version();
        } catch (UnsatisfiedLinkError e) {
            throw new InputException(
                    file + ": cannot be loaded (" + e.getMessage() + "): is the MPI that it was built with in"
                            + " LD_LIBRARY_PATH (module load)? Otherwise" + remedy.substring(1),
                    e);
        } catch (ExceptionInInitializerError e) { // there is no such function
            throw new InputException(file + ": is not edgeprune's library for MPI" + remedy, e);
        }
        if (found != Mpi.EPM_VERSION()) {
            throw new InputException(file + ": is of another version of edgeprune (" + found + ", not "
                    + Mpi.EPM_VERSION() + ")" + remedy);
        }
        return new MpiLibrary();
    }

    Place init() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment rank = arena.allocate(JAVA_INT);
            MemorySegment size = arena.allocate(JAVA_INT);
            check("MPI_Init_thread", Mpi.epm_init(rank, size));
            return new Place(rank.get(JAVA_INT, 0), size.get(JAVA_INT, 0));
        }
    }

    Names names() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host = arena.allocate(Mpi.EPM_TEXT());
            MemorySegment library = arena.allocate(Mpi.EPM_TEXT());
            check("MPI_Get_processor_name", Mpi.epm_names(host, library));
            return new Names(host.getString(0), library.getString(0));
        }
    }

    /** The bytes of all ranks one after the other. */
    byte[] allgatherv(byte[] mine, int offset, int length, int[] lengths) {
        int total = sum(lengths);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment sent = arena.allocate(Math.max(1, length));
            MemorySegment.copy(mine, offset, sent, JAVA_BYTE, 0, length);
            MemorySegment received = arena.allocate(Math.max(1, total));
            MemorySegment counts = arena.allocateFrom(JAVA_INT, lengths);
            check("MPI_Allgatherv", Mpi.epm_allgatherv(sent, length, received, counts));
            return bytes(received, total);
        }
    }

    /** Sends each rank the part of its number; gives the bytes that all ranks sent here, one after the other. */
    byte[] alltoallv(List<byte[]> parts, int[] lengths) {
        int[] outgoing = parts.stream().mapToInt(part -> part.length).toArray();
        int total = sum(lengths);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment mine = arena.allocate(Math.max(1, sum(outgoing)));
            long next = 0;
            for (byte[] part : parts) {
                MemorySegment.copy(part, 0, mine, JAVA_BYTE, next, part.length);
                next += part.length;
            }
            MemorySegment all = arena.allocate(Math.max(1, total));
            check(
                    "MPI_Alltoallv",
                    Mpi.epm_alltoallv(
                            mine, arena.allocateFrom(JAVA_INT, outgoing), all, arena.allocateFrom(JAVA_INT, lengths)));
            return bytes(all, total);
        }
    }

    void abort(int code) {
        check("MPI_Abort", Mpi.epm_abort(code));
    }

    void finish() {
        check("MPI_Finalize", Mpi.epm_finalize());
    }

    private static int sum(int[] lengths) {
        return Math.toIntExact(Arrays.stream(lengths).asLongStream().sum());
    }

    private static byte[] bytes(MemorySegment segment, int length) {
        byte[] bytes = new byte[length];
        MemorySegment.copy(segment, JAVA_BYTE, 0, bytes, 0, length);
        return bytes;
    }

    private static void check(String function, int code) {
        if (code != 0) {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment text = arena.allocate(Mpi.EPM_TEXT());
                Mpi.epm_error(code, text);
                throw new IllegalStateException(function + " failed: " + text.getString(0));
            }
        }
    }
}
