package org.edgeprune.safetensors;

import java.util.Optional;
import org.edgeprune.torch.DType;

/**
 * An element type of the safetensors format, by the name that headers use.
 *
 * <p>The order is the format's own, by increasing alignment: writers lay out the largest types first, so that each
 * tensor of a file starts at a multiple of its element size.
 */
public enum SafeDType {
    BOOL(8, DType.BOOL),
    F4(4, null),
    F6_E2M3(6, null),
    F6_E3M2(6, null),
    U8(8, DType.U8),
    I8(8, DType.I32),
    F8_E5M2(8, null),
    F8_E4M3(8, null),
    F8_E8M0(8, null),
    F8_E4M3FNUZ(8, null),
    F8_E5M2FNUZ(8, null),
    I16(16, DType.I32),
    U16(16, DType.I32),
    F16(16, DType.F16),
    BF16(16, DType.BF16),
    I32(32, DType.I32),
    U32(32, DType.I64),
    F32(32, DType.F32),
    C64(64, null),
    F64(64, DType.F64),
    I64(64, DType.I64),
    U64(64, null);

    private final int bits;
    private final DType tensorType;

    SafeDType(int bits, DType tensorType) {
        this.bits = bits;
        this.tensorType = tensorType;
    }

    /** The format's type for a tensor's dtype: every {@link DType} has one. */
    public static SafeDType of(DType type) {
        return valueOf(type.name());
    }

    /** Bits of one element: less than 8 for {@code F4} and {@code F6_*}. */
    public int bits() {
        return bits;
    }

    /**
     * The dtype of the tensors that are read from this type: the same one, or the smallest one that holds all its
     * values (I8, I16, U16 as i32; U32 as i64). Empty where there is none: such tensors can be listed, not read.
     */
    public Optional<DType> tensorType() {
        return Optional.ofNullable(tensorType);
    }

    /** Whether the stored bytes are those of a {@link #tensorType()} tensor, so that reading needs no conversion. */
    boolean isNative() {
        return tensorType != null && of(tensorType) == this;
    }
}
