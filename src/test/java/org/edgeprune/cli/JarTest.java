package org.edgeprune.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/**
 * edgeprune as a jar, far from any checkout: the bundled model comes out of it, whole, whoever asks at the same time.
 */
@Execution(ExecutionMode.CONCURRENT)
class JarTest {
    @TempDir
    Path folder;

    @Test
    void theBundledModelIsUnpackedOnce() throws IOException {
        Path jar = jar(Path.of("target/classes"), folder.resolve("edgeprune.jar"));
        List<CompletableFuture<Tool>> both = Stream.generate(() -> CompletableFuture.supplyAsync(() -> info(jar)))
                .limit(2)
                .toList();
        String model = both.get(0).join().ok().json().get("model").asText();
        assertEquals(model, both.get(1).join().ok().json().get("model").asText());
        assertTrue(model.startsWith(folder.resolve("cache").toString()), model);
        // all of them: a run made in a checkout has the same tokenizer as one made with the distribution
        try (Stream<Path> files = Files.list(Path.of("data/models/mini-gpt2"))) {
            for (Path file : files.filter(file -> !file.endsWith("README.md")).toList()) {
                assertEquals(-1, Files.mismatch(file, Path.of(model).resolve(file.getFileName())), file.toString());
            }
        }
        try (Stream<Path> left = Files.list(folder.resolve("cache"))) {
            Set<String> libraries = Set.of("libtorch", "shim");
            assertEquals(
                    List.of(Path.of(model)),
                    left.filter(path -> !libraries.contains(path.getFileName().toString()))
                            .toList());
        }
    }

    private Tool info(Path jar) {
        try {
            ProcessBuilder process = new ProcessBuilder(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-cp",
                    jar + ":" + Files.readString(Path.of("target/classpath.txt")),
                    Main.class.getName(),
                    "info",
                    "--json");
            process.environment().put("EDGEPRUNE_CACHE", folder.resolve("cache").toString());
            return Tool.start(process.directory(folder.toFile()));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static Path jar(Path classes, Path jar) throws IOException {
        try (Stream<Path> files = Files.walk(classes);
                OutputStream out = Files.newOutputStream(jar);
                ZipOutputStream zip = new ZipOutputStream(out)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                zip.putNextEntry(new ZipEntry(classes.relativize(file).toString()));
                Files.copy(file, zip);
            }
        }
        return jar;
    }
}
