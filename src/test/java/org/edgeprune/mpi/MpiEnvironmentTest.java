package org.edgeprune.mpi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.edgeprune.io.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MpiEnvironmentTest {
    private static final Path LIBRARY = Path.of("here/libedgeprune_mpi.so");

    private static Optional<MpiEnvironment> of(String rank, String rankValue, String size, String sizeValue) {
        return MpiEnvironment.of(Map.of(rank, rankValue, size, sizeValue, "EDGEPRUNE_MPI", LIBRARY.toString()));
    }

    @Test
    void theLaunchersOfMpiAreKnown() {
        Optional<MpiEnvironment> expected = Optional.of(new MpiEnvironment(2, 4, LIBRARY, 45));
        assertEquals(expected, of("OMPI_COMM_WORLD_RANK", "2", "OMPI_COMM_WORLD_SIZE", "4"));
        assertEquals(expected, of("PMI_RANK", "2", "PMI_SIZE", "4"));
        assertEquals(expected, of("PMIX_RANK", "2", "SLURM_STEP_NUM_TASKS", "4"));
    }

    @Test
    void silenceIsANumberOfSeconds() {
        Map<String, String> rank = Map.of("PMI_RANK", "0", "PMI_SIZE", "2");
        Map<String, String> given = new HashMap<>(rank);
        given.put("EDGEPRUNE_MPI_SILENCE", "600");
        assertEquals(600, MpiEnvironment.of(given).orElseThrow().silence());
        given.put("EDGEPRUNE_MPI_SILENCE", "0");
        assertEquals(0, MpiEnvironment.of(given).orElseThrow().silence());
        given.put("EDGEPRUNE_MPI_SILENCE", "soon");
        String message = assertThrows(InputException.class, () -> MpiEnvironment.of(given))
                .getMessage();
        assertTrue(message.startsWith("EDGEPRUNE_MPI_SILENCE=soon: "), message);
    }

    /** Slurm sets its variables in every job, also around a process by itself. */
    @Test
    void aProcessByItselfIsNoRank() {
        assertEquals(Optional.empty(), MpiEnvironment.of(Map.of()));
        assertEquals(Optional.empty(), of("OMPI_COMM_WORLD_RANK", "0", "OMPI_COMM_WORLD_SIZE", "1"));
        assertEquals(Optional.empty(), of("SLURM_PROCID", "0", "SLURM_NTASKS", "4"));
        assertEquals(Optional.empty(), of("PMI_RANK", "x", "PMI_SIZE", "4"));
    }

    @Test
    void aLibraryThatIsMissingOrAnotherIsRefused(@TempDir Path folder) {
        Path missing = folder.resolve("libedgeprune_mpi.so");
        String message = assertThrows(InputException.class, () -> MpiLibrary.load(missing))
                .getMessage();
        assertTrue(message.startsWith(missing + ": ") && message.contains("build_mpi.sh"), message);
        Path other = Path.of("/lib/x86_64-linux-gnu/libm.so.6");
        assumeTrue(Files.exists(other), "no libm.so.6 where Debian has it");
        message =
                assertThrows(InputException.class, () -> MpiLibrary.load(other)).getMessage();
        assertTrue(
                message.startsWith(other + ": is not edgeprune's library for MPI") && message.contains("build_mpi.sh"),
                message);
    }
}
