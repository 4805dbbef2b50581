package org.edgeprune.convert;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.edgeprune.safetensors.SafeDType;

/** An element type of ggml: plain numbers, or blocks of numbers of a few bits with a common scale. */
enum GgmlType {
    F32(0, 1, 4),
    F16(1, 1, 2),
    BF16(30, 1, 2),
    /** d (q - 8), 4 bits. */
    Q4_0(2, 32, 18),
    /** d q + m, 4 bits. */
    Q4_1(3, 32, 20),
    /** d (q - 16), 5 bits. */
    Q5_0(6, 32, 22),
    /** d q + m, 5 bits. */
    Q5_1(7, 32, 24),
    /** d q, 8 bits. */
    Q8_0(8, 32, 34),
    /** d s q - dmin m, 4 bits; 8 groups of 32 with scales and minima of 6 bits. */
    Q4_K(12, 256, 144),
    /** The same with 5 bits. */
    Q5_K(13, 256, 176),
    /** d s (q - 32), 6 bits; 16 groups of 16 with scales of 8 bits. */
    Q6_K(14, 256, 210);

    /** The types that are not converted, as number and name. */
    private static final List<String> OTHERS = List.of(
            "9 Q8_1",
            "10 Q2_K",
            "11 Q3_K",
            "15 Q8_K",
            "16 IQ2_XXS",
            "17 IQ2_XS",
            "18 IQ3_XXS",
            "19 IQ1_S",
            "20 IQ4_NL",
            "21 IQ3_S",
            "22 IQ2_S",
            "23 IQ4_XS",
            "24 I8",
            "25 I16",
            "26 I32",
            "27 I64",
            "28 F64",
            "29 IQ1_M",
            "34 TQ1_0",
            "35 TQ2_0",
            "39 MXFP4",
            "40 NVFP4");

    private final int code;
    private final int blockSize;
    private final int blockBytes;

    GgmlType(int code, int blockSize, int blockBytes) {
        this.code = code;
        this.blockSize = blockSize;
        this.blockBytes = blockBytes;
    }

    static Optional<GgmlType> of(long code) {
        return Arrays.stream(values()).filter(type -> type.code == code).findFirst();
    }

    /** The name of a type that is not converted. */
    static String nameOf(long code) {
        return OTHERS.stream()
                .filter(other -> other.startsWith(code + " "))
                .map(other -> other.substring(other.indexOf(' ') + 1))
                .findFirst()
                .orElse("number " + Long.toUnsignedString(code));
    }

    /** The number of elements of a block. */
    int blockSize() {
        return blockSize;
    }

    int blockBytes() {
        return blockBytes;
    }

    /** The corresponding type of safetensors; F32 for quantised types. */
    SafeDType stored() {
        return switch (this) {
            case F16 -> SafeDType.F16;
            case BF16 -> SafeDType.BF16;
            default -> SafeDType.F32;
        };
    }

