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
    /** Truth value, one byte. */
    BOOL(8, DType.BOOL),
    /** 4-bit floating point (E2M1). */
    F4(4, null),
    /** 6-bit floating point, 2 bits of exponent. */
    F6_E2M3(6, null),
    /** 6-bit floating point, 3 bits of exponent. */
    F6_E3M2(6, null),
    /** 8-bit unsigned integer. */
    U8(8, DType.U8),
    /** 8-bit signed integer. */
    I8(8, DType.I32),
    /** 8-bit floating point, 5 bits of exponent. */
    F8_E5M2(8, null),
    /** 8-bit floating point, 4 bits of exponent. */
    F8_E4M3(8, null),
    /** 8-bit power of two, for scales. */
    F8_E8M0(8, null),
    /** 8-bit floating point, 4 bits of exponent, without infinities and negative zero. */
    F8_E4M3FNUZ(8, null),
    /** 8-bit floating point, 5 bits of exponent, without infinities and negative zero. */
    F8_E5M2FNUZ(8, null),
    /** 16-bit signed integer. */
    I16(16, DType.I32),
    /** 16-bit unsigned integer. */
    U16(16, DType.I32),
    /** 16-bit floating point, IEEE 754. */
    F16(16, DType.F16),
    /** 16-bit floating point with the exponent range of F32. */
    BF16(16, DType.BF16),
    /** 32-bit signed integer. */
    I32(32, DType.I32),
    /** 32-bit unsigned integer. */
    U32(32, DType.I64),
    /** 32-bit floating point. */
    F32(32, DType.F32),
    /** Complex number of two F32. */
    C64(64, null),
    /** 64-bit floating point. */
    F64(64, DType.F64),
    /** 64-bit signed integer. */
    I64(64, DType.I64),
    /** 64-bit unsigned integer. */
    U64(64, null);

    private final int bits;
    private final DType tensorType;

    SafeDType(int bits, DType tensorType) {
        this.bits = bits;
        this.tensorType = tensorType;
    }

    /**
     * The format's type for a tensor's dtype.
     *
     * @param type a dtype
     * @return its type
     */
    public static SafeDType of(DType type) {
        return valueOf(type.name());
    }

    /**
     * The size of one element.
     *
     * @return bits: less than 8 for {@code F4} and {@code F6_*}
     */
    public int bits() {
        return bits;
    }

    /**
     * The dtype of the tensors that are read from this type: the same one, or the smallest one that can represent all
     * its values (I8, I16, U16 as I32; U32 as I64).
     *
     * @return empty if there is none: such tensors can be listed, but not read
     */
    public Optional<DType> tensorType() {
        return Optional.ofNullable(tensorType);
    }

    /** Whether the stored bytes are those of a {@link #tensorType()} tensor, so that reading needs no conversion. */
    boolean isNative() {
        return tensorType != null && of(tensorType) == this;
    }
}
