package org.edgeprune.methods;

import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;
import org.edgeprune.attribute.AttributionMethod;
import org.edgeprune.attribute.Ranking;
import org.edgeprune.io.InputException;

/** Every method that finds a circuit. */
public enum CircuitMethod {
    /**
     * Masks trained with an L0 penalty ({@link org.edgeprune.prune.Pruner}), from {@link #MATTR} but for compiled
     * programs, which are trained as published.
     */
    EDGE_PRUNING("edge-pruning"),
    /** {@link AttributionMethod#EAP}. */
    EAP(AttributionMethod.EAP),
    /** {@link AttributionMethod#CLEAN_CORRUPTED}. */
    CLEAN_CORRUPTED(AttributionMethod.CLEAN_CORRUPTED),
    /** {@link AttributionMethod#EAP_IG_INPUTS}. */
    EAP_IG_INPUTS(AttributionMethod.EAP_IG_INPUTS),
    /** {@link AttributionMethod#EAP_IG_ACTIVATIONS}. */
    EAP_IG_ACTIVATIONS(AttributionMethod.EAP_IG_ACTIVATIONS),
    /** {@link AttributionMethod#EXACT}. */
    EXACT(AttributionMethod.EXACT),
    /** {@link org.edgeprune.attribute.MatryoshkaAttribution} of the KL divergence, from EAP-IG's ranking, annealed. */
    MATTR("mattr"),
    /** The same as published: of the objective, from nothing, every step alike. */
    MATTR_PUBLISHED("mattr-published"),
    /** {@link org.edgeprune.attribute.Acdc}. */
    ACDC("acdc"),
    /** {@link AttributionMethod#RANDOM}. */
    RANDOM(AttributionMethod.RANDOM);

    private final String key;
    private final Optional<AttributionMethod> attribution;

    CircuitMethod(String key) {
        this.key = key;
        this.attribution = Optional.empty();
    }

    CircuitMethod(AttributionMethod attribution) {
        this.key = attribution.key();
        this.attribution = Optional.of(attribution);
    }

    /**
     * The name on the command line and in files.
     *
     * @return such as {@code edge-pruning}
     */
    public String key() {
        return key;
    }

    /**
     * How its scores rank edges: those of {@code edgeprune attribute} by their absolute value, as EAP-IG's code does,
     * those of the others by sign, because a negative one means that an edge is to be cut.
     *
     * @return what makes an edge the better one
     */
    public Ranking ranking() {
        return Ranking.ofMethod(key);
    }

    /**
     * The method of {@code edgeprune attribute} that it is.
     *
     * @return empty for edge pruning, Matryoshka attribution and ACDC
     */
    public Optional<AttributionMethod> attribution() {
        return attribution;
    }

    /**
     * The method of a name.
     *
     * @param key as {@link #key}, in upper or lower case
     * @return the method
     * @throws InputException if there is none
     */
    public static CircuitMethod named(String key) {
        return Arrays.stream(values())
                .filter(method -> method.key.equalsIgnoreCase(key))
                .findFirst()
                .orElseThrow(() -> new InputException("unknown method '" + key + "': use "
                        + Arrays.stream(values()).map(CircuitMethod::key).collect(Collectors.joining(", "))));
    }
}
