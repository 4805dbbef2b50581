package org.edgeprune.torch;

import java.util.Arrays;

/** Rows of tensors by number. */
public final class Index {
    private Index() {}

    /** The numbers as an index tensor {@code [numbers]} of dtype I64, for {@link Tensor#indexSelect}. */
    public static Tensor of(int[] numbers, Device device) {
        return Tensor.of(Arrays.stream(numbers).asLongStream().toArray(), numbers.length)
                .to(device);
    }

    /** Whether the numbers, ascending, have no gaps. */
    public static boolean contiguous(int[] numbers) {
        return numbers[numbers.length - 1] - numbers[0] == numbers.length - 1;
    }

    /** The rows with these numbers: a view where they lie together. */
    public static Tensor select(Tensor tensor, int[] numbers) {
        return contiguous(numbers)
                ? tensor.narrow(0, numbers[0], numbers.length)
                : tensor.indexSelect(0, of(numbers, tensor.device()));
    }

    /** Writes these rows. */
    public static void store(Tensor target, int[] numbers, Tensor rows) {
        if (contiguous(numbers)) {
            target.narrow(0, numbers[0], numbers.length).copy_(rows);
        } else {
            target.indexCopy_(0, of(numbers, target.device()), rows);
        }
    }
}