    /**
     * Dequantises whole blocks, with the same bits as the {@code gguf} package.
     *
     * @param source blocks, one after the other
     * @param count the number of blocks
     * @param target [count * blockSize]: the numbers
     */
    void dequantise(byte[] source, int count, float[] target) {
        for (int block = 0; block < count; block++) {
            int at = block * blockBytes;
            int to = block * blockSize;
            switch (this) {
                case F32 -> target[to] = Float.intBitsToFloat(i4(source, at));
                case F16 -> target[to] = half(source, at);
                case BF16 -> target[to] = Float.intBitsToFloat(i2(source, at) << 16);
                case Q4_0 -> {
                    float d = half(source, at);
                    for (int i = 0; i < 16; i++) {
                        int q = source[at + 2 + i];
                        target[to + i] = d * ((q & 15) - 8);
                        target[to + 16 + i] = d * ((q >> 4 & 15) - 8);
                    }
                }
                case Q4_1 -> {
                    float d = half(source, at);
                    float m = half(source, at + 2);
                    for (int i = 0; i < 16; i++) {
                        int q = source[at + 4 + i];
                        target[to + i] = d * (q & 15) + m;
                        target[to + 16 + i] = d * (q >> 4 & 15) + m;
                    }
                }
                case Q5_0 -> {
                    float d = half(source, at);
                    int high = i4(source, at + 2);
                    for (int i = 0; i < 16; i++) {
                        int q = source[at + 6 + i];
                        target[to + i] = d * (((q & 15) | (high >> i & 1) << 4) - 16);
                        target[to + 16 + i] = d * (((q >> 4 & 15) | (high >> (i + 16) & 1) << 4) - 16);
                    }
                }
                case Q5_1 -> {
                    float d = half(source, at);
                    float m = half(source, at + 2);
                    int high = i4(source, at + 4);
                    for (int i = 0; i < 16; i++) {
                        int q = source[at + 8 + i];
                        target[to + i] = d * ((q & 15) | (high >> i & 1) << 4) + m;
                        target[to + 16 + i] = d * ((q >> 4 & 15) | (high >> (i + 16) & 1) << 4) + m;
                    }
                }
                case Q8_0 -> {
                    float d = half(source, at);
                    for (int i = 0; i < 32; i++) {
                        target[to + i] = d * source[at + 2 + i];
                    }
                }
                case Q4_K -> dequantiseK(source, at, at + 16, -1, target, to);
                case Q5_K -> dequantiseK(source, at, at + 48, at + 16, target, to);
                case Q6_K -> dequantise6K(source, at, target, to);
            }
        }
    }

    /**
     * A block of Q4_K or Q5_K: d, dmin, 12 bytes of scales and minima; then the fifth bits, if any, and the four lower
     * bits.
     */
    private static void dequantiseK(byte[] source, int at, int low, int high, float[] target, int to) {
        float d = half(source, at);
        float dmin = half(source, at + 2);
        int scales = at + 4;
        for (int group = 0; group < 8; group++) {
            int scale;
            int min;
            if (group < 4) {
                scale = source[scales + group] & 63;
                min = source[scales + group + 4] & 63;
            } else {
                int both = source[scales + group + 4];
                scale = (both & 15) | (source[scales + group - 4] >> 6 & 3) << 4;
                min = (both >> 4 & 15) | (source[scales + group] >> 6 & 3) << 4;
            }
            float factor = d * scale;
            float offset = dmin * min;
            int shift = (group & 1) * 4;
            for (int i = 0; i < 32; i++) {
                int q = source[low + group / 2 * 32 + i] >> shift & 15;
                if (high >= 0) {
                    q |= (source[high + i] >> group & 1) << 4;
                }
                target[to + group * 32 + i] = factor * q - offset;
            }
        }
    }

    /**
     * A block of Q6_K: two halves of 128 elements, each 64 bytes of lower bits, 32 bytes of upper bits and 8 scales.
     */
    private static void dequantise6K(byte[] source, int at, float[] target, int to) {
        float d = half(source, at + 208);
        for (int group = 0; group < 16; group++) {
            float factor = d * source[at + 192 + group];
            int half = group / 8;
            int quarter = group % 8 / 2;
            for (int i = 0; i < 16; i++) {
                int column = group % 2 * 16 + i;
                int low = source[at + half * 64 + quarter % 2 * 32 + column] >> (quarter / 2 * 4) & 15;
                int high = source[at + 128 + half * 32 + column] >> (quarter * 2) & 3;
                target[to + group * 16 + i] = factor * ((low | high << 4) - 32);
            }
        }
    }

    private static int i2(byte[] bytes, int at) {
        return (bytes[at] & 255) | (bytes[at + 1] & 255) << 8;
    }

    private static int i4(byte[] bytes, int at) {
        return i2(bytes, at) | i2(bytes, at + 2) << 16;
    }

    private static float half(byte[] bytes, int at) {
        return Float.float16ToFloat((short) i2(bytes, at));
    }
}
