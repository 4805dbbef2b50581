package org.edgeprune.convert;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Random;
import org.edgeprune.io.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** GGUF files that are damaged or made to do harm are refused in one line, and leave nothing behind. */
@Execution(ExecutionMode.CONCURRENT)
class HostileGgufTest {
    private static final Path GOLDEN = Path.of("src/test/resources/golden/convert");

    @TempDir
    Path dir;

    @Test
    void countsLengthsAndTypesAreChecked() throws IOException {
        assertTrue(refusal(header(1, 0, 0)).contains("version 1"));
        assertTrue(refusal(header(0x03000000, 0, 0)).contains("big-endian"));
        assertTrue(refusal(header(3, -1, 0)).contains("18446744073709551615 tensors"));
        assertTrue(refusal(header(3, 0, 1L << 40)).contains("1099511627776 keys"));
        assertTrue(refusal(header(3, 0, 1).putLong(Long.MAX_VALUE)).contains("9223372036854775807 bytes"));
        assertTrue(refusal(key("a").putInt(77)).contains("unknown type 77"));
        assertTrue(refusal(key("a").putInt(9).putInt(9).putLong(1)).contains("list of lists"));
        assertTrue(refusal(key("a").putInt(9).putInt(8).putLong(1L << 60)).contains("items in the list"));
        assertTrue(refusal(key("a").putInt(9).putInt(4).putLong(1 << 20)).contains("more than are left"));
        assertTrue(refusal(key("general.alignment").putInt(4).putInt(48)).contains("not a power of two"));
        assertTrue(refusal(key("general.architecture").putInt(8).putLong(3).put("foo".getBytes(StandardCharsets.UTF_8)))
                .contains("its architecture 'foo' is not supported: supported are llama"));
    }

    @Test
    void tensorsAreChecked() throws IOException {
        assertTrue(refusal(tensor(9).putInt(9)).contains("9 dimensions"));
        assertTrue(refusal(tensor(1).putLong(-1).putInt(0).putLong(0)).contains("impossible size"));
        assertTrue(refusal(tensor(2).putLong(1L << 40).putLong(1L << 40)).contains("impossible size"));
        assertTrue(
                refusal(tensor(1).putLong(32).putInt(10).putLong(0)).contains("of type Q2_K, which is not converted"));
        assertTrue(refusal(tensor(1).putLong(33).putInt(8).putLong(0)).contains("not a multiple of the 32"));
        assertTrue(refusal(tensor(1).putLong(32).putInt(0).putLong(7)).contains("not a multiple of the alignment"));
        assertTrue(refusal(tensor(1).putLong(32).putInt(0).putLong(1L << 62)).contains("beyond the end"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama-tied.gguf", "tokenizer/smollm.gguf", "tokenizer/spm.gguf"})
    void noTruncationOrChangeOfAByteEndsInAnythingButOneLine(String name) throws IOException {
        byte[] good = Files.readAllBytes(GOLDEN.resolve(name));
        Random random = new Random(6);
        for (int i = 0; i < 150; i++) {
            Path file = Files.write(dir.resolve("m.gguf"), RandomDamage.to(good, random, 20_000));
            RandomDamage.assertConvertedOrRefused(file, dir.resolve("out" + i), options());
        }
    }

    private static ByteBuffer header(int version, long tensors, long keys) {
        ByteBuffer bytes = ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN);
        return bytes.putInt(0x46554747).putInt(version).putLong(tensors).putLong(keys);
    }

    /** A file of one key, up to its value. */
    private static ByteBuffer key(String name) {
        return text(header(3, 0, 1), name);
    }

    /** A file of one tensor, up to its sizes. */
    private static ByteBuffer tensor(int rank) {
        return text(header(3, 1, 0), "t").putInt(rank);
    }

    private static ByteBuffer text(ByteBuffer bytes, String text) {
        return bytes.putLong(text.length()).put(text.getBytes(StandardCharsets.UTF_8));
    }

    private static byte[] written(ByteBuffer bytes) {
        byte[] written = new byte[bytes.position()];
        bytes.get(0, written);
        return written;
    }

    private String refusal(ByteBuffer bytes) throws IOException {
        Path file = Files.write(dir.resolve("m.gguf"), written(bytes));
        String message = assertThrows(
                        InputException.class,
                        () -> Converter.convert(file, dir.resolve("out"), options(), (_, _) -> {}))
                .getMessage();
        assertEquals(1, message.lines().count(), message);
        assertTrue(message.startsWith(file.toString()), message);
        return message;
    }

    private static Converter.Options options() {
        return new Converter.Options(Optional.empty(), 1 << 30, Optional.empty());
    }
}
