package org.edgeprune.safetensors;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;

/** Copies stored elements to the wider integer type that holds all their values; other types byte by byte. */
final class Widening {
    private Widening() {}

    /**
     * @param source some of a tensor's elements as stored
     * @param offset where in the tensor's stored bytes {@code source} begins
     * @param target the whole tensor in {@link SafeDType#tensorType} elements
     */
    static void widen(MemorySegment source, SafeDType from, MemorySegment target, long offset) {
        long first = offset * 8 / from.bits();
        long count = source.byteSize() * 8 / from.bits();
        switch (from) {
            case I8 -> {
                for (long i = 0; i < count; i++) {
                    target.setAtIndex(JAVA_INT, first + i, source.get(JAVA_BYTE, i));
                }
            }
            case I16 -> {
                for (long i = 0; i < count; i++) {
                    target.setAtIndex(JAVA_INT, first + i, source.getAtIndex(JAVA_SHORT_UNALIGNED, i));
                }
            }
            case U16 -> {
                for (long i = 0; i < count; i++) {
                    int value = Short.toUnsignedInt(source.getAtIndex(JAVA_SHORT_UNALIGNED, i));
                    target.setAtIndex(JAVA_INT, first + i, value);
                }
            }
            case U32 -> {
                for (long i = 0; i < count; i++) {
                    long value = Integer.toUnsignedLong(source.getAtIndex(JAVA_INT_UNALIGNED, i));
                    target.setAtIndex(JAVA_LONG, first + i, value);
                }
            }
            default -> MemorySegment.copy(source, 0, target, offset, source.byteSize());
        }
    }
}
