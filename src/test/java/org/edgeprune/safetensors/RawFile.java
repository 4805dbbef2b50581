package org.edgeprune.safetensors;

import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/** Files made byte by byte, and a second, plain reading of the format's rules to hold our code against. */
final class RawFile {
    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private static final Map<String, Integer> BITS = Map.ofEntries(
            Map.entry("BOOL", 8),
            Map.entry("F4", 4),
            Map.entry("F6_E2M3", 6),
            Map.entry("F6_E3M2", 6),
            Map.entry("U8", 8),
            Map.entry("I8", 8),
            Map.entry("F8_E5M2", 8),
            Map.entry("F8_E4M3", 8),
            Map.entry("F8_E8M0", 8),
            Map.entry("F8_E4M3FNUZ", 8),
            Map.entry("F8_E5M2FNUZ", 8),
            Map.entry("I16", 16),
            Map.entry("U16", 16),
            Map.entry("F16", 16),
            Map.entry("BF16", 16),
            Map.entry("I32", 32),
            Map.entry("U32", 32),
            Map.entry("F32", 32),
            Map.entry("C64", 64),
            Map.entry("F64", 64),
            Map.entry("I64", 64),
            Map.entry("U64", 64));

    private RawFile() {}

    /** A file of a header with its right length and data bytes 0, 1, 2, ... */
    static byte[] of(String header, int dataLength) {
        byte[] data = new byte[dataLength];
        for (int i = 0; i < dataLength; i++) {
            data[i] = (byte) i;
        }
        return of(header, data);
    }

    static byte[] of(String header, byte[] data) {
        return of(header.getBytes(StandardCharsets.UTF_8), data);
    }

    static byte[] of(byte[] header, byte[] data) {
        return withLength(header.length, concat(header, data));
    }

    /** A file that claims any header length. */
    static byte[] withLength(long length, byte[] rest) {
        byte[] start = ByteBuffer.allocate(8)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(length)
                .array();
        return concat(start, rest);
    }

    static byte[] concat(byte[] a, byte[] b) {
        return ByteBuffer.allocate(a.length + b.length).put(a).put(b).array();
    }

    static Path write(Path file, byte[] bytes) {
        try {
            return Files.write(file, bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** One tensor as {@link #check} found it. */
    record Entry(String name, String dtype, List<Long> shape, int begin, int end) {}

    /**
     * Reads a file by the rules as the format's page states them, with none of the code under test.
     *
     * @return the tensors by offset
     * @throws IllegalArgumentException where a rule is broken
     */
    static List<Entry> check(byte[] file) {
        require(file.length >= 8, "length");
        long size = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getLong();
        require(size > 0 && size <= file.length - 8 && size <= 100_000_000, "header length");
        String text;
        JsonNode root;
        try {
            text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(file, 8, (int) size))
                    .toString();
            root = JSON.readTree(text);
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException("UTF-8", e);
        } catch (IOException e) {
            throw new IllegalArgumentException("JSON", e);
        }
        require(text.startsWith("{") && root.isObject(), "object");
        List<Entry> entries = new ArrayList<>();
        for (Map.Entry<String, JsonNode> field : root.properties()) {
            JsonNode value = field.getValue();
            require(value.isObject(), "entry");
            if (field.getKey().equals("__metadata__")) {
                value.forEach(entry -> require(entry.isTextual(), "metadata"));
                continue;
            }
            List<Long> shape = numbers(value.path("shape"));
            List<Long> offsets = numbers(value.path("data_offsets"));
            require(
                    value.path("dtype").isTextual()
                            && BITS.containsKey(value.get("dtype").textValue()),
                    "dtype");
            require(
                    offsets.size() == 2 && offsets.get(0) <= offsets.get(1) && offsets.get(1) <= file.length,
                    "offsets");
            long bits = BITS.get(value.get("dtype").textValue());
            for (long dimension : shape) {
                require(dimension == 0 || bits <= Long.MAX_VALUE / dimension, "overflow");
                bits *= dimension;
            }
            require(bits == 8 * (offsets.get(1) - offsets.get(0)), "size");
            entries.add(new Entry(
                    field.getKey(),
                    value.get("dtype").textValue(),
                    shape,
                    offsets.get(0).intValue(),
                    offsets.get(1).intValue()));
        }
        entries.sort(Comparator.comparingInt(Entry::begin).thenComparingInt(Entry::end));
        int covered = 0;
        for (Entry entry : entries) {
            require(entry.begin() == covered, "contiguous");
            covered = entry.end();
        }
        require(covered == file.length - 8 - size, "covered");
        return entries;
    }

    private static List<Long> numbers(JsonNode array) {
        require(array.isArray(), "array");
        List<Long> numbers = new ArrayList<>();
        for (JsonNode number : array) {
            require(number.isIntegralNumber() && number.canConvertToLong() && number.longValue() >= 0, "number");
            numbers.add(number.longValue());
        }
        return numbers;
    }

    private static void require(boolean condition, String rule) {
        if (!condition) {
            throw new IllegalArgumentException(rule);
        }
    }
}
