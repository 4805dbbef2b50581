package org.edgeprune.convert;

import static org.edgeprune.io.Complaint.quote;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.function.LongUnaryOperator;
import org.edgeprune.safetensors.SafeDType;
import org.edgeprune.safetensors.StreamedTensor;

/**
 * A tensor of a GGUF file as HuggingFace stores it: dequantised, with its rows in HuggingFace's order.
 *
 * @param sourceRow the file's row for each row
 * @param transposed whether rows become columns (the Conv1D of GPT-2)
 * @param added is added to every element (-1 for Gemma's norms, to which llama.cpp adds one)
 */
record GgufTensor(SourceFile file, GgufFile.Entry entry, LongUnaryOperator sourceRow, boolean transposed, float added) {
    /** Rows in the same order as HuggingFace's. */
    static final LongUnaryOperator IN_ORDER = row -> row;

    private static final int CHUNK = 1 << 20;
    private static final long MAX_TRANSPOSED = 1 << 28;

    StreamedTensor streamed() {
        if (transposed && (entry.shape().size() != 2 || entry.rows() * entry.columns() > MAX_TRANSPOSED)) {
            throw file.complaint().damaged("tensor " + quote(entry.name()) + " cannot be transposed");
        }
        long[] shape = entry.shape().stream().mapToLong(Long::longValue).toArray();
        if (transposed) {
            shape = new long[] {shape[1], shape[0]};
        }
        if (shape.length == 1 && !sourceRow.equals(IN_ORDER)) {
            // a bias in the order of its weight's rows
            GgufFile.Entry column =
                    new GgufFile.Entry(entry.name(), entry.type(), List.of(shape[0], 1L), entry.begin());
            StreamedTensor rows = new GgufTensor(file, column, sourceRow, false, added).streamed();
            return new StreamedTensor(rows.dtype(), shape, rows.body());
        }
        SafeDType dtype = added == 0 ? entry.type().stored() : SafeDType.F32;
        return new StreamedTensor(dtype, shape, out -> {
            if (transposed) {
                writeTransposed(out, dtype);
            } else {
                writeRows(out, dtype);
            }
        });
    }

    /** Consecutive rows of the file are read at once. */
    private void writeRows(OutputStream out, SafeDType dtype) throws IOException {
        long rowBytes = entry.rowBytes();
        long most = Math.max(1, CHUNK / rowBytes);
        byte[] source = new byte[Math.toIntExact(Math.min(most, entry.rows()) * rowBytes)];
        for (long row = 0; row < entry.rows(); ) {
            long first = sourceRow.applyAsLong(row);
            int run = 1;
            while (run < most && row + run < entry.rows() && sourceRow.applyAsLong(row + run) == first + run) {
                run++;
            }
            int bytes = (int) (run * rowBytes);
            file.read(entry.begin() + first * rowBytes, source, 0, bytes);
            if (dtype == entry.type().stored() && entry.type().blockSize() == 1 && added == 0) {
                out.write(source, 0, bytes);
            } else {
                float[] numbers = new float[(int) (run * entry.columns())];
                entry.type().dequantise(source, numbers.length / entry.type().blockSize(), numbers);
                write(numbers, out);
            }
            row += run;
        }
    }

    private void writeTransposed(OutputStream out, SafeDType dtype) throws IOException {
        int rows = (int) entry.rows();
        int columns = (int) entry.columns();
        float[] numbers = new float[rows * columns];
        entry.type()
                .dequantise(
                        file.read(entry.begin(), Math.toIntExact(entry.byteSize())),
                        numbers.length / entry.type().blockSize(),
                        numbers);
        float[] column = new float[rows];
        for (int c = 0; c < columns; c++) {
            for (int r = 0; r < rows; r++) {
                column[r] = numbers[r * columns + c];
            }
            write(column, out, dtype);
        }
    }

    private void write(float[] numbers, OutputStream out) throws IOException {
        write(numbers, out, SafeDType.F32);
    }

    private void write(float[] numbers, OutputStream out, SafeDType dtype) throws IOException {
        ByteBuffer bytes =
                ByteBuffer.allocate(numbers.length * dtype.bits() / 8).order(ByteOrder.LITTLE_ENDIAN);
        for (float number : numbers) {
            switch (dtype) {
                case F16 -> bytes.putShort(Float.floatToFloat16(number));
                case BF16 -> bytes.putShort((short) (Float.floatToRawIntBits(number) >>> 16));
                default -> bytes.putFloat(number + added);
            }
        }
        out.write(bytes.array());
    }
}
