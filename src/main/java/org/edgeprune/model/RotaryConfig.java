package org.edgeprune.model;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;

/**
 * Rotary position embedding (Su et al. 2021) as a {@code config.json} asks for it.
 *
 * @param base {@code rope_theta}
 * @param dim leading dimensions of each head that rotate, even
 * @param scaling of the frequencies
 */
public record RotaryConfig(double base, int dim, RotaryScaling scaling) {
    /**
     * Reads {@code rope_theta} and {@code rope_scaling}, or {@code rope_parameters}, which newer checkpoints have for
     * both.
     *
     * @param headDim dimensions of a head
     * @param share of a head that rotates, where {@code rope_parameters} says nothing of it
     * @param base where none is given
     * @throws org.edgeprune.io.InputException naming the field that is wrong or not supported
     */
    public static RotaryConfig of(ModelConfig config, int headDim, double share, double base) {
        if (config.has("rope_parameters")) {
            ModelConfig rope = config.object("rope_parameters");
            int dim = dim(config, headDim, rope.number("partial_rotary_factor", share));
            return new RotaryConfig(rope.number("rope_theta", base), dim, scaling(config, rope, dim));
        }
        int dim = dim(config, headDim, share);
        RotaryScaling scaling = config.has("rope_scaling")
                ? scaling(config, config.object("rope_scaling"), dim)
                : new RotaryScaling.None();
        return new RotaryConfig(config.number("rope_theta", base), dim, scaling);
    }

    private static int dim(ModelConfig config, int headDim, double share) {
        int dim = (int) (headDim * share);
        if (dim < 2 || dim % 2 != 0) {
            throw config.error("head_dim", "gives " + dim + " rotary dimensions: an even number is needed");
        }
        return dim;
    }

    /** The longest sequence that a model takes whose {@code max_position_embeddings} is {@code positions}. */
    public int maxPositions(int positions) {
        return switch (scaling) {
            case RotaryScaling.Dynamic d -> (int) (positions * d.factor());
            case RotaryScaling.LongRope l -> Math.max(positions, (int) (l.trainedLength() * l.factor()));
            default -> positions;
        };
    }

    private static RotaryScaling scaling(ModelConfig config, ModelConfig rope, int dim) {
        String type = rope.text("rope_type", rope.text("type", "default"));
        rope.text("type", "");
        int trained = config.count("max_position_embeddings");
        RotaryScaling scaling =
                switch (type) {
                    case "default" -> new RotaryScaling.None();
                    case "linear" -> new RotaryScaling.Linear(factor(rope));
                    case "dynamic" -> new RotaryScaling.Dynamic(factor(rope), trained);
                    case "llama3" ->
                        new RotaryScaling.Llama3(
                                factor(rope),
                                rope.number("low_freq_factor", 1),
                                rope.number("high_freq_factor", 4),
                                rope.count("original_max_position_embeddings"));
                    case "yarn" -> yarn(rope, rope.count("original_max_position_embeddings", trained), trained);
                    case "longrope", "su" -> longRope(config, rope, dim); // su: the name in the first Phi-3 checkpoints
                    default ->
                        throw rope.error(
                                "rope_type",
                                "is '" + type
                                        + "', which is not supported: known are default, linear, dynamic, llama3, yarn, longrope");
                };
        rope.refuseOthers();
        return scaling;
    }

    /**
     * HuggingFace's order: the trained length that stands beside {@code rope_scaling} (Phi-3) overrides {@code factor}.
     */
    private static RotaryScaling longRope(ModelConfig config, ModelConfig rope, int dim) {
        int positions = config.count("max_position_embeddings");
        int within = rope.count("original_max_position_embeddings", positions);
        int trained = config.count("original_max_position_embeddings", within);
        double ratio = (double) positions / trained;
        boolean stated = rope.has("factor") && !config.has("original_max_position_embeddings");
        double factor = stated ? factor(rope) : ratio;
        double amplitude = factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(trained));
        return new RotaryScaling.LongRope(
                factors(rope, "short_factor", dim),
                factors(rope, "long_factor", dim),
                trained,
                factor,
                rope.number("attention_factor", amplitude));
    }

    private static List<Double> factors(ModelConfig rope, String field, int dim) {
        List<Double> factors = new ArrayList<>();
        for (JsonNode factor : rope.node(field)) {
            if (!factor.isNumber() || !(factor.doubleValue() > 0) || Double.isInfinite(factor.doubleValue())) {
                throw rope.error(field, "contains " + factor + ", expected positive numbers");
            }
            factors.add(factor.doubleValue());
        }
        if (factors.size() != dim / 2) {
            throw rope.error(
                    field,
                    "has " + factors.size() + " entries, expected " + dim / 2 + ", one for each pair of the " + dim
                            + " rotary dimensions of a head");
        }
        return factors;
    }

    private static RotaryScaling yarn(ModelConfig rope, int trained, int positions) {
        double factor = rope.has("factor") ? factor(rope) : (double) positions / trained;
        double mscale = rope.number("mscale", 0);
        double mscaleAll = rope.number("mscale_all_dim", 0);
        double amplitude =
                mscale != 0 && mscaleAll != 0 ? mscale(factor, mscale) / mscale(factor, mscaleAll) : mscale(factor, 1);
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
