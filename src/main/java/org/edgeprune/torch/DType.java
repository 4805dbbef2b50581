package org.edgeprune.torch;

/** An element type of a {@link Tensor}, with {@code c10::ScalarType}'s number and its size in bytes. */
public enum DType {
    F32(6, 4, true),
    F64(7, 8, true),
    F16(5, 2, true),
    BF16(15, 2, true),
    I64(4, 8, false),
    I32(3, 4, false),
    U8(0, 1, false),
    BOOL(11, 1, false);

    private static final DType[] BY_CODE = new DType[16];

    static {
        for (DType type : values()) {
            BY_CODE[type.code] = type;
        }
    }

    private final int code;
    private final int byteSize;
    private final boolean floatingPoint;

    DType(int code, int byteSize, boolean floatingPoint) {
        this.code = code;
        this.byteSize = byteSize;
        this.floatingPoint = floatingPoint;
    }

    /** Bytes of one element. */
    public int byteSize() {
        return byteSize;
    }

    public boolean isFloatingPoint() {
        return floatingPoint;
    }

    int code() {
        return code;
    }

    static DType ofCode(int code) {
        if (code < 0 || code >= BY_CODE.length || BY_CODE[code] == null) {
            throw new TorchException(
                    "libtorch returned a tensor of an unsupported dtype (c10::ScalarType " + code + ")");
        }
        return BY_CODE[code];
    }

    /** The name in error texts and reports: {@code f32}, {@code bf16}, {@code bool} ... */
    @Override
    public String toString() {
        return name().toLowerCase(java.util.Locale.ROOT);
    }
}
