package org.edgeprune.report;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.zip.CRC32C;
import org.edgeprune.io.InputException;

/**
 * An event file of TensorBoard with scalars: records of TensorFlow's TFRecord format (length, masked CRC-32C, content,
 * masked CRC-32C), each an {@code Event} message in protocol buffer encoding. Every record is in the file when the call
 * returns, so that a running TensorBoard sees it.
 */
public final class EventFile implements AutoCloseable {
    private static final int MASK_DELTA = 0xa282ead8;
    private static final int VARINT = 0;
    private static final int FIXED_64 = 1;
    private static final int BYTES = 2;
    private static final int FIXED_32 = 5;

    private final Path file;
    private final OutputStream out;

    /**
     * Begins a new file, beside those of earlier parts of a run.
     *
     * @param directory TensorBoard's log directory of the run; created if it does not exist
     * @param seconds the time of the first event, in seconds since 1970; part of the file's name
     * @throws InputException if the file cannot be written
     */
    public EventFile(Path directory, double seconds) {
        file = directory.resolve("events.out.tfevents.%010d.edgeprune.%d"
                .formatted((long) seconds, ProcessHandle.current().pid()));
        try {
            Files.createDirectories(directory);
            out = Files.newOutputStream(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw unwritable(e);
        }
        Message event = new Message().fixed64(1, Double.doubleToLongBits(seconds));
        write(event.bytes(3, "brain.Event:2".getBytes(StandardCharsets.UTF_8)));
    }

    private InputException unwritable(IOException e) {
        return new InputException(file + ": cannot be written: " + e.getMessage() + "; choose another directory", e);
    }

    /**
     * Writes values of one step.
     *
     * @param seconds when they were measured, in seconds since 1970
     * @param step index of the step
     * @param values by tag, such as {@code train/kl}
     * @throws InputException if the file cannot be written
     */
    public void scalars(double seconds, long step, Map<String, Double> values) {
        Message summary = new Message();
        values.forEach((tag, value) -> summary.bytes(
                1,
                new Message()
                        .bytes(1, tag.getBytes(StandardCharsets.UTF_8))
                        .fixed32(2, Float.floatToIntBits(value.floatValue()))
                        .content()));
        write(new Message()
                .fixed64(1, Double.doubleToLongBits(seconds))
                .varint(2, step)
                .bytes(5, summary.content()));
    }

    private void write(Message event) {
        byte[] content = event.content();
        ByteBuffer record = ByteBuffer.allocate(content.length + Long.BYTES + 2 * Integer.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN);
        record.putLong(content.length);
        record.putInt(masked(record.array(), Long.BYTES));
        record.put(content);
        record.putInt(masked(content, content.length));
        try {
            out.write(record.array());
        } catch (IOException e) {
            throw unwritable(e);
        }
    }

    private static int masked(byte[] bytes, int length) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, length);
        return Integer.rotateRight((int) crc.getValue(), 15) + MASK_DELTA;
    }

    /**
     * The file.
     *
     * @return its path
     */
    public Path path() {
        return file;
    }

    @Override
    public void close() {
        try {
            out.close();
        } catch (IOException e) {
            throw unwritable(e);
        }
    }

    /** A protocol buffer message: fields one after another. */
    private static final class Message {
        private final ByteArrayOutputStream out = new ByteArrayOutputStream();

        Message varint(int field, long value) {
            key(field, VARINT);
            number(value);
            return this;
        }

        Message fixed64(int field, long bits) {
            key(field, FIXED_64);
            out.writeBytes(ByteBuffer.allocate(Long.BYTES)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(bits)
                    .array());
            return this;
        }

        Message fixed32(int field, int bits) {
            key(field, FIXED_32);
            out.writeBytes(ByteBuffer.allocate(Integer.BYTES)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putInt(bits)
                    .array());
            return this;
        }

        Message bytes(int field, byte[] content) {
            key(field, BYTES);
            number(content.length);
            out.writeBytes(content);
            return this;
        }

        byte[] content() {
            return out.toByteArray();
        }

        private void key(int field, int wireType) {
            number(((long) field << 3) | wireType);
        }

        /** Seven bits in a byte, the lowest first. */
        private void number(long value) {
            long rest = value;
            while ((rest & ~0x7fL) != 0) {
                out.write((int) ((rest & 0x7f) | 0x80));
                rest >>>= 7;
            }
            out.write((int) rest);
        }
    }
}
