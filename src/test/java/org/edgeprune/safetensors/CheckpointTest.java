package org.edgeprune.safetensors;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import org.edgeprune.io.InputException;
import org.edgeprune.torch.DType;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CheckpointTest {
    private static final String ONE = "model-00001-of-00002.safetensors";
    private static final String TWO = "model-00002-of-00002.safetensors";

    @TempDir
    Path dir;

    /** A file of U8 tensors of one element each: NAME=VALUE. */
    private Path shard(String fileName, String... tensors) {
        StringBuilder header = new StringBuilder("{");
        byte[] data = new byte[tensors.length];
        for (int i = 0; i < tensors.length; i++) {
            String[] pair = tensors[i].split("=", -1);
            header.append("%s\"%s\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[%d,%d]}"
                    .formatted(i == 0 ? "" : ",", pair[0], i, i + 1));
            data[i] = Byte.parseByte(pair[1]);
        }
        return RawFile.write(dir.resolve(fileName), RawFile.of(header + "}", data));
    }

    private Path index(String json) {
        return RawFile.write(
                dir.resolve(Checkpoint.INDEX), json.replace('\'', '"').getBytes(StandardCharsets.UTF_8));
    }

    private void sharded() {
        shard(ONE, "b=1", "a=2");
        shard(TWO, "c=3");
        index("{'metadata':{'total_size':3},'weight_map':{'a':'%s','c':'%s','b':'%s'}}".formatted(ONE, TWO, ONE));
    }

    private String message() {
        return message(dir);
    }

    private static String message(Path path) {
        String message = assertThrows(
                        InputException.class, () -> Checkpoint.open(path).close())
                .getMessage();
        assertEquals(1, message.lines().count(), message);
        return message;
    }

    @Test
    void directoryOfOneFile() {
        Path file = shard(Checkpoint.SINGLE, "x=5", "y=6");
        for (Path path : List.of(dir, file)) {
            try (Checkpoint checkpoint = Checkpoint.open(path)) {
                assertEquals(List.of("x", "y"), checkpoint.names());
                assertEquals(file, checkpoint.path());
                try (Tensor y = checkpoint.tensor("y");
                        Tensor wide = checkpoint.load("y", DType.I64, Device.CPU)) {
                    assertEquals(6, y.itemLong());
                    assertEquals(DType.I64, wide.dtype());
                }
            }
        }
    }

    @Test
    void shardsLookLikeOneFile() {
        sharded();
        for (Path path : List.of(dir, dir.resolve(Checkpoint.INDEX))) {
            try (Checkpoint checkpoint = Checkpoint.open(path)) {
                assertEquals(List.of("b", "a", "c"), checkpoint.names());
                assertTrue(checkpoint.contains("c"));
                assertFalse(checkpoint.contains("d"));
                assertArrayEquals(new long[] {1}, checkpoint.info("a").shape());
                try (Tensor a = checkpoint.tensor("a");
                        Tensor c = checkpoint.tensor("c")) {
                    assertEquals(2, a.itemLong());
                    assertEquals(3, c.itemLong());
                }
                String message = assertThrows(InputException.class, () -> checkpoint.tensor("d"))
                        .getMessage();
                assertEquals(
                        dir.resolve(Checkpoint.INDEX)
                                + ": no tensor 'd' among its 3: check that the checkpoint belongs to this model",
                        message);
            }
        }
    }

    // ---- identity ----------------------------------------------------------------------------------------------

    private static String identity(Path path) {
        try (Checkpoint checkpoint = Checkpoint.open(path)) {
            return checkpoint.sha256();
        }
    }

    @Test
    void identityIsOfTheContentsNotOfTheFiles() throws IOException {
        sharded();
        String sharded = identity(dir);
        assertEquals(sharded, identity(shard("all.safetensors", "c=3", "a=2", "b=1")));
        Path documented = RawFile.write(
                dir.resolve("metadata.safetensors"),
                RawFile.of(
                        Files.readString(dir.resolve("all.safetensors"), StandardCharsets.ISO_8859_1)
                                .replaceFirst("(?s)^.{8}\\{(.*\\}).{3}$", "{\"__metadata__\":{\"k\":\"v\"},$1  "),
                        new byte[] {3, 2, 1}));
        assertEquals(sharded, identity(documented));
        assertNotEquals(sharded, identity(shard("value.safetensors", "c=3", "a=2", "b=0")));
        assertNotEquals(sharded, identity(shard("name.safetensors", "c=3", "a=2", "B=1")));
        assertNotEquals(sharded, identity(shard("swapped.safetensors", "c=3", "a=1", "b=2")));
    }

    @Test
    void identityDependsOnShapeAndDtype() {
        String header = "{\"t\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":[0,8]}}";
        List<String> identities = List.of("F32 [2]", "F32 [2,1]", "F32 [1,2]", "I32 [2]", "F64 []", "F64 [1]").stream()
                .map(type -> header.formatted((Object[]) type.split(" ")))
                .map(text -> identity(RawFile.write(dir.resolve("t.safetensors"), RawFile.of(text, 8))))
                .toList();
        assertEquals(identities.size(), identities.stream().distinct().count(), identities.toString());
    }

    @Test
    void identityIsTheDocumentedHash() throws IOException, NoSuchAlgorithmException {
        Path file = RawFile.write(
                dir.resolve("t.safetensors"),
                RawFile.of(
                        "{\"\u00e9\":{\"dtype\":\"F16\",\"shape\":[2,1],\"data_offsets\":[0,4]}}",
                        new byte[] {9, 8, 7, 6}));
        ByteArrayOutputStream hashed = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(hashed);
        out.writeLong(2);
        out.write("\u00e9".getBytes(StandardCharsets.UTF_8));
        out.writeLong(3);
        out.writeBytes("F16");
        out.writeLong(2);
        out.writeLong(2);
        out.writeLong(1);
        out.write(new byte[] {9, 8, 7, 6});
        byte[] sha = MessageDigest.getInstance("SHA-256").digest(hashed.toByteArray());
        assertEquals(HexFormat.of().formatHex(sha), identity(file));
    }

    // ---- what is refused -----------------------------------------------------------------------------------------

    @Test
    void missingShardIsNamed() throws IOException {
        sharded();
        Files.delete(dir.resolve(TWO));
        assertEquals(
                dir.resolve(Checkpoint.INDEX) + ": shard '" + TWO + "' is missing: download it to " + dir.resolve(TWO),
                message());
    }

    @Test
    void brokenShardIsNamed() {
        sharded();
        RawFile.write(dir.resolve(TWO), new byte[0]);
        assertEquals(dir.resolve(TWO) + ": the file is empty: download or export the file again", message());
    }

    @Test
    void tensorMustBeInItsShardOnly() {
        sharded();
        shard(TWO, "c=3", "d=3");
        try (Checkpoint checkpoint = Checkpoint.open(dir)) {
            assertFalse(checkpoint.contains("d"), "the index is the authority: what it does not list is not used");
            assertTrue(checkpoint.contains("c"));
        }
        shard(TWO, "c=3", "a=2");
        assertTrue(message().contains("tensor 'a' in shard '" + TWO + "' is in shard '" + ONE + "' too"), message());
        shard(ONE, "b=1", "c=2");
        shard(TWO, "a=3");
        assertTrue(message().contains("tensor 'c' in shard '" + ONE + "' belongs in shard '" + TWO + "'"), message());
        shard(ONE, "b=1");
        shard(TWO, "c=3");
        assertTrue(message().contains("tensor 'a' is not in its shard '" + ONE + "'"), message());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"../x.safetensors", "/etc/passwd", "a/b.safetensors", "..", ".", "", "c:x", "a\\\\b", "a\\u0000b"
            })
    void shardOutsideTheDirectoryIsRefused(String shard) {
        index("{'weight_map':{'a':'" + shard + "'}}");
        assertTrue(message().contains("weight_map 'a': shard '"), message());
        assertTrue(message().contains("is not a plain name of a file beside the index"), message());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "[] | index does not begin with '{'",
                "{ | index is not valid JSON at character",
                "{} x | index is not valid JSON at character",
                "{}{} | index has trailing garbage",
                "{} | field weight_map is missing",
                "{'weight_map':{}} | field weight_map is empty",
                "{'weight_map':[]} | weight_map is an array instead of an object",
                "{'weight_map':{'a':1}} | weight_map 'a' is a number instead of a string",
                "{'weight_map':{'a':'x','a':'y'}} | Duplicate field 'a'",
                "{'weight_map':{'a':'x'},'weight_map':{'a':'x'}} | Duplicate field 'weight_map'"
            })
    void malformedIndexIsRefused(String json, String expected) {
        Path index = index(json);
        assertTrue(message().startsWith(index + ": "), message());
        assertTrue(message().contains(expected), message());
    }

    @Test
    void pickledModelIsRefusedWithTheConversion() {
        RawFile.write(dir.resolve("pytorch_model.bin"), new byte[] {'P', 'K', 3, 4});
        assertEquals(
                dir.resolve("pytorch_model.bin")
                        + ": is a pickle checkpoint, which can run code when loaded, so none is ever loaded: convert the model to safetensors: "
                        + "edgeprune convert " + dir + " -o DIR",
                message());
        Path file = dir.resolve("pytorch_model.bin");
        assertTrue(message(file).endsWith("edgeprune convert " + file + " -o DIR"), message(file));
        shard(Checkpoint.SINGLE, "x=1");
        try (Checkpoint checkpoint = Checkpoint.open(dir)) {
            assertEquals(List.of("x"), checkpoint.names(), "safetensors beside a pickle are read");
        }
    }

    @Test
    void pickledShardIsRefused() {
        index("{'weight_map':{'a':'pytorch_model-00001.bin'}}");
        RawFile.write(dir.resolve("pytorch_model-00001.bin"), new byte[] {'P', 'K', 3, 4});
        assertTrue(message().contains("is a pickle checkpoint"), message());
    }

    @Test
    void directoryWithoutAModelIsRefused() {
        assertEquals(
                dir + ": holds no model.safetensors and no model.safetensors.index.json: "
                        + "name a HuggingFace model directory or a .safetensors file",
                message());
        assertTrue(message(dir.resolve("absent")).contains("no such file"));
    }
}
