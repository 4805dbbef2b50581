package org.edgeprune.convert;

import static org.edgeprune.io.Complaint.quote;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Set;
import org.edgeprune.io.InputException;
import org.edgeprune.safetensors.SafeDType;
import org.edgeprune.safetensors.StreamedTensor;

/** Converts floating-point elements to another type while they are written, rounded to nearest, ties to even. */
final class FloatCast extends OutputStream {
    private static final Set<SafeDType> FLOATS = Set.of(SafeDType.F64, SafeDType.F32, SafeDType.F16, SafeDType.BF16);
    private static final int BUFFER = 1 << 16;

    private final String name;
    private final SafeDType from;
    private final SafeDType to;
    private final OutputStream out;
    private final ByteBuffer source = ByteBuffer.allocate(BUFFER).order(ByteOrder.LITTLE_ENDIAN);
    private final ByteBuffer target = ByteBuffer.allocate(BUFFER * 2).order(ByteOrder.LITTLE_ENDIAN);

    private FloatCast(String name, SafeDType from, SafeDType to, OutputStream out) {
        this.name = name;
        this.from = from;
        this.to = to;
        this.out = out;
    }

    static boolean isFloat(SafeDType dtype) {
        return FLOATS.contains(dtype);
    }

    /**
     * The tensor in another floating-point type; the same tensor if it has that type already or is not of
     * floating-point numbers.
     */
    static StreamedTensor cast(String name, StreamedTensor tensor, SafeDType to) {
        if (tensor.dtype() == to || !isFloat(tensor.dtype())) {
            return tensor;
        }
        return new StreamedTensor(to, tensor.shape(), out -> {
            FloatCast cast = new FloatCast(name, tensor.dtype(), to, out);
            tensor.body().writeTo(cast);
            cast.convert();
        });
    }

    @Override
    public void write(int value) throws IOException {
        if (!source.hasRemaining()) {
            convert();
        }
        source.put((byte) value);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        for (int done = 0; done < length; ) {
            if (!source.hasRemaining()) {
                convert();
            }
            int part = Math.min(source.remaining(), length - done);
            source.put(bytes, offset + done, part);
            done += part;
        }
    }

    private void convert() throws IOException {
        source.flip();
        target.clear();
        while (source.hasRemaining()) {
            switch (from) {
                case F64 -> put(source.getDouble());
                case F32 -> put(source.getFloat());
                case F16 -> put(Float.float16ToFloat(source.getShort()));
                default -> put(Float.intBitsToFloat(source.getShort() << 16));
            }
        }
        out.write(target.array(), 0, target.position());
        source.clear();
    }

    private void put(double value) {
        if (to == SafeDType.F64) {
            target.putDouble(value);
        } else {
            put(checked((float) value, Double.isInfinite(value)));
        }
    }

    private void put(float value) {
        switch (to) {
            case F64 -> target.putDouble(value);
            case F32 -> target.putFloat(value);
            case F16 -> {
                short half = Float.floatToFloat16(value);
                checked(Float.float16ToFloat(half), Float.isInfinite(value));
                target.putShort(half);
            }
            default -> target.putShort(bfloat16(value));
        }
    }

    private float checked(float result, boolean wasInfinite) {
        if (Float.isInfinite(result) && !wasInfinite) {
            throw new InputException("tensor " + quote(name) + ": has numbers beyond the range of " + to
                    + ": choose --dtype f32 or bf16");
        }
        return result;
    }

    private static short bfloat16(float value) {
        int bits = Float.floatToRawIntBits(value);
        if (Float.isNaN(value)) {
            return (short) (bits >>> 16 | 0x40);
        }
        return (short) ((bits + 0x7FFF + (bits >>> 16 & 1)) >>> 16);
    }
}
