package org.edgeprune.convert;

import static java.util.Map.entry;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.edgeprune.safetensors.SafeDType;

/** The Python names that a pickle of tensors may refer to. Every other name is refused. */
final class AllowedGlobal {
    /** The effect of a name. */
    enum Kind {
        ORDERED_DICT,
        /** Arguments (storage, offset, sizes, strides), in PyTorch before 0.4. */
        REBUILD_TENSOR,
        /** The same followed by requires_grad, backward hooks and optionally metadata. */
        REBUILD_TENSOR_V2,
        /** The same followed by a dtype, for an untyped storage. */
        REBUILD_TENSOR_V3,
        /** Arguments (tensor, requires_grad, backward hooks). */
        REBUILD_PARAMETER,
        /** Argument (sizes). */
        SIZE,
        STORAGE,
        DTYPE
    }

    private static final Map<String, SafeDType> STORAGES = Map.ofEntries(
            entry("FloatStorage", SafeDType.F32),
            entry("DoubleStorage", SafeDType.F64),
            entry("HalfStorage", SafeDType.F16),
            entry("BFloat16Storage", SafeDType.BF16),
            entry("LongStorage", SafeDType.I64),
            entry("IntStorage", SafeDType.I32),
            entry("ShortStorage", SafeDType.I16),
            entry("CharStorage", SafeDType.I8),
            entry("ByteStorage", SafeDType.U8),
            entry("BoolStorage", SafeDType.BOOL),
            entry("ComplexFloatStorage", SafeDType.C64));

    private static final Map<String, SafeDType> DTYPES = Map.ofEntries(
            entry("float32", SafeDType.F32),
            entry("float64", SafeDType.F64),
            entry("float16", SafeDType.F16),
            entry("bfloat16", SafeDType.BF16),
            entry("int64", SafeDType.I64),
            entry("int32", SafeDType.I32),
            entry("int16", SafeDType.I16),
            entry("int8", SafeDType.I8),
            entry("uint8", SafeDType.U8),
            entry("uint16", SafeDType.U16),
            entry("uint32", SafeDType.U32),
            entry("uint64", SafeDType.U64),
            entry("bool", SafeDType.BOOL),
            entry("complex64", SafeDType.C64),
            entry("float8_e4m3fn", SafeDType.F8_E4M3),
            entry("float8_e5m2", SafeDType.F8_E5M2),
            entry("float8_e4m3fnuz", SafeDType.F8_E4M3FNUZ),
            entry("float8_e5m2fnuz", SafeDType.F8_E5M2FNUZ),
            entry("float8_e8m0fnu", SafeDType.F8_E8M0));

    private static final Map<String, PickleValue.Global> ALLOWED = allowed();

    private AllowedGlobal() {}

    static Optional<PickleValue.Global> of(String module, String name) {
        return Optional.ofNullable(ALLOWED.get(module + "." + name));
    }

    private static Map<String, PickleValue.Global> allowed() {
        Map<String, PickleValue.Global> allowed = new HashMap<>();
        allowed.put("collections.OrderedDict", new PickleValue.Global(Kind.ORDERED_DICT, null));
        allowed.put("torch._utils._rebuild_tensor", new PickleValue.Global(Kind.REBUILD_TENSOR, null));
        allowed.put("torch._utils._rebuild_tensor_v2", new PickleValue.Global(Kind.REBUILD_TENSOR_V2, null));
        allowed.put("torch._utils._rebuild_tensor_v3", new PickleValue.Global(Kind.REBUILD_TENSOR_V3, null));
        allowed.put("torch._utils._rebuild_parameter", new PickleValue.Global(Kind.REBUILD_PARAMETER, null));
        allowed.put("torch.Size", new PickleValue.Global(Kind.SIZE, null));
        allowed.put("torch.storage.UntypedStorage", new PickleValue.Global(Kind.STORAGE, SafeDType.U8));
        STORAGES.forEach((name, dtype) -> allowed.put("torch." + name, new PickleValue.Global(Kind.STORAGE, dtype)));
        DTYPES.forEach((name, dtype) -> allowed.put("torch." + name, new PickleValue.Global(Kind.DTYPE, dtype)));
        return Map.copyOf(allowed);
    }
}
