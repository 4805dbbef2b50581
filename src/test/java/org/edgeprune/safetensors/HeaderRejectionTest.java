package org.edgeprune.safetensors;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.edgeprune.io.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every way in which a file can break the format's rules is refused with one line that says which. */
class HeaderRejectionTest {
    @TempDir
    Path dir;

    /** The one tensor 'a' of two F32, with one field replaced. */
    private static byte[] one(String field) {
        String header = "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]}}";
        String key = field.substring(0, field.indexOf(':'));
        return json(header.replaceFirst(key + ":('F32'|\\[[^]]*])", field), 8);
    }

    private static byte[] json(String header, int dataLength) {
        return RawFile.of(header.replace('\'', '"'), dataLength);
    }

    private static String u8(String name, int begin, int end) {
        return "'%s':{'dtype':'U8','shape':[%d],'data_offsets':[%d,%d]}".formatted(name, end - begin, begin, end);
    }

    static Stream<Arguments> malformed() {
        byte[] good = one("'shape':[2]");
        return Stream.of(
                // the file as a whole
                arguments("an empty file", new byte[0], "the file is empty"),
                arguments("no room for the header length", new byte[] {2, 0, 0}, "3 bytes, too few for the 8-byte"),
                arguments(
                        "header beyond the file",
                        RawFile.withLength(1000, new byte[] {'{', '}'}),
                        "header length 1000 reaches beyond the end of the file, which has 10 bytes"),
                arguments(
                        "header over 100 MB",
                        RawFile.withLength(100_000_001, new byte[9]),
                        "header length 100000001 is over the limit of 100000000 bytes"),
                arguments(
                        "header length over 2^63",
                        RawFile.withLength(-1, new byte[9]),
                        "header length 18446744073709551615 is over the limit"),
                arguments("header length 0", RawFile.withLength(0, new byte[0]), "does not begin with '{'"),
                arguments(
                        "truncated data",
                        Arrays.copyOf(good, good.length - 1),
                        "tensor 'a': data_offsets end at byte 8, but only 7 bytes of data are there (truncated file?)"),
                arguments(
                        "left-over data",
                        Arrays.copyOf(good, good.length + 3),
                        "data has 3 bytes left over that belong to no tensor"),
                arguments("data without tensors", json("{}", 5), "data has 5 bytes left over"),
                // JSON
                arguments("not JSON", json("{hello}", 0), "header is not valid JSON at character"),
                arguments("cut off JSON", json("{'a':{'dtype':'F32'", 0), "header is not valid JSON at character"),
                arguments("an array", json("[1,2]", 0), "does not begin with '{', so it is not a JSON object"),
                arguments("white space first", json(" {}", 0), "does not begin with '{'"),
                arguments("a byte order mark", json("\uFEFF{}", 0), "does not begin with '{'"),
                arguments(
                        "UTF-16", RawFile.of("{}".getBytes(StandardCharsets.UTF_16LE), new byte[0]), "not valid JSON"),
                arguments("trailing object", json("{}{}", 0), "header has trailing garbage after its JSON object"),
                arguments("trailing zeros", json("{}\0\0", 0), "header is not valid JSON"),
                arguments("trailing text", json("{} x", 0), "header is not valid JSON"),
                arguments(
                        "broken UTF-8",
                        RawFile.of(new byte[] {'{', '"', (byte) 0xc3, '(', '"', ':', '1', '}'}, new byte[0]),
                        "header is not valid UTF-8"),
                arguments(
                        "overlong UTF-8",
                        RawFile.of(new byte[] {'{', '"', (byte) 0xc0, (byte) 0xaf, '"', ':', '1', '}'}, new byte[0]),
                        "header is not valid UTF-8"),
                arguments("half a surrogate pair", json("{'\\ud800':{}}", 0), "half a surrogate pair"),
                arguments("a comment", json("{/**/}", 0), "header is not valid JSON"),
                arguments(
                        "duplicate tensor",
                        json("{" + u8("a", 0, 1) + "," + u8("a", 1, 2) + "}", 2),
                        "Duplicate field 'a'"),
                arguments(
                        "duplicate tensor, escaped",
                        json("{" + u8("a", 0, 1) + "," + u8("\\u0061", 1, 2) + "}", 2),
                        "Duplicate field 'a'"),
                arguments(
                        "duplicate field",
                        json("{'a':{'dtype':'U8','dtype':'I8','shape':[1],'data_offsets':[0,1]}}", 1),
                        "Duplicate field 'dtype'"),
                arguments("duplicate metadata", json("{'__metadata__':{'k':'1','k':'2'}}", 0), "Duplicate field 'k'"),
                arguments("deep nesting of objects", json("{'a':".repeat(1_000_000), 0), "header is not valid JSON"),
                arguments(
                        "deep nesting in an ignored field",
                        json("{'a':{'x':" + "[".repeat(1_000_000), 0),
                        "header is not valid JSON"),
                // fields
                arguments("tensor is no object", json("{'a':[0,8]}", 8), "tensor 'a' is an array instead of an object"),
                arguments("tensor is null", json("{'a':null}", 0), "tensor 'a' is null instead of an object"),
                arguments(
                        "no dtype",
                        json("{'a':{'shape':[2],'data_offsets':[0,8]}}", 8),
                        "tensor 'a': field dtype is missing"),
                arguments(
                        "no shape",
                        json("{'a':{'dtype':'F32','data_offsets':[0,8]}}", 8),
                        "tensor 'a': field shape is missing"),
                arguments(
                        "no data_offsets",
                        json("{'a':{'dtype':'F32','shape':[2]}}", 8),
                        "tensor 'a': field data_offsets is missing"),
                arguments("unknown dtype", one("'dtype':'F128'"), "tensor 'a': unknown dtype 'F128'"),
                arguments("dtype in small letters", one("'dtype':'f32'"), "tensor 'a': unknown dtype 'f32'"),
                arguments("dtype is a number", one("'dtype':32"), "tensor 'a': dtype is a number instead of a string"),
                arguments("shape is a number", one("'shape':2"), "tensor 'a': shape is a number instead of an array"),
                arguments("negative size", one("'shape':[-2]"), "tensor 'a': shape is negative (-2)"),
                arguments("negative zero", one("'shape':[-0]"), "tensor 'a': shape is negative (-0)"),
                arguments("size with a point", one("'shape':[2.0]"), "shape is a number with a point or an exponent"),
                arguments(
                        "size with an exponent", one("'shape':[2e0]"), "shape is a number with a point or an exponent"),
                arguments("size as a string", one("'shape':['2']"), "shape is a string instead of a whole number"),
                arguments("size is null", one("'shape':[null]"), "shape is null instead of a whole number"),
                arguments("size is true", one("'shape':[true]"), "shape is true or false instead of a whole number"),
                arguments("nested shape", one("'shape':[[2]]"), "shape is an array instead of a whole number"),
                arguments("size over 2^63", one("'shape':[18446744073709551615]"), "shape is too large"),
                arguments("a size of 100 digits", one("'shape':[" + "9".repeat(100) + "]"), "shape is too large"),
                arguments("overflowing shape", one("'shape':[4294967296,4294967296]"), "overflows a 64-bit size"),
                arguments("overflowing bytes", one("'shape':[2305843009213693951]"), "overflows a 64-bit size"),
                arguments(
                        "overflow that wraps to the right size",
                        one("'shape':[4611686018427387904,4,2]"),
                        "overflows a 64-bit size"),
                arguments(
                        "size does not match",
                        one("'shape':[3]"),
                        "tensor 'a': shape [3] of F32 needs 12 bytes, but data_offsets [0, 8] hold 8"),
                arguments("dtype does not match", one("'dtype':'F64'"), "shape [2] of F64 needs 16 bytes"),
                arguments(
                        "a part of a byte",
                        json("{'a':{'dtype':'F4','shape':[3],'data_offsets':[0,2]}}", 2),
                        "shape [3] of F4 does not fill whole bytes"),
                arguments(
                        "metadata is a list",
                        json("{'__metadata__':['x']}", 0),
                        "__metadata__ is an array instead of an object"),
                arguments(
                        "metadata holds a number",
                        json("{'__metadata__':{'step':3}}", 0),
                        "__metadata__ 'step' is a number instead of a string"),
                arguments(
                        "metadata holds an object",
                        json("{'__metadata__':{'a':{}}}", 0),
                        "__metadata__ 'a' is an object instead of a string"),
                // offsets
                arguments("one offset", one("'data_offsets':[8]"), "data_offsets [8] are not [begin, end]"),
                arguments("three offsets", one("'data_offsets':[0,8,8]"), "data_offsets has more than 2 entries"),
                arguments("backward offsets", one("'data_offsets':[8,0]"), "data_offsets [8, 0] are not [begin, end]"),
                arguments("negative offset", one("'data_offsets':[-8,0]"), "data_offsets is negative (-8)"),
                arguments(
                        "offset with a point", one("'data_offsets':[0,8.0]"), "data_offsets is a number with a point"),
                arguments(
                        "offsets beyond the file",
                        one("'data_offsets':[1000000,1000008]"),
                        "data_offsets end at byte 1000008, but only 8 bytes of data are there"),
                arguments(
                        "offsets near 2^63",
                        one("'data_offsets':[9223372036854775799,9223372036854775807]"),
                        "data_offsets end at byte 9223372036854775807"),
                arguments(
                        "not starting at 0",
                        json("{" + u8("a", 1, 3) + "}", 3),
                        "tensor 'a': data_offsets begin at byte 1 instead of 0, which leaves a hole"),
                arguments(
                        "a hole",
                        json("{" + u8("a", 0, 2) + "," + u8("b", 3, 5) + "}", 5),
                        "tensor 'b': data_offsets begin at byte 3 instead of 2, which leaves a hole"),
                arguments(
                        "overlap",
                        json("{" + u8("a", 0, 3) + "," + u8("b", 2, 5) + "}", 5),
                        "tensor 'b': data_offsets [2, 5] overlap those of tensor 'a'"),
                arguments(
                        "the same bytes twice",
                        json("{" + u8("a", 0, 3) + "," + u8("b", 0, 3) + "}", 3),
                        "tensor 'b': data_offsets [0, 3] overlap those of tensor 'a'"),
                arguments(
                        "an empty tensor inside another",
                        json("{" + u8("a", 0, 3) + "," + u8("b", 1, 1) + "}", 3),
                        "tensor 'b': data_offsets [1, 1] overlap those of tensor 'a'"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("malformed")
    void malformedFileIsRefusedWithOneLine(String name, byte[] bytes, String expected) {
        Path file = RawFile.write(dir.resolve("model.safetensors"), bytes);
        String message = assertThrows(InputException.class, () -> SafeTensorsFile.open(file))
                .getMessage();
        assertTrue(message.contains(expected), () -> "expected \"" + expected + "\" in: " + message);
        assertTrue(message.startsWith(file + ": "), message);
        assertEquals(1, message.lines().count(), message);
        assertThrows(IllegalArgumentException.class, () -> RawFile.check(bytes), "the rules themselves refuse it too");
    }

    /** The format allows these, libtorch cannot compute with them. */
    static Stream<Arguments> unusable() {
        return Stream.of(
                arguments(
                        "strides that overflow behind a zero",
                        json("{'a':{'dtype':'F32','shape':[0,9223372036854775807,4],'data_offsets':[0,0]}}", 0),
                        "tensor 'a': shape [0, 9223372036854775807, 4] of F32 overflows a 64-bit size"),
                arguments(
                        "65 dimensions",
                        json("{'a':{'dtype':'U8','shape':[1" + ",1".repeat(64) + "],'data_offsets':[0,1]}}", 1),
                        "tensor 'a': shape has more than 64 dimensions"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource
    void unusable(String name, byte[] bytes, String expected) {
        Path file = RawFile.write(dir.resolve("model.safetensors"), bytes);
        String message = assertThrows(InputException.class, () -> SafeTensorsFile.open(file))
                .getMessage();
        assertTrue(message.contains(expected), message);
        assertEquals(1, RawFile.check(bytes).size());
    }

    @Test
    void namesFromTheFileCannotBreakTheLine() {
        String name = "x\\n\\u001b[31m\\u2028" + "y".repeat(10_000);
        Path file = RawFile.write(dir.resolve("f.safetensors"), json("{'" + name + "':{}}", 0));
        String message = assertThrows(InputException.class, () -> SafeTensorsFile.open(file))
                .getMessage();
        assertTrue(message.contains("'x\\u000a\\u001b[31m\\u2028yyy"), message);
        assertTrue(message.length() < 500 + file.toString().length(), message);
        assertFalse(message.chars().anyMatch(Character::isISOControl), message);
    }
}
