package org.edgeprune.model;

import org.edgeprune.torch.Tensor;

/** Which dimensions of a head are one pair that rotary positions turn. */
enum RotaryPairs {
    /** i and i + dim / 2: the layout of most HuggingFace checkpoints. */
    HALVES {
        @Override
        Tensor turn(Tensor x, Tensor cos, Tensor sin) {
            long half = x.size(-1) / 2;
            Tensor a = x.narrow(-1, 0, half);
            Tensor b = x.narrow(-1, half, half);
            return Tensor.cat(-1, a.mul(cos).sub(b.mul(sin)), b.mul(cos).add(a.mul(sin)));
        }
    },
    /** 2i and 2i + 1: GPT-J. */
    NEIGHBOURS {
        @Override
        Tensor turn(Tensor x, Tensor cos, Tensor sin) {
            Tensor pairs = x.reshape(x.size(0), x.size(1), x.size(2) / 2, 2);
            Tensor a = pairs.select(-1, 0);
            Tensor b = pairs.select(-1, 1);
            return Tensor.stack(-1, a.mul(cos).sub(b.mul(sin)), b.mul(cos).add(a.mul(sin)))
                    .reshape(x.size(0), x.size(1), x.size(2));
        }
    };

    /**
     * Pair i turned by angle i.
     *
     * @param x {@code [heads, tokens, dim]}
     * @param cos of the angles, {@code [tokens, dim / 2]}
     * @param sin the same
     */
    abstract Tensor turn(Tensor x, Tensor cos, Tensor sin);
}
