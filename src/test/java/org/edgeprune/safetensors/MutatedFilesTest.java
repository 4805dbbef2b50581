package org.edgeprune.safetensors;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.UnaryOperator;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.edgeprune.io.InputException;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Thousands of damaged files. Each is either refused with one line, or it obeys the format's rules (as
 * {@link RawFile#check} reads them) and every tensor is exactly the bytes that the rules give it.
 */
class MutatedFilesTest {
    private static final int FILES_PER_KIND = 700;

    private static final List<byte[]> SEEDS = List.of(
            RawFile.of("{\"a\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]}}    ", 24),
            RawFile.of(
                    "{\"__metadata__\":{\"format\":\"pt\",\"step\":\"7\"},"
                            + "\"w.weight\":{\"dtype\":\"F64\",\"shape\":[2,2],\"data_offsets\":[0,32]},"
                            + "\"empty\":{\"dtype\":\"F16\",\"shape\":[0,4],\"data_offsets\":[32,32]},"
                            + "\"scalar\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[32,40]},"
                            + "\"mask\":{\"dtype\":\"BOOL\",\"shape\":[3],\"data_offsets\":[40,43]},"
                            + "\"odd\":{\"dtype\":\"BF16\",\"shape\":[2,1],\"data_offsets\":[43,47]},"
                            + "\"u\":{\"dtype\":\"U32\",\"shape\":[1],\"data_offsets\":[47,51]},"
                            + "\"f4\":{\"dtype\":\"F4\",\"shape\":[2,3],\"data_offsets\":[51,54]}}",
                    concat(RawFile.of("", 40), new byte[] {1, 0, 1}, RawFile.of("", 11))),
            RawFile.of("{}", 0));

    private static byte[] concat(byte[] first, byte[] second, byte[] third) {
        // RawFile.of prepends 8 bytes of length
        return RawFile.concat(
                RawFile.concat(Arrays.copyOfRange(first, 8, first.length), second),
                Arrays.copyOfRange(third, 8, third.length));
    }

    enum Kind {
        BIT_FLIPS {
            @Override
            byte[] mutate(byte[] file, Random random) {
                for (int flips = 1 + random.nextInt(4); flips > 0; flips--) {
                    file[random.nextInt(file.length)] ^= (byte) (1 << random.nextInt(8));
                }
                return file;
            }
        },
        TRUNCATIONS_AND_EXTENSIONS {
            @Override
            byte[] mutate(byte[] file, Random random) {
                return Arrays.copyOf(file, random.nextInt(file.length + 12));
            }
        },
        HEADER_LENGTHS {
            @Override
            byte[] mutate(byte[] file, Random random) {
                long length =
                        switch (random.nextInt(4)) {
                            case 0 -> random.nextLong();
                            case 1 -> random.nextInt(200_000_000);
                            case 2 -> random.nextInt(file.length + 1);
                            default -> file.length - 8 + random.nextInt(9) - 4;
                        };
                return RawFile.withLength(length, Arrays.copyOfRange(file, 8, file.length));
            }
        },
        /** Numbers of shapes and offsets replaced by near, far and impossible ones. */
        NUMBERS {
            @Override
            byte[] mutate(byte[] file, Random random) {
                return editHeader(file, "(?<=[\\[,])\\d+(?=[,\\]])", random, old -> switch (random.nextInt(7)) {
                    case 0 -> String.valueOf(Long.parseLong(old) + random.nextInt(9) - 4);
                    case 1 -> String.valueOf(random.nextInt(64));
                    case 2 -> String.valueOf(random.nextLong());
                    case 3 -> "18446744073709551" + random.nextInt(1000);
                    case 4 -> old + ".0";
                    case 5 -> "4294967296,4294967296";
                    default -> "";
                });
            }
        },
        /** Names, dtypes and keys replaced by others of the same header, or by new ones. */
        WORDS {
            @Override
            byte[] mutate(byte[] file, Random random) {
                String[] words = {
                    "a",
                    "F32",
                    "F16",
                    "BOOL",
                    "F4",
                    "U64",
                    "C64",
                    "dtype",
                    "shape",
                    "data_offsets",
                    "__metadata__",
                    "F128",
                    "",
                    "\\u0000",
                    "é\\n",
                    "w.weight"
                };
                return editHeader(file, "(?<=\")\\w[^\"]*(?=\")", random, _ -> words[random.nextInt(words.length)]);
            }
        },
        /** Any piece of the JSON replaced by another piece of it. */
        SPLICES {
            @Override
            byte[] mutate(byte[] file, Random random) {
                String header = header(file);
                int from = random.nextInt(header.length());
                int to = random.nextInt(header.length());
                String piece = header.substring(from, Math.min(header.length(), from + random.nextInt(30)));
                int end = Math.min(header.length(), to + random.nextInt(30));
                return withHeader(file, header.substring(0, to) + piece + header.substring(end));
            }
        },
        RANDOM_TOKENS {
            @Override
            byte[] mutate(byte[] file, Random random) {
                String[] tokens = {
                    "{",
                    "}",
                    "[",
                    "]",
                    ",",
                    ":",
                    "0",
                    "-1",
                    "8",
                    "1e9",
                    "null",
                    "true",
                    "\"a\"",
                    "\"dtype\"",
                    "\"F32\"",
                    "\"shape\"",
                    "\"data_offsets\"",
                    "\"__metadata__\"",
                    " ",
                    "\"",
                    "\\"
                };
                StringBuilder header = new StringBuilder("{");
                for (int i = random.nextInt(40); i > 0; i--) {
                    header.append(tokens[random.nextInt(tokens.length)]);
                }
                return withHeader(file, header.toString());
            }
        },
        RANDOM_BYTES {
            @Override
            byte[] mutate(byte[] file, Random random) {
                byte[] header = new byte[1 + random.nextInt(64)];
                random.nextBytes(header);
                header[0] = '{';
                return RawFile.of(header, new byte[random.nextInt(16)]);
            }
        },
        /** A new layout of U8 tensors at random places: now and then a right one. */
        LAYOUTS {
            @Override
            byte[] mutate(byte[] file, Random random) {
                StringBuilder header = new StringBuilder("{");
                int begin = 0;
                int count = 1 + random.nextInt(4);
                for (int i = 0; i < count; i++) {
                    int length = random.nextInt(6);
                    begin = Math.max(0, begin + (random.nextInt(4) == 0 ? random.nextInt(5) - 2 : 0));
                    header.append("%s\"%d\":{\"dtype\":\"U8\",\"shape\":[%d],\"data_offsets\":[%d,%d]}"
                            .formatted(i == 0 ? "" : ",", i, length, begin, begin + length));
                    begin += length;
                }
                return RawFile.of(
                        header + "}", Math.max(0, begin + (random.nextInt(5) == 0 ? random.nextInt(3) - 1 : 0)));
            }
        };

        abstract byte[] mutate(byte[] file, Random random);
    }

    @TempDir
    Path dir;

    @ParameterizedTest
    @EnumSource(Kind.class)
    void damagedFileIsRefusedOrObeysTheRules(Kind kind) {
        Random random = new Random(20240607L + kind.ordinal());
        long tensors = TensorScope.liveTensors();
        int refused = 0;
        for (int i = 0; i < FILES_PER_KIND; i++) {
            byte[] file = kind.mutate(SEEDS.get(random.nextInt(SEEDS.size())).clone(), random);
            Path path = RawFile.write(dir.resolve(i + ".safetensors"), file); // overwriting one is slow on ext4
            try (SafeTensorsFile open = SafeTensorsFile.open(path)) {
                compare(open, file);
            } catch (InputException e) {
                refused++;
                assertOneLine(e, path);
                assertFalse(obeysTheRules(file) && !e.getMessage().contains("overflows"), e.getMessage());
            }
        }
        assertEquals(tensors, TensorScope.liveTensors());
        assertTrue(refused > FILES_PER_KIND / 10, "these mutations break rules: " + refused);
        assertTrue(kind != Kind.LAYOUTS || refused < FILES_PER_KIND / 2, "right files are accepted: " + refused);
    }

    private static boolean obeysTheRules(byte[] file) {
        try {
            RawFile.check(file);
            return true;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    private static void compare(SafeTensorsFile open, byte[] file) {
        List<RawFile.Entry> expected = RawFile.check(file);
        int dataStart = 8
                + Math.toIntExact(
                        ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getLong());
        assertEquals(expected.stream().map(RawFile.Entry::name).toList(), open.names());
        for (RawFile.Entry entry : expected) {
            TensorInfo info = open.info(entry.name());
            assertArrayEquals(entry.shape().stream().mapToLong(Long::longValue).toArray(), info.shape());
            byte[] bytes = open.bytes(info).toArray(ValueLayout.JAVA_BYTE);
            assertArrayEquals(Arrays.copyOfRange(file, dataStart + entry.begin(), dataStart + entry.end()), bytes);
            try (Tensor tensor = open.tensor(entry.name())) {
                assertArrayEquals(info.shape(), tensor.shape());
                assertEquals(info.dtype().tensorType().orElseThrow(), tensor.dtype());
                try (Tensor copy = tensor.copy()) { // touches every byte
                    assertEquals(info.elementCount(), copy.elementCount());
                }
            } catch (InputException e) {
                assertOneLine(e, open.path());
                assertTrue(info.dtype().tensorType().isEmpty() || info.dtype() == SafeDType.BOOL, e.getMessage());
            }
        }
    }

    private static void assertOneLine(InputException e, Path path) {
        assertTrue(e.getMessage().startsWith(path + ": "), e.getMessage());
        assertTrue(e.getMessage().chars().noneMatch(Character::isISOControl), e.getMessage());
        assertTrue(e.getMessage().length() < 1000, e.getMessage());
    }

    private static String header(byte[] file) {
        int length = (file[0] & 0xff) | (file[1] & 0xff) << 8;
        return new String(file, 8, length, StandardCharsets.UTF_8);
    }

    private static byte[] withHeader(byte[] file, String header) {
        int dataStart = 8 + header(file).getBytes(StandardCharsets.UTF_8).length;
        return RawFile.of(header, Arrays.copyOfRange(file, dataStart, file.length));
    }

    /** Replaces one or two random matches of a pattern in the header, keeping the header length right. */
    private static byte[] editHeader(byte[] file, String pattern, Random random, UnaryOperator<String> edit) {
        byte[] edited = file;
        for (int edits = 1 + random.nextInt(2); edits > 0; edits--) {
            String header = header(edited);
            List<MatchResult> matches =
                    Pattern.compile(pattern).matcher(header).results().toList();
            if (matches.isEmpty()) {
                return edited;
            }
            MatchResult match = matches.get(random.nextInt(matches.size()));
            String replaced;
            try {
                replaced = edit.apply(match.group());
            } catch (NumberFormatException e) {
                continue; // a number that an earlier edit made too large
            }
            edited = withHeader(edited, header.substring(0, match.start()) + replaced + header.substring(match.end()));
        }
        return edited;
    }
}
