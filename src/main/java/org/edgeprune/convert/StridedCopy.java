package org.edgeprune.convert;

import static org.edgeprune.io.Complaint.quote;

import java.io.IOException;
import java.io.OutputStream;
import org.edgeprune.convert.PickleValue.Tensor;

/** Writes a view of a storage in row-major order: a copy if it is contiguous, otherwise gathered element by element. */
final class StridedCopy {
    /** The largest part of a storage, in bytes, that is read into memory to gather from. */
    private static final long MAX_GATHERED = 1L << 30;

    private static final int CHUNK = 1 << 20;

    private final SourceFile file;
    private final long begin;
    private final int width;
    private final long elements;
    private final long extent;
    private final long[] shape;
    private final long[] strides;

    /**
     * Prepares the copy.
     *
     * @param storageBegin offset of the storage's first byte in the file
     */
    StridedCopy(SourceFile file, long storageBegin, Tensor tensor, String name) {
        this.file = file;
        this.width = tensor.dtype().bits() / 8;
        this.begin = storageBegin + tensor.offset() * width;
        this.shape = tensor.shape().stream().mapToLong(Long::longValue).toArray();
        this.strides = tensor.strides().stream().mapToLong(Long::longValue).toArray();
        long count = 1;
        long last = 0;
        for (int i = 0; i < shape.length; i++) {
            count *= shape[i];
            last += Math.max(0, shape[i] - 1) * strides[i];
        }
        this.elements = count;
        this.extent = count == 0 ? 0 : (last + 1) * width;
        if (!isContiguous() && extent > MAX_GATHERED) {
            throw file.complaint()
                    .about(
                            "tensor " + quote(name) + " is not contiguous and spans " + extent + " bytes",
                            "save it contiguous: tensor.contiguous()");
        }
    }

    void writeTo(OutputStream out) throws IOException {
        if (elements == 0) {
            return;
        }
        if (isContiguous()) {
            file.copy(begin, elements * width, out);
        } else {
            gather(file.read(begin, (int) extent), out);
        }
    }

    private boolean isContiguous() {
        long expected = 1;
        for (int i = shape.length - 1; i >= 0; i--) {
            if (shape[i] != 1 && strides[i] != expected) {
                return elements == 0;
            }
            expected *= shape[i];
        }
        return true;
    }

    private void gather(byte[] source, OutputStream out) throws IOException {
        int rank = shape.length;
        int inner = (int) shape[rank - 1];
        int step = (int) strides[rank - 1] * width;
        long[] index = new long[rank];
        byte[] chunk = new byte[Math.max(width, CHUNK / width * width)];
        int filled = 0;
        for (long row = 0; row < elements / inner; row++) {
            int at = 0;
            for (int d = 0; d < rank - 1; d++) {
                at += (int) (index[d] * strides[d]) * width;
            }
            for (int i = 0; i < inner; i++, at += step) {
                if (filled == chunk.length) {
                    out.write(chunk);
                    filled = 0;
                }
                for (int b = 0; b < width; b++) {
                    chunk[filled++] = source[at + b];
                }
            }
            for (int d = rank - 2; d >= 0 && ++index[d] == shape[d]; d--) {
                index[d] = 0;
            }
        }
        out.write(chunk, 0, filled);
    }
}
