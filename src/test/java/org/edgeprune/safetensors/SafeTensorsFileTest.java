package org.edgeprune.safetensors;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.edgeprune.io.InputException;
import org.edgeprune.io.StrictJson;
import org.edgeprune.torch.DType;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class SafeTensorsFileTest {
    @TempDir
    Path dir;

    private Path file(String header, byte[] data) {
        return RawFile.write(dir.resolve("f.safetensors"), RawFile.of(header.replace('\'', '"'), data));
    }

    private Path file(String header, String hex) {
        return file(header, HexFormat.of().parseHex(hex.replace(" ", "")));
    }

    private static String message(Runnable code) {
        return assertThrows(InputException.class, code::run).getMessage();
    }

    private static String openMessage(Path file) {
        return message(() -> SafeTensorsFile.open(file).close());
    }

    // ---- what is read ------------------------------------------------------------------------------------------

    /** Little-endian bytes as another implementation writes them, and the values that they stand for. */
    static Stream<Arguments> values() {
        return Stream.of(
                arguments("F64", "000000000000f83f 00000000000004c0", DType.F64, new double[] {1.5, -2.5}),
                arguments("F32", "0000c03f 000020c0", DType.F32, new double[] {1.5, -2.5}),
                arguments("F16", "003e 00c1", DType.F16, new double[] {1.5, -2.5}),
                arguments("BF16", "c03f 20c0", DType.BF16, new double[] {1.5, -2.5}),
                arguments("I64", "ffffffffffffff7f feffffffffffffff", DType.I64, new double[] {Long.MAX_VALUE, -2}),
                arguments("I32", "ffffff7f feffffff", DType.I32, new double[] {Integer.MAX_VALUE, -2}),
                arguments("U8", "00 ff", DType.U8, new double[] {0, 255}),
                arguments("BOOL", "00 01", DType.BOOL, new double[] {0, 1}),
                // types that libtorch or our layer lacks, in the next wider one
                arguments("I8", "7f 80", DType.I32, new double[] {127, -128}),
                arguments("I16", "ff7f 0080", DType.I32, new double[] {32767, -32768}),
                arguments("U16", "0100 ffff", DType.I32, new double[] {1, 65535}),
                arguments("U32", "01000000 ffffffff", DType.I64, new double[] {1, 4294967295.0}));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("values")
    void valuesOfEveryReadableType(String type, String hex, DType dtype, double[] expected) {
        int bytes = HexFormat.of().parseHex(hex.replace(" ", "")).length;
        String aligned = "{'t':{'dtype':'%s','shape':[1,2],'data_offsets':[0,%d]}}".formatted(type, bytes);
        String unaligned = "{'pad':{'dtype':'U8','shape':[1],'data_offsets':[0,1]},"
                + "'t':{'dtype':'%s','shape':[1,2],'data_offsets':[1,%d]}}".formatted(type, bytes + 1);
        for (Path file : List.of(file(padded(aligned), hex), file(padded(unaligned), "00" + hex))) {
            try (SafeTensorsFile open = SafeTensorsFile.open(file);
                    Tensor tensor = open.tensor("t")) {
                assertEquals(dtype, tensor.dtype());
                assertArrayEquals(new long[] {1, 2}, tensor.shape());
                double[] read = dtype.isFloatingPoint()
                        ? tensor.toDoubles()
                        : Arrays.stream(tensor.toLongs()).asDoubleStream().toArray();
                assertArrayEquals(expected, read);
            }
        }
    }

    @Test
    void metadataThatIsNullIsNone() {
        Path file = file("{'__metadata__':null,'a':{'dtype':'U8','shape':[1],'data_offsets':[0,1]}}", "07");
        try (SafeTensorsFile open = SafeTensorsFile.open(file)) {
            assertEquals(List.of("a"), open.names());
            assertEquals(Map.of(), open.metadata());
        }
    }

    private static String padded(String header) {
        return header + " ".repeat((8 - header.length() % 8) % 8);
    }

    @ParameterizedTest
    @EnumSource(SafeDType.class)
    void everyTypeOfTheFormatIsDescribed(SafeDType dtype) {
        Path file = file(
                "{'t':{'dtype':'%s','shape':[4,2],'data_offsets':[0,%d]}}".formatted(dtype, dtype.bits()),
                new byte[dtype.bits()]);
        try (SafeTensorsFile open = SafeTensorsFile.open(file)) {
            assertEquals(new TensorInfo("t", dtype, new long[] {4, 2}, 0, dtype.bits()), open.info("t"));
            assertEquals(8, open.info("t").elementCount());
            if (dtype.tensorType().isEmpty()) {
                String message = message(() -> open.tensor("t"));
                assertTrue(
                        message.startsWith(file + ": tensor 't': no tensor can be made of dtype " + dtype + ": "),
                        message);
            }
        }
    }

    @Test
    void everyTensorTypeHasItsStoredType() {
        for (DType type : DType.values()) {
            assertEquals(type, SafeDType.of(type).tensorType().orElseThrow());
            assertEquals(8 * type.byteSize(), SafeDType.of(type).bits());
        }
    }

    @Test
    void namesComeInTheOrderOfTheDataAndMetadataAsWritten() {
        Path file = file(
                "{'z':{'dtype':'U8','shape':[1],'data_offsets':[1,2]},'__metadata__':{'b':'2','a':'\\u00e9'},"
                        + "'y':{'dtype':'U8','shape':[1],'data_offsets':[0,1],'note':{'ignored':[1,{}]}},"
                        + "'e':{'dtype':'F32','shape':[3,0],'data_offsets':[1,1]}} \n\t",
                new byte[2]);
        try (SafeTensorsFile open = SafeTensorsFile.open(file)) {
            assertEquals(List.of("y", "e", "z"), open.names());
            assertEquals(Map.of("b", "2", "a", "\u00e9"), open.metadata());
            assertTrue(open.contains("e"));
            assertFalse(open.contains("__metadata__"));
            try (Tensor empty = open.tensor("e")) {
                assertArrayEquals(new long[] {3, 0}, empty.shape());
                assertEquals(0, empty.toFloats().length);
            }
        }
    }

    @Test
    void aFileWithoutTensorsIsValid() {
        try (SafeTensorsFile open = SafeTensorsFile.open(file("{}", new byte[0]))) {
            assertEquals(List.of(), open.names());
            assertEquals(Map.of(), open.metadata());
        }
    }

    @Test
    void tensorsBeyondFourGigabytesAreFound() throws IOException {
        long gap = 5L << 30;
        String header = padded("{\"big\":{\"dtype\":\"U8\",\"shape\":[%d],\"data_offsets\":[0,%d]},".formatted(gap, gap)
                + "\"t\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[%d,%d]}}".formatted(gap, gap + 4));
        Path file = dir.resolve("sparse.safetensors");
        try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
            out.write(RawFile.of(header, new byte[0]));
            out.seek(8 + header.length() + gap);
            out.write(HexFormat.of().parseHex("0000c03f"));
        }
        try (SafeTensorsFile open = SafeTensorsFile.open(file);
                Tensor tensor = open.tensor("t")) {
            assertEquals(1.5, tensor.item());
        }
    }

    // ---- lifetime ------------------------------------------------------------------------------------------------

    private Path twoFloats() {
        return file(padded("{'t':{'dtype':'F32','shape':[2],'data_offsets':[0,8]}}"), "0000803f 00000040");
    }

    @Test
    void tensorIsAViewOfTheFile() throws IOException {
        Path file = twoFloats();
        try (SafeTensorsFile open = SafeTensorsFile.open(file);
                Tensor tensor = open.tensor("t")) {
            try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
                out.seek(out.length() - 8);
                out.write(HexFormat.of().parseHex("0000a040"));
            }
            assertArrayEquals(new float[] {5, 2}, tensor.toFloats());
        }
    }

    @Test
    void viewIsReadOnlyAndEndsWithTheFile() {
        SafeTensorsFile open = SafeTensorsFile.open(twoFloats());
        try (Tensor tensor = open.tensor("t");
                Tensor part = tensor.narrow(0, 1, 1)) {
            assertThrows(RuntimeException.class, () -> tensor.mul_(2));
            assertThrows(RuntimeException.class, () -> part.mul_(2));
            open.close();
            open.close();
            assertThrows(IllegalStateException.class, tensor::toFloats);
            assertThrows(IllegalStateException.class, part::toFloats);
        }
        assertThrows(IllegalStateException.class, () -> open.tensor("t"));
        assertEquals(List.of("t"), open.names());
    }

    @Test
    void loadedTensorIsIndependentOfTheFile() {
        for (DType dtype : List.of(DType.F32, DType.F64, DType.F16, DType.BF16)) {
            Tensor loaded;
            try (SafeTensorsFile open = SafeTensorsFile.open(twoFloats())) {
                loaded = open.load("t", dtype, Device.CPU);
            }
            try (loaded) {
                assertEquals(dtype, loaded.dtype());
                loaded.mul_(2);
                assertArrayEquals(new float[] {2, 4}, loaded.toFloats());
            }
        }
    }

    @Test
    void loadRefusesAConversionThatLosesValues() {
        Path file = file(
                padded(
                        "{'i':{'dtype':'I64','shape':[1],'data_offsets':[0,8]},"
                                + "'f':{'dtype':'F32','shape':[1],'data_offsets':[8,12]},'b':{'dtype':'I8','shape':[1],'data_offsets':[12,13]}}"),
                "0500000000000000 0000803f ff");
        try (SafeTensorsFile open = SafeTensorsFile.open(file)) {
            assertEquals(
                    file
                            + ": tensor 'f' is stored as F32, which I64 cannot hold: check that the file belongs to this model",
                    message(() -> open.load("f", DType.I64, Device.CPU)));
            assertTrue(message(() -> open.load("i", DType.I32, Device.CPU)).contains("I64, which I32 cannot hold"));
            assertTrue(message(() -> open.load("i", DType.BOOL, Device.CPU)).contains("I64, which BOOL cannot hold"));
            assertTrue(message(() -> open.load("b", DType.U8, Device.CPU)).contains("I8, which U8 cannot hold"));
            try (Tensor wider = open.load("b", DType.I64, Device.CPU);
                    Tensor real = open.load("i", DType.F32, Device.CPU)) {
                assertArrayEquals(new long[] {-1}, wider.toLongs());
                assertArrayEquals(new float[] {5}, real.toFloats());
            }
        }
    }

    @Test
    void manyThreadsReadOneFile() throws InterruptedException, ExecutionException {
        int count = 64;
        StringBuilder header = new StringBuilder("{");
        for (int i = 0; i < count; i++) {
            header.append("%s'%d':{'dtype':'U8','shape':[100],'data_offsets':[%d,%d]}"
                    .formatted(i == 0 ? "" : ",", i, 100 * i, 100 * i + 100));
        }
        byte[] data = new byte[100 * count];
        for (int i = 0; i < data.length; i++) {
            data[i] = (byte) (i / 100);
        }
        try (SafeTensorsFile open = SafeTensorsFile.open(file(header + "}", data));
                var threads = Executors.newFixedThreadPool(4)) {
            List<Future<?>> readers = IntStream.range(0, 4)
                    .<Future<?>>mapToObj(_ -> threads.submit(() -> {
                        for (int i = 0; i < count; i++) {
                            try (Tensor tensor = open.tensor(String.valueOf(i))) {
                                for (long value : tensor.toLongs()) {
                                    assertEquals(i, value);
                                }
                            }
                        }
                    }))
                    .toList();
            for (Future<?> reader : readers) {
                reader.get();
            }
        }
    }

    @Test
    void anInterruptedThreadCanOpenAFile() {
        Path file = twoFloats();
        Thread.currentThread().interrupt();
        try (SafeTensorsFile open = SafeTensorsFile.open(file);
                Tensor tensor = open.tensor("t")) {
            assertArrayEquals(new float[] {1, 2}, tensor.toFloats());
        } finally {
            assertTrue(Thread.interrupted(), "the interruption is kept for others");
        }
    }

    // ---- what is refused (the header's rules: HeaderRejectionTest)
    // ---------------------------------------------------

    @Test
    void missingTensorIsNamed() {
        Path file = twoFloats();
        try (SafeTensorsFile open = SafeTensorsFile.open(file)) {
            assertEquals(
                    file + ": no tensor 'wte.weight' among its 1: check that the file belongs to this model",
                    message(() -> open.tensor("wte.weight")));
        }
    }

    @Test
    void pathThatIsNoFileIsRefused() throws IOException, InterruptedException {
        assertEquals(dir + ": is a directory: name a .safetensors file", openMessage(dir));
        Path absent = dir.resolve("absent.safetensors");
        assertEquals(absent + ": no such file: check the path", openMessage(absent));
        Path pipe = dir.resolve("pipe.safetensors");
        boolean made;
        try {
            made = new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor() == 0;
        } catch (IOException e) {
            made = false;
        }
        assumeTrue(made, "no mkfifo here");
        assertEquals(pipe + ": is not a regular file: name a .safetensors file", openMessage(pipe));
    }

    @Test
    void pickleIsNeverRead() {
        byte[] zip = {'P', 'K', 3, 4, 0, 0, 8, 8, 0, 0, 0, 0};
        byte[] pickle = {(byte) 0x80, 2, (byte) 0x8a, 10, 'l', (byte) 0xfc, (byte) 0x9c, 'F', (byte) 0xf9, ' '};
        for (byte[] bytes : List.of(zip, pickle)) {
            for (String name : List.of("model.pt", "model.BIN", "disguised.safetensors")) {
                String message = openMessage(RawFile.write(dir.resolve(name), bytes));
                assertTrue(
                        message.contains(
                                ": is a pickle checkpoint, which can run code when loaded, so none is ever loaded: "
                                        + "convert it to safetensors: edgeprune convert "),
                        message);
                assertEquals(1, message.lines().count());
            }
        }
    }

    @Test
    void booleanThatIsNeitherZeroNorOneIsRefused() {
        byte[] data = new byte[600_000];
        data[300_001] = 2;
        Path file = file("{'m':{'dtype':'BOOL','shape':[600000],'data_offsets':[0,600000]}}", data);
        try (SafeTensorsFile open = SafeTensorsFile.open(file)) {
            assertEquals(
                    file + ": tensor 'm': BOOL element 300001 is 2, not 0 or 1: download or export the file again",
                    message(() -> open.tensor("m")));
        }
    }

    @Test
    void truncationAfterOpeningIsAnErrorAndNoCrash() throws IOException {
        byte[] data = new byte[1 << 20];
        Path file = file("{'t':{'dtype':'I8','shape':[1048576],'data_offsets':[0,1048576]}}", data);
        try (SafeTensorsFile open = SafeTensorsFile.open(file);
                Checkpoint checkpoint = Checkpoint.open(file)) {
            var bytes = open.bytes(open.info("t"));
            try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
                out.setLength(4096);
            }
            String expected = "was truncated after it was opened, from ";
            assertTrue(message(() -> open.tensor("t")).contains(expected));
            assertTrue(message(() -> open.load("t", DType.I64, Device.CPU)).contains(expected));
            assertTrue(message(checkpoint::sha256).contains(expected));
            // what the check before each access guards against
            assertThrows(InternalError.class, () -> bytes.toArray(ValueLayout.JAVA_BYTE));
        }
    }

    @Test
    void headerOfTheLargestSizeIsRead() {
        byte[] header =
                "{\"t\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}".getBytes(StandardCharsets.UTF_8);
        byte[] padded = Arrays.copyOf(header, StrictJson.Limits.DEFAULT.bytes());
        Arrays.fill(padded, header.length, padded.length, (byte) ' ');
        Path file = RawFile.write(dir.resolve("large.safetensors"), RawFile.of(padded, new byte[] {7}));
        try (SafeTensorsFile open = SafeTensorsFile.open(file);
                Tensor tensor = open.tensor("t")) {
            assertEquals(7, tensor.itemLong());
        }
    }
}
