package org.edgeprune.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.edgeprune.cli.FaultyDisk.Fault;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/**
 * A power cut or a full disk at some of the writes of a short run: it goes on to the same bits.
 * {@code run_scripts/soak/disk_faults.sh} tries all writes, also of other commands.
 */
@Execution(ExecutionMode.CONCURRENT)
class EveryWriteTest {
    @TempDir
    private Path folder;

    @BeforeAll
    static void needsACompiler() {
        assumeTrue(FaultyDisk.isSupported(), "the faults are made by a library that gcc builds on Linux");
    }

    @Test
    void powerCutsLoseNothingThatWasDone() throws IOException {
        everyWrite(Fault.POWER_CUT, 13);
    }

    @Test
    void fullDisksAreOneLineAndLoseNothing() throws IOException {
        everyWrite(Fault.FULL, 13);
    }

    private void everyWrite(Fault fault, int stride) throws IOException {
        ProcessBuilder process = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-Xmx512m",
                "-cp",
                System.getProperty("java.class.path"),
                EveryWrite.class.getName());
        process.command()
                .addAll(List.of(
                        folder.toString(), fault.name(), Integer.toString(stride), "1", "300", "false", "prune"));
        process.environment().putAll(FaultyDisk.environment(folder));
        Tool tried = Tool.start(process);
        assertEquals(0, tried.exit(), () -> tried.out() + tried.err());
    }
}
