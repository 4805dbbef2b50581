package org.edgeprune.convert;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.edgeprune.io.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Pickles and zip archives made to do harm: each is refused in one line, fast, and nothing of it is run or written. */
@Execution(ExecutionMode.CONCURRENT)
class HostilePicklesTest {
    private static final Path GOLDEN = Path.of("src/test/resources/golden/convert/torch");
    private static final String STORAGE = "(X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0" + "0X\3\0\0\0cpuK\4tQ";

    @TempDir
    Path dir;

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "cos\\nsystem\\n(X\\6\\0\\0\\0touch xtR. | refers to 'os.system'",
                "cposix\\nsystem\\n(S'touch x'\\ntR. | refers to 'posix.system'",
                "cbuiltins\\neval\\n(S'1'\\ntR. | refers to 'builtins.eval'",
                "X\\2\\0\\0\\0osX\\6\\0\\0\\0system\\223. | refers to 'os.system'",
                "(S'touch x'\\nios\\nsystem\\n. | INST, which creates an object",
                "(cos\\nsystem\\nS'x'\\no. | refers to 'os.system'",
                "ctorch.storage\\n_load_from_bytes\\n(C\\1xtR. | refers to 'torch.storage._load_from_bytes'",
                "ccollections\\nOrderedDict\\n)\\201. | NEWOBJ, which creates an object",
                "\\202\\1. | EXT, which names an object",
                "ctorch\\nFloatStorage\\n(tR. | calls a storage or a dtype",
                "ctorch\\nfloat32\\n}b. | sets the state of an object",
                "]}b. | sets the state of an object",
                "(X\\6\\0\\0\\0modulecos\\nsystem\\ntQ. | refers to 'os.system'",
                "(X\\6\\0\\0\\0moduletQ. | refers to a persistent 'module'",
                "Pabc\\n. | PERSID"
            })
    void whatIsNotDataIsRefusedByName(String pickle, String expected) throws IOException {
        String message = refusal("\u0080\u0002" + pickle.translateEscapes());
        assertTrue(message.contains(expected), message);
        assertFalse(Files.exists(Path.of("x")));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "X\\377\\377\\377\\377a. | a value of 4294967295 bytes",
                "\\215\\377\\377\\377\\377\\377\\377\\377\\377a. | more than are left",
                "\\216\\0\\0\\0\\0\\0\\0\\0\\1a. | more than are left",
                "\\213\\377\\377\\377\\177. | a number of 2147483647 bytes",
                "r\\377\\377\\377\\177. | is invalid at byte",
                "h\\5. | recalls value 5",
                "I999999999999999999999999999999999999999\\n. | the number",
                "}K\\1. | does not contain a dict",
                "\\377. | unknown instruction 255",
                ". | is invalid at byte",
                "t. | is invalid at byte",
                "(0t. | is invalid at byte",
                "(K\\1K\\2 | ends early",
                ")K\\1a. | is invalid at byte",
                "K\\1K\\2s. | is invalid at byte"
            })
    void whatMakesNoSenseIsRefused(String pickle, String expected) throws IOException {
        String message = refusal("\u0080\u0002" + pickle.translateEscapes());
        assertTrue(message.contains(expected), message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "K\\0 | (K\\5t | (K\\1t | reaches beyond it",
                "K\\3 | (K\\2t | (K\\1t | reaches beyond it",
                "K\\0 | (K\\2K\\2t | (K\\3K\\1t | reaches beyond it",
                "J\\377\\377\\377\\377 | (K\\2t | (K\\1t | impossible",
                "K\\0 | (J\\377\\377\\377\\377t | (K\\1t | negative size or stride",
                "K\\0 | (K\\2t | (J\\377\\377\\377\\377t | negative size or stride",
                "K\\0 | (K\\2t | (K\\1K\\1t | impossible",
                "K\\0 | (K\\11t | (K\\0t | repeats elements",
                "K\\0 | (\\212\\10\\377\\377\\377\\377\\377\\377\\377\\177K\\2t | (K\\0K\\0t | overflows a 64-bit size",
                "K\\0 | (K\\2t | (\\212\\10\\377\\377\\377\\377\\377\\377\\377\\177t | reaches beyond it",
                "K\\0 | (X\\1\\0\\0\\0at | (K\\1t | is invalid at byte"
            })
    void tensorsStayInsideTheirStorage(String offset, String shape, String strides, String expected)
            throws IOException {
        String pickle = "\u0080\u0002}X\1\0\0\0wctorch._utils\n_rebuild_tensor_v2\n(" + STORAGE
                + offset.translateEscapes() + shape.translateEscapes() + strides.translateEscapes()
                + "\u0089ccollections\nOrderedDict\n)RtRs.";
        String message = refusal(pickle);
        assertTrue(message.contains(expected), message);
    }

    @Test
    void nestingSharingAndRepetitionCostLittle() {
        assertTimeoutPreemptively(Duration.ofSeconds(60), () -> {
            // lists in lists, a million deep
            assertTrue(
                    refusal("(".repeat(1_000_000) + "l".repeat(1_000_000) + ".").contains("does not contain a dict"));
            // each list holds the one before it twice: 2^200 by value
            StringBuilder laughs = new StringBuilder("}X\1\0\0\0a]q\0");
            for (int i = 1; i < 200; i++) {
                laughs.append("]q")
                        .append((char) i)
                        .append("h")
                        .append((char) (i - 1))
                        .append("ah");
                laughs.append((char) (i - 1)).append("a");
            }
            assertTrue(refusal(laughs + "s.").contains("is invalid at byte"), "too many values are left on the stack");
            // a list that holds itself
            assertTrue(refusal("}X\1\0\0\0a]q\0h\0as.").contains("has no tensors"));
        });
    }

    @Test
    void zipArchivesThatTorchDoesNotMakeAreRefused() throws IOException {
        byte[] good = Files.readAllBytes(GOLDEN.resolve("zip.bin"));
        assertTrue(refusalOf(zip("a/data.pkl", ".".getBytes(StandardCharsets.UTF_8), true))
                .contains("compressed (method 8)"));
        assertTrue(refusalOf(zip("../data.pkl", ".".getBytes(StandardCharsets.UTF_8), false))
                .contains("leads out of the archive"));
        assertTrue(refusalOf(zip("/data.pkl", ".".getBytes(StandardCharsets.UTF_8), false))
                .contains("leads out of the archive"));
        assertTrue(refusalOf(zip("a/b.txt", ".".getBytes(StandardCharsets.UTF_8), false))
                .contains("a zip archive without data.pkl"));
        assertTrue(refusalOf(Arrays.copyOf(good, good.length / 2)).contains("without its directory"));
        // ten thousand zeros compress well; the archive is refused before any is unpacked
        assertTrue(refusalOf(zip("a/data.pkl", new byte[50_000_000], true)).contains("compressed"));
    }

    @Test
    void aFlippedBitInTheDataIsFound() throws IOException {
        byte[] bytes = Files.readAllBytes(GOLDEN.resolve("module.bin"));
        int at;
        try (SourceFile file = SourceFile.open(GOLDEN.resolve("module.bin"))) {
            at = (int) new StoredZip(file).entries().get("module/data/0").begin();
        }
        bytes[at] ^= 1;
        String message = refusalOf(bytes);
        assertTrue(message.contains("its CRC-32 is wrong"), message);
        assertFalse(Files.exists(dir.resolve("out")), "nothing is left of a directory that failed");
    }

    @ParameterizedTest
    @CsvSource({"zip.bin", "legacy.bin", "protocol4.bin"})
    void noTruncationOrChangeOfAByteEndsInAnythingButOneLine(String name) throws IOException {
        byte[] good = Files.readAllBytes(GOLDEN.resolve(name));
        Random random = new Random(5);
        for (int i = 0; i < 300; i++) {
            Path file = weights(RandomDamage.to(good, random, good.length));
            RandomDamage.assertConvertedOrRefused(file, dir.resolve("out" + i), options());
        }
    }

    private String refusal(String pickle) throws IOException {
        byte[] bytes = pickle.getBytes(StandardCharsets.ISO_8859_1);
        return refusalOf(zip("a/data.pkl", bytes, false));
    }

    private String refusalOf(byte[] bytes) throws IOException {
        Path file = weights(bytes);
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

    private Path weights(byte[] bytes) throws IOException {
        Files.writeString(dir.resolve("config.json"), "{}");
        return Files.write(dir.resolve("pytorch_model.bin"), bytes);
    }

    private static byte[] zip(String name, byte[] bytes, boolean compressed) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(out)) {
            ZipEntry entry = new ZipEntry(name);
            if (!compressed) {
                CRC32 crc = new CRC32();
                crc.update(bytes);
                entry.setMethod(ZipEntry.STORED);
                entry.setSize(bytes.length);
                entry.setCrc(crc.getValue());
            }
            zip.putNextEntry(entry);
            zip.write(bytes);
            zip.closeEntry();
        }
        return out.toByteArray();
    }
}
