package org.edgeprune.model;

import java.util.List;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.Index;
import org.edgeprune.torch.Tensor;

/**
 * What attention sees of tokens: keys and values, as they enter the scores.
 *
 * @param keys {@code [kvHeads, tokens, headDim]}
 * @param values the same
 */
public record KeyValues(Tensor keys, Tensor values) {
    public KeyValues to(Device device) {
        return new KeyValues(keys.to(device), values.to(device));
    }

    /** Joined token by token. */
    public static KeyValues cat(List<KeyValues> parts) {
        return new KeyValues(
                Tensor.cat(1, parts.stream().map(KeyValues::keys).toList()),
                Tensor.cat(1, parts.stream().map(KeyValues::values).toList()));
    }

    /** Some neighbouring tokens, as views. */
    public KeyValues tokens(int first, int count) {
        return new KeyValues(keys.narrow(1, first, count), values.narrow(1, first, count));
    }

    /** The tokens with these numbers, i64. */
    public KeyValues tokens(Tensor numbers) {
        return new KeyValues(keys.indexSelect(1, numbers), values.indexSelect(1, numbers));
    }

    /** These heads, each as often as it is named. */
    KeyValues heads(int[] numbers) {
        Tensor index = Index.of(numbers, keys.device());
        return new KeyValues(keys.indexSelect(0, index), values.indexSelect(0, index));
    }
}
