package org.edgeprune.model;

import org.edgeprune.torch.DType;
import org.edgeprune.torch.Tensor;

/** Normalisation over the last dimension. */
public sealed interface Norm {
    /**
     * Normalises. Differentiable in x.
     *
     * @param x {@code [..., width]}
     * @return the same shape and dtype
     */
    Tensor apply(Tensor x);

    /**
     * (x - mean) / sqrt(var + eps) * weight + bias.
     *
     * @param weight {@code [width]}
     * @param bias {@code [width]}
     * @param eps added to the variance
     */
    record LayerNorm(Tensor weight, Tensor bias, double eps) implements Norm {
        @Override
        public Tensor apply(Tensor x) {
            return x.layerNorm(weight, bias, eps);
        }
    }

    /**
     * (x - mean) / sqrt(var + eps).
     *
     * @param eps added to the variance
     */
    record PlainLayerNorm(double eps) implements Norm {
        @Override
        public Tensor apply(Tensor x) {
            return x.layerNorm(null, null, eps);
        }
    }

    /**
     * x / sqrt(mean(x^2) + eps) * weight (Zhang and Sennrich 2019).
     *
     * @param weight {@code [width]}
     * @param eps added to the mean square
     */
    record RmsNorm(Tensor weight, double eps) implements Norm {
        @Override
        public Tensor apply(Tensor x) {
            Tensor wide = x.to(DType.F32); // squares of narrow numbers overflow
            return wide.mul(wide.square().meanKeep(-1).add(eps).rsqrt())
                    .to(x.dtype())
                    .mul(weight);
        }
    }

    /** No normalisation: Tracr models. */
    record Identity() implements Norm {
        @Override
        public Tensor apply(Tensor x) {
            return x;
        }
    }
}
