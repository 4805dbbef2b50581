package org.edgeprune.convert;

import java.util.List;
import java.util.Map;
import org.edgeprune.safetensors.SafeDType;

/** The values of a restricted pickle: plain data, storages and tensors. */
sealed interface PickleValue {
    /** {@code None}. */
    enum None implements PickleValue {
        NONE
    }

    record Text(String text) implements PickleValue {}

    record Whole(long number) implements PickleValue {}

    /** Numbers of other kinds, bytes and sets, which are never part of a tensor. */
    record Other(String kind) implements PickleValue {}

    record Flag(boolean value) implements PickleValue {}

    /** A list or tuple, by reference: shared values are not copied. */
    record Sequence(List<PickleValue> items) implements PickleValue {
        @Override
        public boolean equals(Object other) {
            return this == other;
        }

        @Override
        public int hashCode() {
            return System.identityHashCode(this);
        }
    }

    /** A dict by its text keys; entries with other keys get numbered names. */
    record Dict(Map<String, PickleValue> entries) implements PickleValue {
        @Override
        public boolean equals(Object other) {
            return this == other;
        }

        @Override
        public int hashCode() {
            return System.identityHashCode(this);
        }
    }

    /** A name that a pickle may refer to; see {@link AllowedGlobal}. */
    record Global(AllowedGlobal.Kind kind, SafeDType dtype) implements PickleValue {}

    /**
     * The bytes that tensors share.
     *
     * @param key its name in the archive
     * @param dtype the type of its elements; U8 for an untyped storage
     * @param count the number of its elements
     */
    record Storage(String key, SafeDType dtype, long count) implements PickleValue {
        long byteSize() {
            return Math.multiplyExact(count, dtype.bits() / 8);
        }
    }

    /**
     * A view of a storage.
     *
     * @param offset the first element's index in the storage
     * @param shape its sizes, outermost first
     * @param strides in elements
     */
    record Tensor(Storage storage, SafeDType dtype, long offset, List<Long> shape, List<Long> strides)
            implements PickleValue {}
}
