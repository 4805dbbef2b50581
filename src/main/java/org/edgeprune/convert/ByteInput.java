package org.edgeprune.convert;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.edgeprune.io.Complaint;

/**
 * Bytes of a pickle or a header, read once from front to back. Every length is checked before anything is allocated.
 */
final class ByteInput {
    private static final int BUFFER = 1 << 16;
    /** Longer than any name or text in a checkpoint. */
    private static final int MAX_TEXT = 1 << 24;

    private static final int MAX_LINE = 1 << 16;
    private static final long MAX_BYTES = 1 << 28;

    private final SourceFile file;
    private final String what;
    private final long end;
    private long position;
    private byte[] buffer = new byte[0];
    private int at;

    ByteInput(SourceFile file, String what, long begin, long end) {
        this.file = file;
        this.what = what;
        this.position = begin;
        this.end = Math.min(end, begin + MAX_BYTES);
    }

    Complaint complaint() {
        return file.complaint();
    }

    /** The offset of the next byte in the file. */
    long position() {
        return position - (buffer.length - at);
    }

    int u1() {
        if (at == buffer.length) {
            int count = (int) Math.min(BUFFER, end - position);
            if (count <= 0) {
                throw complaint().damaged("its " + what + " ends early (truncated file?)");
            }
            buffer = file.read(position, count);
            position += count;
            at = 0;
        }
        return Byte.toUnsignedInt(buffer[at++]);
    }

    int u2() {
        return u1() | u1() << 8;
    }

    int i4() {
        return u2() | u2() << 16;
    }

    long i8() {
        return Integer.toUnsignedLong(i4()) | (long) i4() << 32;
    }

    double bigEndianDouble() {
        return ByteBuffer.wrap(bytes(Double.BYTES)).order(ByteOrder.BIG_ENDIAN).getDouble();
    }

    /**
     * Requires that a value can be read.
     *
     * @throws org.edgeprune.io.InputException if fewer bytes are left, or the value is larger than any in a checkpoint
     */
    void require(long count) {
        if (count < 0 || count > MAX_TEXT || count > end - position()) {
            throw complaint()
                    .damaged("its " + what + " has a value of " + Long.toUnsignedString(count)
                            + " bytes, more than are left or than any checkpoint needs");
        }
    }

    byte[] bytes(long count) {
        require(count);
        byte[] bytes = new byte[(int) count];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) u1();
        }
        return bytes;
    }

    String text(long count) {
        return new String(bytes(count), StandardCharsets.UTF_8);
    }

    /** Text up to the end of the line. */
    String line() {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int b = u1(); b != '\n'; b = u1()) {
            line.write(b);
            if (line.size() > MAX_LINE) {
                throw complaint().damaged("its " + what + " has a line of more than " + MAX_LINE + " bytes");
            }
        }
        return line.toString(StandardCharsets.UTF_8);
    }
}
