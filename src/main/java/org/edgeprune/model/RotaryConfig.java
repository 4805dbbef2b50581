package org.edgeprune.model;

/**
 * Rotary position embedding (Su et al. 2021) as a {@code config.json} asks for it.
 *
 * @param base {@code rope_theta}
 * @param dim leading dimensions of each head that rotate, even
 * @param scaling of the frequencies
 */
public record RotaryConfig(double base, int dim, RotaryScaling scaling) {
    /**
     * Reads {@code rope_theta} and {@code rope_scaling}, or {@code rope_parameters}, which newer checkpoints have for both.
     *
     * @param dim leading dimensions of each head that rotate
     * @param base where none is given
     * @throws org.edgeprune.InputException naming the field that is wrong or not supported
     */
    static RotaryConfig of(ModelConfig config, int dim, double base) {
        if (dim < 2 || dim % 2 != 0) {
            throw config.error("head_dim", "gives " + dim + " rotary dimensions: an even number is needed");
        }
        if (config.has("rope_parameters")) {
            ModelConfig rope = config.object("rope_parameters");
            return new RotaryConfig(rope.number("rope_theta", base), dim, scaling(config, rope));
        }
        RotaryScaling scaling =
                config.has("rope_scaling") ? scaling(config, config.object("rope_scaling")) : new RotaryScaling.None();
        return new RotaryConfig(config.number("rope_theta", base), dim, scaling);
    }

    /** The longest sequence that a model takes which was trained to {@code positions}. */
    int maxPositions(int positions) {
        return scaling instanceof RotaryScaling.Dynamic d ? (int) (positions * d.factor()) : positions;
    }

    private static RotaryScaling scaling(ModelConfig config, ModelConfig rope) {
        String type = rope.text("rope_type", rope.text("type", "default"));
        rope.text("type", "");
        int trained = config.count("max_position_embeddings");
        RotaryScaling scaling = switch (type) {
            case "default" -> new RotaryScaling.None();
            case "linear" -> new RotaryScaling.Linear(factor(rope));
            case "dynamic" -> new RotaryScaling.Dynamic(factor(rope), trained);
            case "llama3" -> new RotaryScaling.Llama3(
                    factor(rope),
                    rope.number("low_freq_factor", 1),
                    rope.number("high_freq_factor", 4),
                    rope.count("original_max_position_embeddings"));
            case "yarn" -> yarn(rope, rope.count("original_max_position_embeddings", trained), trained);
            default -> throw rope.error("rope_type", "is '" + type
                    + "', which is not supported: known are default, linear, dynamic, llama3, yarn");
        };
        rope.refuseOthers();
        return scaling;
    }

    private static RotaryScaling yarn(ModelConfig rope, int trained, int positions) {
        double factor = rope.has("factor") ? factor(rope) : (double) positions / trained;
        double mscale = rope.number("mscale", 0);
        double mscaleAll = rope.number("mscale_all_dim", 0);
        double amplitude = mscale != 0 && mscaleAll != 0
                ? mscale(factor, mscale) / mscale(factor, mscaleAll)
                : mscale(factor, 1);
        return new RotaryScaling.Yarn(
                factor,
                rope.number("beta_fast", 32),
                rope.number("beta_slow", 1),
                trained,
                rope.number("attention_factor", amplitude),
                rope.flag("truncate", true));
    }

    /** YaRN's temperature: 0.1 m ln(factor) + 1. */
    private static double mscale(double factor, double m) {
        return factor <= 1 ? 1 : 0.1 * m * Math.log(factor) + 1;
    }

    private static double factor(ModelConfig rope) {
        double factor = rope.number("factor", 0);
        if (factor < 1) {
            throw rope.error("factor", "is " + factor + ", expected a number of at least 1");
        }
        return factor;
    }
}
