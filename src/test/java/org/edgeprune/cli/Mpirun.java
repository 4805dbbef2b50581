package org.edgeprune.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Starts commands under mpirun, all ranks on this machine.
 *
 * @param library what {@code build_mpi.sh} made
 * @param temporary where ranks put their temporary folders
 */
record Mpirun(Path library, Path temporary) {
    /** Of Open MPI 4 and 5: tests may run as root, with more ranks than cores. */
    static final Map<String, String> SETTINGS = Map.of(
            "OMPI_ALLOW_RUN_AS_ROOT", "1",
            "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1",
            "OMPI_MCA_rmaps_base_oversubscribe", "1",
            "PRTE_MCA_rmaps_default_mapping_policy", ":oversubscribe");

    /** Builds the library for MPI in a folder, or skips the tests where there is no MPI. */
    static Path buildLibrary(Path folder) {
        for (String program : List.of("mpirun", "mpicc")) {
            assumeTrue(
                    isOnPath(program), "no " + program + " (Debian, Ubuntu: apt install libopenmpi-dev openmpi-bin)");
        }
        Path library = folder.resolve("mpi.so");
        Tool.start(new ProcessBuilder(
                        Tool.LAUNCHER.resolveSibling("build_mpi.sh").toString(), library.toString()))
                .ok();
        return library;
    }

    private static boolean isOnPath(String program) {
        return Stream.of(System.getenv("PATH").split(":", -1))
                .anyMatch(directory -> Files.isExecutable(Path.of(directory, program)));
    }

    /** A command line of bash, in which $RANK is the rank. */
    ProcessBuilder ranks(int count, String script) {
        String rank = "export RANK=${OMPI_COMM_WORLD_RANK:-$PMI_RANK}; ";
        ProcessBuilder process =
                new ProcessBuilder("mpirun", "-n", Integer.toString(count), "bash", "-c", rank + script);
        process.environment().putAll(SETTINGS);
        process.environment().put("EDGEPRUNE_MPI", library.toString());
        process.environment().putIfAbsent("JAVA_HOME", System.getProperty("java.home"));
        process.environment().put("EDGEPRUNE_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1 -Djava.io.tmpdir=" + temporary);
        return process;
    }

    /** A command of edgeprune on several ranks. */
    Tool run(int count, List<Object> arguments) {
        return Tool.start(ranks(count, command(arguments)));
    }

    /** A command of edgeprune as a line of bash. */
    static String command(List<Object> arguments) {
        StringBuilder line = new StringBuilder("exec ").append(Tool.LAUNCHER);
        arguments.forEach(argument -> line.append(' ').append(argument));
        return line.toString();
    }

    void assertNothingIsLeft() throws IOException {
        try (Stream<Path> left = Files.list(temporary)) {
            assertEquals(
                    List.of(),
                    left.filter(file -> file.getFileName().toString().startsWith("edgeprune-"))
                            .toList());
        }
    }
}
