package org.edgeprune.convert;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.edgeprune.io.InputException;

/** Damages files at random, and checks that their conversion succeeds or is refused in one line. */
final class RandomDamage {
    private RandomDamage() {}

    /** A copy that is truncated, or has three random bytes among its first {@code range}. */
    static byte[] to(byte[] good, Random random, int range) {
        if (random.nextInt(3) == 0) {
            return Arrays.copyOf(good, random.nextInt(good.length));
        }
        byte[] bytes = good.clone();
        for (int flips = 0; flips < 3; flips++) {
            bytes[random.nextInt(Math.min(bytes.length, range))] = (byte) random.nextInt();
        }
        return bytes;
    }

    static void assertConvertedOrRefused(Path file, Path out, Converter.Options options) {
        try {
            Converter.convert(file, out, options, (_, _) -> {});
        } catch (InputException e) {
            assertEquals(1, e.getMessage().lines().count(), e.getMessage());
            assertFalse(Files.exists(out));
        }
    }
}
