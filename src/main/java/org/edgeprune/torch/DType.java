package org.edgeprune.torch;

/** An element type of a {@link Tensor}. */
public enum DType {
    /** 32-bit floating point. */
    F32(6, 4, true),
    /** 64-bit floating point. */
    F64(7, 8, true),
    /** 16-bit floating point, IEEE 754. */
    F16(5, 2, true),
    /** 16-bit floating point with the exponent range of F32 (bfloat16). */
    BF16(15, 2, true),
    /** 64-bit signed integer. */
    I64(4, 8, false),
    /** 32-bit signed integer. */
    I32(3, 4, false),
    /** 8-bit unsigned integer. */
    U8(0, 1, false),
    /** Truth value, one byte. */
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

    /**
     * The size of one element.
     *
     * @return bytes
     */
    public int byteSize() {
        return byteSize;
    }

    /**
     * Whether this is one of the floating-point types, which are the ones that can require gradients.
     *
     * @return true for F32, F64, F16 and BF16
     */
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
