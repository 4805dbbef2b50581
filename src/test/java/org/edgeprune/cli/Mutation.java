package org.edgeprune.cli;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Damages a file's bytes: flips, cuts, repeats, inserts, and swaps values of JSON for others that readers dislike. */
final class Mutation {
    private static final List<String> VALUES = List.of(
            "null",
            "[]",
            "{}",
            "\"\"",
            "-1",
            "0",
            "0.5",
            "1e308",
            "1e400",
            "1e-400",
            "2147483647",
            "2147483648",
            "9223372036854775807",
            "99999999999999999999999999",
            "NaN",
            "true",
            "\"\\u0000\"",
            "\"\\ud800\"",
            "\"\\u001b[31m\\n\"",
            "\"../../../etc/passwd\"",
            "[[[[[[[[[[]]]]]]]]]]",
            "{\"a\":{\"a\":1}}",
            "[1,2,3]",
            "\"a0.h0\"",
            "16777217",
            "\"" + "x".repeat(2000) + "\"",
            "[".repeat(5000),
            "-".repeat(5000),
            "(".repeat(5000));

    private static final Pattern SCALAR =
            Pattern.compile("\"[^\"]*+\"|-?\\d+(?:\\.\\d+)?(?:[eE][+-]?\\d+)?|true|false|null");

    private final Random random;

    Mutation(long seed) {
        this.random = new Random(seed);
    }

    /** One to five changes. */
    byte[] of(byte[] original) {
        int rounds = random.nextInt(4) == 0 ? 1 + random.nextInt(5) : 1;
        byte[] bytes = original;
        for (int i = 0; i < rounds; i++) {
            bytes = once(bytes);
        }
        return bytes;
    }

    private byte[] once(byte[] bytes) {
        if (bytes.length == 0) {
            return new byte[] {(byte) random.nextInt(256)};
        }
        int at = random.nextInt(bytes.length);
        int end = Math.min(bytes.length, at + 1 + random.nextInt(1 + bytes.length / 8));
        return switch (random.nextInt(12)) {
            case 0 -> spliced(bytes, at, at + 1, new byte[] {(byte) (bytes[at] ^ 1 << random.nextInt(8))});
            case 1 -> spliced(bytes, at, at + 1, new byte[] {(byte) random.nextInt(256)});
            case 2 -> Arrays.copyOf(bytes, at);
            case 3 -> {
                byte[] more = new byte[1 + random.nextInt(8)];
                random.nextBytes(more);
                yield spliced(bytes, at, at, more);
            }
            case 4 -> spliced(bytes, at, end, new byte[0]);
            case 5 -> {
                int to = random.nextInt(bytes.length + 1);
                yield spliced(bytes, to, to, Arrays.copyOfRange(bytes, at, end));
            }
            default -> swapped(bytes);
        };
    }

    private byte[] swapped(byte[] bytes) {
        String text = new String(bytes, StandardCharsets.ISO_8859_1);
        List<int[]> scalars = new ArrayList<>();
        for (Matcher matcher = SCALAR.matcher(text); matcher.find(); ) {
            scalars.add(new int[] {matcher.start(), matcher.end()});
        }
        if (scalars.isEmpty()) {
            return Arrays.copyOf(bytes, random.nextInt(bytes.length));
        }
        int[] place = scalars.get(random.nextInt(scalars.size()));
        int[] other = scalars.get(random.nextInt(scalars.size()));
        String value =
                random.nextInt(4) == 0 ? text.substring(other[0], other[1]) : VALUES.get(random.nextInt(VALUES.size()));
        return (text.substring(0, place[0]) + value + text.substring(place[1])).getBytes(StandardCharsets.ISO_8859_1);
    }

    private static byte[] spliced(byte[] bytes, int from, int to, byte[] with) {
        byte[] all = Arrays.copyOf(bytes, bytes.length - (to - from) + with.length);
        System.arraycopy(with, 0, all, from, with.length);
        System.arraycopy(bytes, to, all, from + with.length, bytes.length - to);
        return all;
    }
}
