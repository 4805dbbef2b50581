package org.edgeprune.safetensors;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.edgeprune.fixture.Fixtures;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Real files that other implementations wrote: read, compared with a plain reading of the rules, written, read again.
 */
class ReferenceFilesTest {
    private static final Path REFERENCE = Fixtures.golden("");

    @TempDir
    Path dir;

    private static List<Path> files() throws IOException {
        try (Stream<Path> all = Files.walk(REFERENCE)) {
            return all.filter(file -> file.toString().endsWith(".safetensors"))
                    .sorted()
                    .toList();
        }
    }

    @Test
    void filesAreReadAsTheRulesSay() throws IOException {
        assertTrue(files().size() >= 100, files().toString());
        for (Path file : files()) {
            byte[] bytes = Files.readAllBytes(file);
            List<RawFile.Entry> expected = RawFile.check(bytes);
            try (SafeTensorsFile open = SafeTensorsFile.open(file)) {
                assertEquals(expected.stream().map(RawFile.Entry::name).toList(), open.names(), file.toString());
            }
        }
    }

    @Test
    void copiesHoldTheSameTensors() throws IOException {
        for (Path file : files()) {
            if (file.startsWith(Fixtures.golden("convert"))) {
                continue; // it has I8 and I16, which are widened to I32 when they are read
            }
            Path copy = dir.resolve("copy.safetensors");
            try (TensorScope _ = TensorScope.open();
                    SafeTensorsFile open = SafeTensorsFile.open(file)) {
                Map<String, Tensor> tensors = new LinkedHashMap<>();
                open.names().forEach(name -> tensors.put(name, open.tensor(name)));
                SafeTensorsWriter.write(copy, tensors, open.metadata());
                assertEquals(
                        tensors.size(), RawFile.check(Files.readAllBytes(copy)).size());
            }
            try (Checkpoint original = Checkpoint.open(file);
                    Checkpoint copied = Checkpoint.open(copy)) {
                assertEquals(original.sha256(), copied.sha256(), file.toString());
            }
        }
    }

    /** The sizes that the model's config.json states. */
    @Test
    void goldenGpt2HasItsEmbeddings() {
        try (Checkpoint checkpoint = Checkpoint.open(REFERENCE.resolve("edge-pruning/gpt2"))) {
            assertArrayEquals(
                    new long[] {101, 32},
                    checkpoint.info("transformer.wte.weight").shape());
            assertEquals(
                    SafeDType.F32, checkpoint.info("transformer.wte.weight").dtype());
        }
    }
}
