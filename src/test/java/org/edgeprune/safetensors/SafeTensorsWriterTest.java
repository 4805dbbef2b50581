package org.edgeprune.safetensors;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.edgeprune.torch.DType;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SafeTensorsWriterTest {
    @TempDir
    Path dir;

    private TensorScope scope;
    private Path file;

    @BeforeEach
    void open() {
        scope = TensorScope.open();
        file = dir.resolve("out.safetensors");
    }

    @AfterEach
    void close() {
        scope.close();
    }

    private byte[] written() {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** Values that every dtype holds exactly. */
    private static Tensor tensor(DType dtype, Random random, long... shape) {
        int count = (int) Arrays.stream(shape).reduce(1, (a, b) -> a * b);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = random.nextInt(2) * (dtype == DType.BOOL ? 1 : 1 + random.nextInt(100));
        }
        return Tensor.of(values, shape).to(dtype);
    }

    @ParameterizedTest
    @EnumSource(DType.class)
    void everyDtypeAndShapeComesBack(DType dtype) {
        Random random = new Random(dtype.ordinal());
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (long[] shape : new long[][] {{}, {1}, {0}, {3, 0, 2}, {7}, {2, 3, 5}, {1, 1, 1, 1, 9}}) {
            tensors.put("t" + Arrays.toString(shape), tensor(dtype, random, shape));
        }
        tensors.put("transposed", tensor(dtype, random, 4, 6).t());
        tensors.put("slice", tensor(dtype, random, 9, 5).narrow(1, 1, 3));
        tensors.put("expanded", tensor(dtype, random, 1, 5).expand(3, 5));
        SafeTensorsWriter.write(file, tensors);
        assertEquals(tensors.size(), RawFile.check(written()).size());
        try (SafeTensorsFile open = SafeTensorsFile.open(file)) {
            assertEquals(tensors.keySet(), Set.copyOf(open.names()));
            tensors.forEach((name, expected) -> {
                Tensor read = open.tensor(name);
                assertEquals(dtype, read.dtype());
                assertArrayEquals(expected.shape(), read.shape(), name);
                assertArrayEquals(
                        expected.to(DType.F64).toDoubles(), read.to(DType.F64).toDoubles(), name);
            });
        }
    }

    @Test
    void specialFloatsKeepTheirBits() {
        int[] bits = {0x7f800000, 0xff800000, 0x7fc00001, 0x80000000, 0x00000001, 0x7f7fffff};
        float[] values = new float[bits.length];
        for (int i = 0; i < bits.length; i++) {
            values[i] = Float.intBitsToFloat(bits[i]);
        }
        SafeTensorsWriter.write(file, Map.of("t", Tensor.of(values, bits.length)));
        try (SafeTensorsFile open = SafeTensorsFile.open(file)) {
            assertArrayEquals(bits, open.bytes(open.info("t")).toArray(ValueLayout.JAVA_INT_UNALIGNED));
        }
    }

    @Test
    void tensorOfManyChunksComesBack() {
        long count = (5 << 20) / 4 + 3; // not a multiple of the writer's piece
        Tensor tensor = Tensor.arange(0, count).to(DType.I32);
        SafeTensorsWriter.write(file, Map.of("t", tensor));
        try (SafeTensorsFile open = SafeTensorsFile.open(file)) {
            assertArrayEquals(tensor.toLongs(), open.tensor("t").toLongs());
        }
    }

    @Test
    void parameterWithGradientIsWritten() {
        Tensor parameter = Tensor.of(new float[] {1, 2, 3, 4}, 2, 2).requiresGrad_(true);
        SafeTensorsWriter.write(file, Map.of("p", parameter, "view", parameter.t()));
        try (SafeTensorsFile open = SafeTensorsFile.open(file)) {
            assertArrayEquals(new float[] {1, 3, 2, 4}, open.tensor("view").toFloats());
        }
    }

    /** The reference implementation's layout: largest dtype first, then by name; compact JSON padded to 8 bytes. */
    @Test
    void bytesAreThoseOfTheReferenceImplementation() {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        tensors.put("b", Tensor.of(new boolean[] {true, false, true}, 3));
        tensors.put("w", Tensor.of(new float[] {1.5f}, 1, 1));
        tensors.put("\u00e9\"", Tensor.of(new float[0], 0));
        tensors.put("n", Tensor.of(new long[] {-2}));
        SafeTensorsWriter.write(file, tensors, Map.of("format", "pt"));
        String header = "{\"__metadata__\":{\"format\":\"pt\"},"
                + "\"n\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[0,8]},"
                + "\"w\":{\"dtype\":\"F32\",\"shape\":[1,1],\"data_offsets\":[8,12]},"
                + "\"\u00e9\\\"\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[12,12]},"
                + "\"b\":{\"dtype\":\"BOOL\",\"shape\":[3],\"data_offsets\":[12,15]}}";
        int length = header.getBytes(StandardCharsets.UTF_8).length;
        byte[] data = {-2, -1, -1, -1, -1, -1, -1, -1, 0, 0, (byte) 0xc0, 0x3f, 1, 0, 1};
        assertArrayEquals(RawFile.of(header + " ".repeat((8 - length % 8) % 8), data), written());
    }

    @Test
    void sameContentsGiveSameBytes() {
        List<String> names = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            names.add("layer." + i);
        }
        byte[] first = null;
        for (int seed = 0; seed < 5; seed++) {
            Collections.shuffle(names, new Random(seed));
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            Map<String, String> metadata = new LinkedHashMap<>();
            for (String name : names) {
                DType dtype = DType.values()[name.length() * name.hashCode() & 7];
                tensors.put(name, tensor(dtype, new Random(name.hashCode()), 3));
                metadata.put(name, "x");
            }
            SafeTensorsWriter.write(file, tensors, metadata);
            first = first == null ? written() : first;
            assertArrayEquals(first, written());
        }
        RawFile.check(first);
    }

    @Test
    void everyTensorIsAligned() {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (DType dtype : DType.values()) {
            tensors.put(dtype.name(), tensor(dtype, new Random(1), 3));
        }
        SafeTensorsWriter.write(file, tensors);
        try (SafeTensorsFile open = SafeTensorsFile.open(file)) {
            for (DType dtype : DType.values()) {
                assertEquals(0, open.bytes(open.info(dtype.name())).address() % dtype.byteSize(), dtype.name());
            }
        }
    }

    @Test
    void metadataComesBackAndNothingIsAValidFile() {
        Map<String, String> metadata = Map.of("", "empty", "line\n\"quoted\"", "\u20ac \ud83d\ude00 \u0000");
        SafeTensorsWriter.write(file, Map.of(), metadata);
        RawFile.check(written());
        try (SafeTensorsFile open = SafeTensorsFile.open(file)) {
            assertEquals(metadata, open.metadata());
            assertEquals(List.of(), open.names());
        }
    }

    @Test
    void nameThatTheFormatReservesIsAFaultOfTheCaller() {
        assertThrows(
                IllegalArgumentException.class,
                () -> SafeTensorsWriter.write(file, Map.of("__metadata__", Tensor.scalar(1))));
        assertThrows(
                IllegalArgumentException.class,
                () -> SafeTensorsWriter.write(file, Map.of("\ud800", Tensor.scalar(1))));
        assertTrue(Files.notExists(file));
    }

    @Test
    void failureHalfWayLeavesTheOldFileAndNothingElse() throws IOException {
        SafeTensorsWriter.write(file, Map.of("old", Tensor.scalar(1)));
        byte[] old = written();
        Tensor closed = Tensor.zeros(1000);
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        tensors.put("a", Tensor.zeros(1 << 20));
        tensors.put("b", closed);
        closed.close();
        assertThrows(IllegalStateException.class, () -> SafeTensorsWriter.write(file, tensors));
        assertArrayEquals(old, written());
        try (var files = Files.list(dir)) {
            assertEquals(List.of(file), files.toList());
        }
    }

    @Test
    void openFileSurvivesItsReplacement() {
        SafeTensorsWriter.write(file, Map.of("t", Tensor.full(1, DType.F32, Device.CPU, 1000)));
        try (SafeTensorsFile open = SafeTensorsFile.open(file)) {
            Tensor before = open.tensor("t");
            SafeTensorsWriter.write(file, Map.of("t", Tensor.scalar(2)));
            assertEquals(1, before.mean().item());
            assertEquals(1, open.tensor("t").mean().item());
        }
        try (SafeTensorsFile open = SafeTensorsFile.open(file)) {
            assertEquals(2, open.tensor("t").item());
        }
    }
}
