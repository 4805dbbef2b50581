package org.edgeprune.task.tokenizer;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.edgeprune.io.AtomicFile;
import org.edgeprune.io.CacheDirectory;
import org.edgeprune.io.Digest;
import org.edgeprune.io.InputException;
import org.edgeprune.io.TextReader;

/**
 * Tries definitions with parts that are not known to be safe in a separate Java process, which loads them and encodes
 * and decodes texts ({@link TrialProcess}). A crash ends only that process. The verdict is cached by the definition's
 * digest, so that each tokenizer is tried once.
 */
final class Trial {
    /** Part of the digest: with another library, other texts or other rules every definition is tried again. */
    private static final String VERSION = "tokenizers 0.21.4, trial 1";

    private static final String GOOD = "good";
    private static final int MAX_VERDICT_BYTES = 1 << 16;
    private static final int MAX_WORDS = 200;
    private static final int SECONDS = 120;

    private final Path verdicts;
    private final List<String> command;
    private final long seconds;

    /**
     * A trial with its own settings.
     *
     * @param verdicts the directory in which verdicts are cached
     * @param command the command line of the process
     * @param seconds after which the process counts as hanging
     */
    Trial(Path verdicts, List<String> command, long seconds) {
        this.verdicts = verdicts;
        this.command = List.copyOf(command);
        this.seconds = seconds;
    }

    /** A trial with the Java and class path of this process; verdicts are cached in the user's cache. */
    static Trial ofUser() {
        return new Trial(CacheDirectory.ofUser().resolve("tokenizers"), javaCommand(), SECONDS);
    }

    static List<String> javaCommand() {
        return List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:-CreateCoredumpOnCrash",
                "--enable-native-access=ALL-UNNAMED",
                "-Xmx2g",
                "-cp",
                absolute(System.getProperty("java.class.path")),
                TrialProcess.class.getName());
    }

    /** A class path that also holds in another directory, in which the process runs. */
    static String absolute(String classPath) {
        return Arrays.stream(classPath.split(File.pathSeparator, -1))
                .map(entry -> Path.of(entry).toAbsolutePath().toString())
                .collect(Collectors.joining(File.pathSeparator));
    }

    /**
     * Accepts a definition that is made of known parts, or that a process survived.
     *
     * @throws InputException if the process died or hung, or could not be started
     */
    void requireSafe(TokenizerDefinition definition) {
        if (KnownParts.only(definition.json())) {
            return;
        }
        String json = definition.json().toString();
        Path file = verdicts.resolve(Digest.sha256(VERSION + json));
        String verdict =
                Files.isRegularFile(file) ? TextReader.upTo(MAX_VERDICT_BYTES).read(file, "remove it") : "";
        if (verdict.isEmpty()) {
            verdict = run(definition.source(), json);
            remember(file, verdict);
        }
        if (!verdict.equals(GOOD)) {
            throw new InputException(definition.source() + ": the tokenizers library aborts the process at this file ("
                    + verdict + "); fetch the file again, or write it with a newer transformers");
        }
    }

    private void remember(Path file, String verdict) {
        try {
            Files.createDirectories(verdicts);
            AtomicFile.writeText(file, verdict);
        } catch (IOException | InputException notWritable) {
            // without a cache the definition is tried each time, which is only slower
        }
    }

    private String run(String source, String json) {
        Process process;
        try {
            process = new ProcessBuilder(command)
                    .directory(Path.of(System.getProperty("java.io.tmpdir")).toFile())
                    .redirectErrorStream(true)
                    .start();
        } catch (IOException e) {
            throw cannotTry(source, e.getMessage());
        }
        CompletableFuture<String> words = CompletableFuture.supplyAsync(() -> words(process));
        try {
            try (OutputStream in = process.getOutputStream()) {
                in.write(json.getBytes(StandardCharsets.UTF_8));
            } catch (IOException endedBeforeItRead) {
                // its exit code and output say why
            }
            if (!process.waitFor(seconds, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new InputException(source + ": the tokenizers library does not finish with this file within "
                        + seconds + " seconds; fetch the file again");
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
            throw new InputException(source + ": interrupted while the tokenizer was tried; try again", e);
        }
        String said = words.join();
        if (process.exitValue() == TrialProcess.SURVIVED) {
            return GOOD;
        }
        return panic(said)
                .orElseThrow(() -> cannotTry(
                        source, "exit code " + process.exitValue() + (said.isBlank() ? "" : ": " + said.strip())));
    }

    private static InputException cannotTry(String source, String why) {
        return new InputException(source
                + ": has parts that may abort the process, and the Java process to try it in cannot" + " be started ("
                + why + "); use a tokenizer.json of a common kind, or run where Java processes can start");
    }

    /** The first words of a panic of the library. */
    private static Optional<String> panic(String said) {
        int at = said.indexOf("panicked at");
        if (at < 0) {
            return Optional.empty();
        }
        String words =
                said.substring(at).replaceAll("/\\S*/(?=[^/\\s]+\\.rs)", "").replaceAll("\\s+", " ");
        return Optional.of(
                words.substring(0, Math.min(words.length(), MAX_WORDS)).strip());
    }

    private static String words(Process process) {
        try (InputStream out = process.getInputStream()) {
            String all = new String(out.readNBytes(MAX_VERDICT_BYTES), StandardCharsets.UTF_8);
            out.transferTo(OutputStream.nullOutputStream());
            return all;
        } catch (IOException e) {
            return e.toString();
        }
    }
}
