package org.edgeprune.model;

import org.edgeprune.torch.DType;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.Tensor;

/**
 * Rotary position embedding (Su et al. 2021) in HuggingFace's layout: dimension i and dimension i + width/2 are one
 * pair, turned by position times theta_i. Angles are computed in f64.
 */
final class RotaryEmbedding implements HeadMap {
    private final RotaryConfig config;
    /** theta_i up to the length where they change, {@code [width / 2]} f64. */
    private final Tensor frequencies;

    RotaryEmbedding(RotaryConfig config, Parameters parameters) {
        this.config = config;
        this.frequencies = parameters.own(() -> frequencies(1, parameters.device()));
    }

    RotaryConfig config() {
        return config;
    }

    private Tensor frequencies(int length, Device device) {
        double[] values = config.frequencies(length);
        return Tensor.of(values, values.length).to(device);
    }

    @Override
    public Tensor apply(Tensor heads, TokenBatch batch) {
        Tensor angles = angles(batch);
        Tensor cos = angles.cos().mul(config.scaling().amplitude()).to(heads.dtype());
        Tensor sin = angles.sin().mul(config.scaling().amplitude()).to(heads.dtype());
        int half = config.width() / 2;
        Tensor a = heads.narrow(-1, 0, half);
        Tensor b = heads.narrow(-1, half, half);
        Tensor turnedA = a.mul(cos).sub(b.mul(sin));
        Tensor turnedB = b.mul(cos).add(a.mul(sin));
        long rest = heads.size(-1) - config.width();
        return rest == 0
                ? Tensor.cat(-1, turnedA, turnedB)
                : Tensor.cat(-1, turnedA, turnedB, heads.narrow(-1, config.width(), rest));
    }

    /** {@code [tokens, width / 2]}. */
    private Tensor angles(TokenBatch batch) {
        Tensor positions =
                batch.positions().to(frequencies.device()).to(DType.F64).unsqueeze(1);
        if (batch.maxLength() <= config.scaling().fixedUpTo()) {
            return positions.mul(frequencies);
        }
        // Each sequence as if it were alone: frequencies follow its own length, not the longest of the batch.
        return Tensor.cat(
                0,
                batch.runs().stream()
                        .map(run -> positions
                                .narrow(0, run.firstToken(), run.tokens())
                                .mul(frequencies(run.wholeLength(), positions.device())))
                        .toList());
    }
}
