package org.edgeprune.torch;

import java.util.Arrays;

/** Rows of tensors by their indices. */
public final class Index {
    private Index() {}

    /**
     * An index tensor for {@link Tensor#indexSelect}.
     *
     * @param numbers indices of rows
     * @param device where the tensor is made
     * @return {@code [numbers]}, I64
     */
    public static Tensor of(int[] numbers, Device device) {
        return Tensor.of(Arrays.stream(numbers).asLongStream().toArray(), numbers.length)
                .to(device);
    }

    /** Whether the numbers, ascending, have no gaps. */
    static boolean contiguous(int[] numbers) {
        return numbers[numbers.length - 1] - numbers[0] == numbers.length - 1;
    }

    /**
     * Some rows of a tensor.
     *
     * @param tensor {@code [rows, ...]}
     * @param numbers indices of the rows, ascending
     * @return {@code [numbers, ...]}: a view if they are consecutive, else a copy
     */
    public static Tensor select(Tensor tensor, int[] numbers) {
        return contiguous(numbers)
                ? tensor.narrow(0, numbers[0], numbers.length)
                : tensor.indexSelect(0, of(numbers, tensor.device()));
    }

    /**
     * Overwrites some rows of a tensor.
     *
     * @param target {@code [rows, ...]}
     * @param numbers indices of the rows, ascending
     * @param rows {@code [numbers, ...]}
     */
    public static void store(Tensor target, int[] numbers, Tensor rows) {
        if (contiguous(numbers)) {
            target.narrow(0, numbers[0], numbers.length).copy_(rows);
        } else {
            target.indexCopy_(0, of(numbers, target.device()), rows);
        }
    }
}
