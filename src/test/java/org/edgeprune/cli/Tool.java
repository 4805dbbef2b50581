package org.edgeprune.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/**
 * What the tool did: as a user runs it, in a process of {@code run_scripts/edgeprune}, or {@linkplain InProcess in this
 * process}.
 */
record Tool(int exit, String out, String err) {
    static final Path LAUNCHER = Path.of("run_scripts/edgeprune").toAbsolutePath();

    static Tool run(Object... arguments) {
        return run(new ProcessBuilder(), arguments);
    }

    /** With an environment or a directory of the caller's. */
    static Tool run(ProcessBuilder process, Object... arguments) {
        List<String> command = new ArrayList<>(List.of(LAUNCHER.toString()));
        for (Object argument : arguments) {
            command.add(argument.toString());
        }
        return start(process.command(command));
    }

    /**
     * A command that leaves the cores to this process where both want them: the tests in this process run one after the
     * other, and take the longest.
     */
    static List<String> behind(List<String> command) {
        return Stream.concat(Stream.of("nice", "-n", "5"), command.stream()).toList();
    }

    /** Starts a command of the caller's and waits for its end. */
    static Tool start(ProcessBuilder process) {
        process.command(behind(process.command()));
        process.environment().putIfAbsent("JAVA_HOME", System.getProperty("java.home"));
        try {
            Path out = Files.createTempFile("tool", ".out");
            Path err = Files.createTempFile("tool", ".err");
            try {
                Process running = process.redirectOutput(out.toFile())
                        .redirectError(err.toFile())
                        .start();
                if (!running.waitFor(10, TimeUnit.MINUTES)) {
                    running.destroyForcibly();
                    throw new AssertionError(process.command() + " did not end; it said: " + Files.readString(err));
                }
                return new Tool(running.exitValue(), Files.readString(out), Files.readString(err));
            } finally {
                Files.delete(out);
                Files.delete(err);
            }
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** Waits until {@code happened}, then sends the process of a command a signal. */
    static Tool interrupt(String signal, BooleanSupplier happened, Object... arguments) {
        // env: a job in the background may have begun with SIGINT ignored
        List<String> command = new ArrayList<>(behind(List.of("env", "--default-signal=INT", LAUNCHER.toString())));
        for (Object argument : arguments) {
            command.add(argument.toString());
        }
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().putIfAbsent("JAVA_HOME", System.getProperty("java.home"));
        try {
            Path err = Files.createTempFile("tool", ".err");
            Process running = builder.redirectOutput(Redirect.DISCARD)
                    .redirectError(err.toFile())
                    .start();
            while (running.isAlive() && !happened.getAsBoolean()) {
                Thread.sleep(5);
            }
            assertTrue(running.isAlive(), "the command ended before it could be interrupted");
            new ProcessBuilder("kill", "-" + signal, Long.toString(running.pid()))
                    .start()
                    .waitFor();
            if (!running.waitFor(10, TimeUnit.MINUTES)) {
                running.destroyForcibly();
                throw new AssertionError(command + " did not end on SIG" + signal);
            }
            Tool ended = new Tool(running.exitValue(), "", Files.readString(err));
            Files.delete(err);
            return ended;
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** Checks that the command succeeded. */
    Tool ok() {
        assertEquals(0, exit, () -> "standard error:\n" + err);
        return this;
    }

    /**
     * Checks that the input was refused: exit code 2, no result, no stack trace, and one line, not too long, which says
     * why.
     *
     * @return that line, the only one on standard error that begins with the tool's name
     */
    String refused() {
        assertEquals(2, exit, () -> "standard error:\n" + err);
        assertEquals("", out);
        List<String> complaints = errLines().stream()
                .filter(line -> line.startsWith("edgeprune: "))
                .toList();
        assertEquals(1, complaints.size(), err);
        assertTrue(errLines().stream().noneMatch(line -> line.startsWith("\tat ")), err);
        assertTrue(complaints.getFirst().length() <= 511, complaints.getFirst());
        return complaints.getFirst();
    }

    /** The line on standard error that begins so. */
    String said(String beginning) {
        return errLines().stream()
                .filter(line -> line.startsWith(beginning))
                .findFirst()
                .orElseThrow(() -> new AssertionError("nothing began with " + beginning + ": " + err));
    }

    List<String> outLines() {
        return out.lines().toList();
    }

    List<String> errLines() {
        return err.lines().toList();
    }

    /** Standard output, which must be one JSON value and nothing else. */
    JsonNode json() {
        try {
            return new ObjectMapper()
                    .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                    .readTree(out);
        } catch (IOException e) {
            throw new AssertionError("not JSON: " + out, e);
        }
    }
}
