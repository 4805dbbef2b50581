package org.edgeprune.model;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads how rotary frequencies are scaled, from {@code rope_scaling} or {@code rope_parameters}, as transformers 5.24
 * does. Where 4.x differs: LongRoPE's attention factor then comes from the ratio of lengths even if a {@code factor} is
 * stated.
 *
 * @param config the whole configuration
 * @param fields the object that the scaling is in
 */
record RotaryScalingFields(ModelConfig config, ModelConfig fields) {
    private static final String TRAINED = RotaryFields.TRAINED;

    private static final List<String> KNOWN = List.of("default", "linear", "dynamic", "llama3", "yarn", "longrope");

    /** Fields that transformers reads for some type of scaling: in others they have no effect. */
    private static final List<String> OF_SOME_TYPE = List.of(
            "attention_factor",
            "beta_fast",
            "beta_slow",
            "factor",
            "high_freq_factor",
            "long_factor",
            "low_freq_factor",
            "mscale",
            "mscale_all_dim",
            "partial_rotary_factor",
            "rope_theta",
            "rope_type",
            "short_factor",
            "truncate",
            "type",
            TRAINED);

    RotaryScalingFields {
        OF_SOME_TYPE.forEach(fields::has);
    }

    private String type() {
        String type = fields.text("rope_type", fields.text("type", "default"));
        return switch (type) {
            case "su" -> "longrope"; // the name in the first Phi-3 checkpoints
            case "yarn" -> config.modelType().equals("phi3") ? "longrope" : "yarn"; // so does transformers' class
            default -> type;
        };
    }

    /** Whether the frequencies are other than those of the base. */
    boolean scales() {
        return !type().equals("default");
    }

    /** @param dim dimensions that the frequencies are spread over */
    RotaryScaling scaling(int dim) {
        RotaryScaling scaling =
                switch (type()) {
                    case "default" -> new RotaryScaling.None();
                    case "linear" -> new RotaryScaling.Linear(factor());
                    case "dynamic" -> dynamic(dim);
                    case "llama3" -> llama3();
                    case "yarn" -> yarn();
                    case "longrope" -> longRope(dim);
                    default ->
                        throw fields.error(
                                fields.has("rope_type") ? "rope_type" : "type",
                                "is '" + type() + "', which is not supported: known are " + String.join(", ", KNOWN));
                };
        boolean byPair = scaling instanceof RotaryScaling.Yarn || scaling instanceof RotaryScaling.LongRope;
        if (byPair && dim % 2 != 0) {
            throw fields.error(
                    "rope_type", "is '" + type() + "', which needs an even number of rotary dimensions, not " + dim);
        }
        return scaling;
    }

    private int positions() {
        return config.count("max_position_embeddings");
    }

    /** What stands at the top level wins, as in Phi-3. */
    private int trained() {
        return config.count(TRAINED, fields.count(TRAINED, positions()));
    }

    private RotaryScaling dynamic(int dim) {
        if (dim <= 2) {
            throw fields.error("rope_type", "is 'dynamic', which needs more than " + dim + " rotary dimensions");
        }
        return new RotaryScaling.Dynamic(factor(), positions());
    }

    private RotaryScaling llama3() {
        double low = fields.number("low_freq_factor", 1);
        double high = fields.number("high_freq_factor", 4);
        if (high <= low) {
            throw fields.error("high_freq_factor", "is " + high + ", expected more than low_freq_factor = " + low);
        }
        return new RotaryScaling.Llama3(factor(), low, high, trained());
    }

    private RotaryScaling yarn() {
        int trained = trained();
        double factor = fields.has("factor") ? factor() : (double) positions() / trained;
        double mscale = fields.number("mscale", 0);
        double mscaleAll = fields.number("mscale_all_dim", 0);
        double amplitude =
                mscale != 0 && mscaleAll != 0 ? mscale(factor, mscale) / mscale(factor, mscaleAll) : mscale(factor, 1);
        return new RotaryScaling.Yarn(
                factor,
                numberOr("beta_fast", 32),
                numberOr("beta_slow", 1),
                trained,
                fields.number("attention_factor", amplitude),
                fields.states("truncate") ? fields.flag("truncate", false) : true);
    }

    /** Python's {@code fields.get(field) or otherwise}: zero is as good as absent. */
    private double numberOr(String field, double otherwise) {
        double value = fields.number(field, 0);
        return value == 0 ? otherwise : value;
    }

    private RotaryScaling longRope(int dim) {
        int trained = trained();
        double factor = fields.has("factor") ? factor() : (double) positions() / trained;
        double amplitude = factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(trained));
        return new RotaryScaling.LongRope(
                factors("short_factor", dim),
                factors("long_factor", dim),
                trained,
                fields.number("attention_factor", amplitude));
    }

    private List<Double> factors(String field, int dim) {
        List<Double> factors = new ArrayList<>();
        for (JsonNode factor : fields.node(field)) {
            if (!factor.isNumber() || !(factor.doubleValue() > 0) || Double.isInfinite(factor.doubleValue())) {
                throw fields.error(field, "contains " + factor + ", expected positive numbers");
            }
            factors.add(factor.doubleValue());
        }
        if (factors.size() != dim / 2) {
            throw fields.error(
                    field,
                    "has " + factors.size() + " entries, expected " + dim / 2 + ", one for each pair of the " + dim
                            + " rotary dimensions of a head");
        }
        return factors;
    }

    /** YaRN's temperature: 0.1 m ln(factor) + 1. */
    private static double mscale(double factor, double m) {
        return factor <= 1 ? 1 : 0.1 * m * Math.log(factor) + 1;
    }

    private double factor() {
        double factor = fields.number("factor", 0);
        if (factor < 1) {
            throw fields.error("factor", "is " + factor + ", expected a number of at least 1");
        }
        return factor;
    }
}
