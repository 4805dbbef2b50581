package org.edgeprune.model;

import org.edgeprune.torch.DType;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.Tensor;

/**
 * Rotary position embedding (Su et al. 2021): pairs of dimensions, turned by position times theta_i. Angles are
 * computed in f64.
 */
final class RotaryEmbedding implements HeadMap {
    private final RotaryConfig config;
    private final RotaryPairs pairs;
    /** theta_i up to the length where they change, {@code [width / 2]} f64. */
    private final Tensor frequencies;

    RotaryEmbedding(RotaryConfig config, RotaryPairs pairs, Parameters parameters) {
        this.config = config;
        this.pairs = pairs;
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
    public Tensor apply(Tensor heads, int[] numbers, TokenBatch batch) {
        Tensor angles = angles(batch);
        Tensor cos = angles.cos().mul(config.scaling().amplitude()).to(heads.dtype());
        Tensor sin = angles.sin().mul(config.scaling().amplitude()).to(heads.dtype());
        Tensor turned = pairs.turn(heads.narrow(-1, 0, config.width()), cos, sin);
        long rest = heads.size(-1) - config.width();
        return rest == 0 ? turned : Tensor.cat(-1, turned, heads.narrow(-1, config.width(), rest));
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
