package org.edgeprune.model;

import java.util.List;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.Index;
import org.edgeprune.torch.Tensor;

/**
 * Keys and values of tokens, as they enter attention.
 *
 * @param keys {@code [kvHeads, tokens, headDim]}
 * @param values {@code [kvHeads, tokens, headDim]}
 */
public record KeyValues(Tensor keys, Tensor values) {
    /**
     * The same on a device.
     *
     * @param device the device
     * @return copies, or these if they are there already
     */
    public KeyValues to(Device device) {
        return new KeyValues(keys.to(device), values.to(device));
    }

    /**
     * Joins keys and values along the tokens.
     *
     * @param parts at least one, in order
     * @return those of all tokens
     */
    public static KeyValues cat(List<KeyValues> parts) {
        return new KeyValues(
                Tensor.cat(1, parts.stream().map(KeyValues::keys).toList()),
                Tensor.cat(1, parts.stream().map(KeyValues::values).toList()));
    }

    /**
     * Some consecutive tokens, as views.
     *
     * @param first index of the first token
     * @param count number of tokens
     * @return their keys and values
     */
    public KeyValues tokens(int first, int count) {
        return new KeyValues(keys.narrow(1, first, count), values.narrow(1, first, count));
    }

    /**
     * Copies some tokens.
     *
     * @param numbers indices of the tokens, i64
     * @return their keys and values, in this order
     */
    public KeyValues tokens(Tensor numbers) {
        return new KeyValues(keys.indexSelect(1, numbers), values.indexSelect(1, numbers));
    }

    /** These heads, each as often as it is named. */
    KeyValues heads(int[] numbers) {
        Tensor index = Index.of(numbers, keys.device());
        return new KeyValues(keys.indexSelect(0, index), values.indexSelect(0, index));
    }
}
