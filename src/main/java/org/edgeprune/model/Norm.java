package org.edgeprune.model;

import org.edgeprune.torch.DType;
import org.edgeprune.torch.Tensor;

/** Normalisation over the last dimension, before a layer reads. */
public sealed interface Norm {
    Tensor apply(Tensor x);

    /** (x - mean) / sqrt(var + eps) * weight + bias. */
    record LayerNorm(Tensor weight, Tensor bias, double eps) implements Norm {
        @Override
        public Tensor apply(Tensor x) {
            return x.layerNorm(weight, bias, eps);
        }
    }

    /** (x - mean) / sqrt(var + eps). */
    record PlainLayerNorm(double eps) implements Norm {
        @Override
        public Tensor apply(Tensor x) {
            return x.layerNorm(null, null, eps);
        }
    }

    /** x / sqrt(mean(x^2) + eps) * weight (Zhang and Sennrich 2019). */
    record RmsNorm(Tensor weight, double eps) implements Norm {
        @Override
        public Tensor apply(Tensor x) {
            Tensor wide = x.to(DType.F32); // squares of narrow numbers overflow
            return wide.mul(wide.square().meanKeep(-1).add(eps).rsqrt())
                    .to(x.dtype())
                    .mul(weight);
        }
    }

    /** None: Tracr models. */
    record Identity() implements Norm {
        @Override
        public Tensor apply(Tensor x) {
            return x;
        }
    }
}
