package org.edgeprune.model;

/**
 * Reads rotary position embeddings from a {@code config.json}, whichever way it states them: {@code rope_theta} and
 * {@code rope_scaling} (transformers 4), {@code rope_parameters} (transformers 5), flat or with an object for each type
 * of layer, or an architecture's own names. As in transformers 5, a {@code rope_scaling} that is not empty wins over
 * {@code rope_parameters}; what the winner lacks is taken from the top level, then from the architecture's defaults.
 */
public final class RotaryFields {
    /** The length that the model was trained for before its frequencies were scaled. */
    public static final String TRAINED = "original_max_position_embeddings";

    private static final String SCALING = "rope_scaling";
    private static final String PARAMETERS = "rope_parameters";
    private static final String SHARE = "partial_rotary_factor";

    private final ModelConfig config;
    private final int headDim;
    private String baseField = "rope_theta";
    private double defaultBase = 10000;
    private String shareField = SHARE;
    private double defaultShare = 1;
    private boolean partial;

    private RotaryFields(ModelConfig config, int headDim) {
        this.config = config;
        this.headDim = headDim;
    }

    /**
     * A reader for an architecture with the usual names and defaults.
     *
     * @param config the configuration
     * @param headDim width of a head
     * @return the reader
     */
    public static RotaryFields of(ModelConfig config, int headDim) {
        return new RotaryFields(config, headDim);
    }

    /**
     * Sets the base that applies if the configuration does not state one; 10000 otherwise.
     *
     * @param base the base
     * @return this
     */
    public RotaryFields defaultBase(double base) {
        defaultBase = base;
        return this;
    }

    /**
     * Sets the name of {@code rope_theta} at the top level, if the architecture has another ({@code rotary_emb_base}).
     *
     * @param name the field
     * @return this
     */
    public RotaryFields baseField(String name) {
        baseField = name;
        return this;
    }

    /**
     * For an architecture that turns a part of each head. In others, {@code partial_rotary_factor} affects scaled
     * frequencies only, as in transformers.
     *
     * @param field the name of {@code partial_rotary_factor} at the top level
     * @param share the part of a head that is turned if the configuration does not state it, 0 to 1
     * @return this
     */
    public RotaryFields partial(String field, double share) {
        partial = true;
        shareField = field;
        defaultShare = share;
        return this;
    }

    /**
     * As {@link #partial(String, double)} with the usual name of the field.
     *
     * @param share the part of a head that is turned if the configuration does not state it, 0 to 1
     * @return this
     */
    public RotaryFields partial(double share) {
        return partial(SHARE, share);
    }

    /**
     * Reads the embedding of all layers.
     *
     * @return the embedding
     * @throws org.edgeprune.io.InputException naming the field that is wrong or not supported
     */
    public RotaryConfig read() {
        String winner = isEmpty(SCALING) ? PARAMETERS : SCALING;
        askForAll();
        if (isEmpty(winner)) {
            return read(new RotaryScalingFields(config, config.emptyObject(winner)), false);
        }
        ModelConfig rope = config.object(winner);
        if (rope.has(LayerTypes.FULL) || rope.has(LayerTypes.SLIDING)) {
            throw config.error(
                    winner,
                    "has entries by type of layer, which model_type '" + config.modelType()
                            + "' does not have: write the values of all layers into " + winner + " itself");
        }
        RotaryConfig read = read(new RotaryScalingFields(config, rope), false);
        rope.refuseOthers();
        return read;
    }

    /**
     * Reads the embedding of one type of layer, from its entry in {@code rope_parameters}.
     *
     * @param type {@link LayerTypes#FULL} or {@link LayerTypes#SLIDING}
     * @param scaled whether a {@code rope_scaling} of the old form applies to this type
     * @return the embedding
     * @throws org.edgeprune.io.InputException naming the field that is wrong or not supported, also if
     *     {@code rope_parameters} is not by type
     */
    public RotaryConfig read(String type, boolean scaled) {
        askForAll();
        ModelConfig rope = isEmpty(PARAMETERS) ? config.emptyObject(PARAMETERS) : config.object(PARAMETERS);
        if (!isEmpty(PARAMETERS) && !rope.has(LayerTypes.FULL) && !rope.has(LayerTypes.SLIDING)) {
            throw config.error(
                    PARAMETERS,
                    "has no entries by type of layer, which model_type '" + config.modelType()
                            + "' takes its values from: write {\"" + LayerTypes.FULL + "\": {...}, \""
                            + LayerTypes.SLIDING + "\": {...}}");
        }
        ModelConfig own = isEmpty(rope, type) ? rope.emptyObject(type) : rope.object(type);
        if (scaled && !isEmpty(SCALING)) {
            own = own.overlaid(config.object(SCALING));
        }
        RotaryConfig read = read(new RotaryScalingFields(config, own), true);
        own.refuseOthers();
        return read;
    }

    /** Whichever of the fields is used, none of the others is unknown. */
    private void askForAll() {
        config.has(SCALING);
        config.has(PARAMETERS);
        config.has("rope_theta");
        config.has(baseField);
        config.has(SHARE);
        config.has(shareField);
        config.has(TRAINED);
    }

    private boolean isEmpty(String field) {
        return isEmpty(config, field);
    }

    private static boolean isEmpty(ModelConfig config, String field) {
        return !config.has(field)
                || (config.node(field).isObject() && config.node(field).isEmpty());
    }

    private RotaryConfig read(RotaryScalingFields rope, boolean ofType) {
        String field = rope.scales() || partial ? shareField : "";
        double share = partial || rope.scales() ? share(rope.fields()) : 1;
        int dim = (int) (headDim * share);
        if (dim < 1 || dim + dim % 2 > headDim) {
            throw config.error(
                    config.has(field) ? field : "head_dim",
                    "gives " + dim + " rotary dimensions of " + headDim + " in a head: an even number from 2 to "
                            + headDim + " is needed");
        }
        return new RotaryConfig(base(rope.fields(), ofType), dim, rope.scaling(dim));
    }

    private double share(ModelConfig rope) {
        double otherwise = config.number(shareField, config.number(SHARE, defaultShare));
        double share = rope.number(SHARE, otherwise);
        if (!(share > 0 && share <= 1)) {
            throw (rope.has(SHARE) ? rope : config)
                    .error(rope.has(SHARE) ? SHARE : shareField, "is " + share + ", expected a number in (0, 1]");
        }
        return share;
    }

    private double base(ModelConfig rope, boolean ofType) {
        if (rope.has("rope_theta")) {
            return positive(rope, "rope_theta");
        }
        if (config.has(baseField)) {
            return positive(config, baseField);
        }
        // of one type of layer: rope_theta at the top level is another type's
        if (!ofType && config.has("rope_theta") && positive(config, "rope_theta") != defaultBase) {
            // transformers 5 passes over it and takes the default, transformers 4 does not agree with itself
            throw config.error(
                    "rope_theta",
                    "is " + config.number("rope_theta", 0) + ", but model_type '" + config.modelType()
                            + "' reads its base from " + baseField + ", which is missing: write " + baseField
                            + " instead");
        }
        config.note("states no base of its rotary positions (" + baseField + "): " + defaultBase + ", the default of "
                + config.modelType() + ", is taken");
        return defaultBase;
    }

    private static double positive(ModelConfig fields, String field) {
        double value = fields.number(field, 0);
        if (value <= 0) {
            throw fields.error(field, "is " + value + ", expected a positive number");
        }
        return value;
    }
}
