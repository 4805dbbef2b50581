package org.edgeprune.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;
import picocli.CommandLine;

/** A command in this process: quicker than {@link Tool}, and with commands of a test's own. */
record InProcess(int exit, List<String> out, List<String> err) {
    static InProcess run(Object... arguments) {
        return run(Main.commandLine(), arguments);
    }

    static InProcess run(CommandLine line, Object... arguments) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        line.setOut(new PrintWriter(out, true, StandardCharsets.UTF_8));
        line.setErr(new PrintWriter(err, true, StandardCharsets.UTF_8));
        int exit = Main.run(line, Stream.of(arguments).map(Object::toString).toArray(String[]::new));
        line.getOut().flush();
        line.getErr().flush();
        return new InProcess(exit, lines(out), lines(err));
    }

    private static List<String> lines(ByteArrayOutputStream bytes) {
        return bytes.toString(StandardCharsets.UTF_8).lines().toList();
    }

    InProcess ok() {
        assertEquals(0, exit, err.toString());
        return this;
    }

    /**
     * Checks for exit code 2 and no result. @return the only line on standard error that begins with the tool's name
     */
    String refused() {
        assertEquals(2, exit, err.toString());
        assertEquals(List.of(), out);
        List<String> complaints =
                err.stream().filter(line -> line.startsWith("edgeprune: ")).toList();
        assertEquals(1, complaints.size(), err.toString());
        assertTrue(err.stream().noneMatch(line -> line.startsWith("\tat ")), err.toString());
        assertTrue(complaints.getFirst().length() <= 511, complaints.getFirst());
        return complaints.getFirst();
    }

    /** The line on standard error that begins so. */
    String said(String beginning) {
        return err.stream()
                .filter(line -> line.startsWith(beginning))
                .findFirst()
                .orElseThrow(() -> new AssertionError("nothing began with " + beginning + ": " + err));
    }
}
