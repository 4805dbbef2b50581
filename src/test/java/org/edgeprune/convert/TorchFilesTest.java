package org.edgeprune.convert;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.edgeprune.io.InputException;
import org.edgeprune.safetensors.Checkpoint;
import org.edgeprune.safetensors.SafeDType;
import org.edgeprune.torch.DType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Files of the genuine {@code torch.save}, converted, hold what safetensors' own library wrote of the same tensors. */
class TorchFilesTest {
    private static final Path GOLDEN = Path.of("src/test/resources/golden/convert/torch");
    private static final Converter.Options AS_THEY_ARE =
            new Converter.Options(Optional.empty(), 1 << 30, Optional.empty());

    @TempDir
    Path dir;

    @ParameterizedTest
    @ValueSource(strings = {"zip.bin", "legacy.bin", "protocol4.bin", "wrapped.bin"})
    void everyFormatOfTorchSaveHasTheSameTensors(String file) throws IOException {
        Path source = model("{\"model_type\": \"llama\"}", file, "pytorch_model.bin");
        Converter.Result result = convert(source, AS_THEY_ARE);
        requireSame(GOLDEN.resolve("expected.safetensors"), dir.resolve("out"), Set.of());
        assertEquals(
                file.equals("wrapped.bin"),
                !result.notes().isEmpty(),
                result.notes().toString());
    }

    @Test
    void shardsAreJoined() throws IOException {
        Path source = Files.createDirectory(dir.resolve("model"));
        Files.writeString(source.resolve("config.json"), "{\"model_type\": \"gpt_neox\"}");
        for (String name : new String[] {
            "pytorch_model.bin.index.json", "pytorch_model-00001-of-00002.bin", "pytorch_model-00002-of-00002.bin"
        }) {
            Files.copy(GOLDEN.resolve(name), source.resolve(name));
        }
        convert(source, new Converter.Options(Optional.empty(), 400, Optional.empty()));
        assertTrue(Files.exists(dir.resolve("out").resolve(Checkpoint.INDEX)), "small shards are asked for");
        requireSame(GOLDEN.resolve("expected.safetensors"), dir.resolve("out"), Set.of());
        Files.delete(source.resolve("pytorch_model-00002-of-00002.bin"));
        assertTrue(
                refusal(source, dir.resolve("other")).contains("shard 'pytorch_model-00002-of-00002.bin' is missing"));
    }

    @Test
    void stateDictOfAModuleAndNewDtypesAreRead() throws IOException {
        convert(model("{}", "module.bin", "model.pt"), AS_THEY_ARE);
        requireSame(GOLDEN.resolve("module.safetensors"), dir.resolve("out"), Set.of());
        Path second = Files.createDirectory(dir.resolve("second"));
        Files.writeString(second.resolve("config.json"), "{}");
        Path file = Files.copy(GOLDEN.resolve("v3.bin"), second.resolve("weights.pth"));
        Converter.convert(file, dir.resolve("v3"), AS_THEY_ARE, (_, _) -> {});
        requireSame(GOLDEN.resolve("v3.safetensors"), dir.resolve("v3"), Set.of());
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"model_type\": \"gpt2\"}", "{\"model_type\": \"llama\", \"tie_word_embeddings\": true}"})
    void aTiedHeadIsLeftOut(String config) throws IOException {
        convert(model(config, "zip.bin", "pytorch_model.bin"), AS_THEY_ARE);
        requireSame(GOLDEN.resolve("expected.safetensors"), dir.resolve("out"), Set.of("lm_head.weight"));
    }

    @Test
    void dtypeChangesFloatsOnlyAndIsStated() throws IOException {
        Path source = model("{\"torch_dtype\": \"float32\"}", "zip.bin", "pytorch_model.bin");
        convert(source, new Converter.Options(Optional.of(DType.BF16), 1 << 30, Optional.empty()));
        try (Checkpoint made = Checkpoint.open(dir.resolve("out"))) {
            assertEquals(SafeDType.BF16, made.info("f32").dtype());
            assertEquals(SafeDType.BF16, made.info("f64").dtype());
            assertEquals(SafeDType.I64, made.info("i64").dtype());
        }
        assertTrue(Files.readString(dir.resolve("out/config.json")).contains("bfloat16"));
    }

    @Test
    void companionsAreCopiedAndNothingElse() throws IOException {
        Path source = model("{}", "zip.bin", "pytorch_model.bin");
        Files.writeString(source.resolve("tokenizer.json"), "{ }");
        Files.writeString(source.resolve("modeling.py"), "import os");
        convert(source, AS_THEY_ARE);
        assertEquals("{ }", Files.readString(dir.resolve("out/tokenizer.json")));
        assertFalse(Files.exists(dir.resolve("out/modeling.py")));
    }

    @Test
    void aConfigurationThatIsNotUtf8IsRefused() throws IOException {
        Path source = model("{}", "zip.bin", "pytorch_model.bin");
        Files.write(source.resolve("config.json"), new byte[] {'{', '"', (byte) 0xff, '"', ':', '1', '}'});
        String message = refusal(source, dir.resolve("out"));
        assertTrue(message.contains("config.json: line 1, byte 3 (0xff) is not UTF-8"), message);
    }

    @Test
    void whatCannotBeAModelIsRefused() throws IOException {
        Path source = model("{}", "no_tensors.bin", "pytorch_model.bin");
        assertTrue(refusal(source, dir.resolve("out")).contains("has no tensors"));
        Files.delete(source.resolve("config.json"));
        assertTrue(refusal(source, dir.resolve("out")).contains("config.json: missing"));
        Path meta = Files.createDirectory(dir.resolve("meta"));
        Files.copy(GOLDEN.resolve("zip.bin"), meta.resolve("consolidated.00.pth"));
        assertTrue(refusal(meta, dir.resolve("out")).contains("Meta's own format"));
        Path full = Files.createDirectory(dir.resolve("full"));
        Files.writeString(full.resolve("x"), "");
        assertTrue(refusal(source, full).contains("holds files already"));
        assertFalse(Files.exists(dir.resolve("out")));
    }

    /** @return a model directory with this weights file */
    private Path model(String config, String golden, String name) throws IOException {
        Path source = Files.createDirectory(dir.resolve("model"));
        Files.writeString(source.resolve("config.json"), config);
        Files.copy(GOLDEN.resolve(golden), source.resolve(name));
        return source;
    }

    private Converter.Result convert(Path source, Converter.Options options) {
        return Converter.convert(source, dir.resolve("out"), options, (_, _) -> {});
    }

    private String refusal(Path source, Path out) {
        String message = assertThrows(
                        InputException.class, () -> Converter.convert(source, out, AS_THEY_ARE, (_, _) -> {}))
                .getMessage();
        assertEquals(1, message.lines().count(), message);
        return message;
    }

    private static void requireSame(Path expected, Path made, Set<String> leftOut) {
        try (Checkpoint golden = Checkpoint.open(expected);
                Checkpoint actual = Checkpoint.open(made)) {
            Set<String> names = new TreeSet<>(golden.names());
            names.removeAll(leftOut);
            assertEquals(names, new TreeSet<>(actual.names()));
            for (String name : names) {
                assertEquals(golden.info(name).dtype(), actual.info(name).dtype(), name);
                assertArrayEquals(golden.info(name).shape(), actual.info(name).shape(), name);
            }
            if (leftOut.isEmpty()) {
                assertEquals(golden.sha256(), actual.sha256());
            }
        }
    }
}
