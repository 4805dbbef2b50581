package org.edgeprune.attribute;

import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;
import org.edgeprune.io.InputException;

/** Every method that scores edges without training anything. */
public enum AttributionMethod {
    /** {@link GradientMethod.Eap}. */
    EAP("eap"),
    /** {@link GradientMethod.InputGradients}. */
    EAP_IG_INPUTS("eap-ig-inputs"),
    /** {@link GradientMethod.ActivationGradients}. */
    EAP_IG_ACTIVATIONS("eap-ig-activations"),
    /** {@link GradientMethod.CleanCorrupted}. */
    CLEAN_CORRUPTED("clean-corrupted"),
    /** {@link ExactPatching}. */
    EXACT("exact"),
    /** {@link RandomScores}: what every method has to beat. */
    RANDOM("random");

    private final String key;

    AttributionMethod(String key) {
        this.key = key;
    }

    /**
     * The name on the command line and in {@code run.json}.
     *
     * @return such as {@code eap-ig-inputs}
     */
    public String key() {
        return key;
    }

    /**
     * The method of a name.
     *
     * @param key as {@link #key}, in upper or lower case
     * @return the method
     * @throws InputException if there is none
     */
    public static AttributionMethod named(String key) {
        return Arrays.stream(values())
                .filter(method -> method.key.equalsIgnoreCase(key))
                .findFirst()
                .orElseThrow(() -> new InputException("unknown method '" + key + "': use "
                        + Arrays.stream(values()).map(AttributionMethod::key).collect(Collectors.joining(", "))));
    }

    /**
     * Whether it integrates over steps.
     *
     * @return whether a number of steps means anything
     */
    public boolean hasSteps() {
        return this == EAP_IG_INPUTS || this == EAP_IG_ACTIVATIONS;
    }

    /**
     * The gradients that it takes.
     *
     * @param steps of methods that integrate, at least 1
     * @return its points; empty for a method without gradients
     */
    public Optional<GradientMethod> gradients(int steps) {
        return switch (this) {
            case EAP -> Optional.of(new GradientMethod.Eap());
            case EAP_IG_INPUTS -> Optional.of(new GradientMethod.InputGradients(steps));
            case EAP_IG_ACTIVATIONS -> Optional.of(new GradientMethod.ActivationGradients(steps));
            case CLEAN_CORRUPTED -> Optional.of(new GradientMethod.CleanCorrupted());
            case EXACT, RANDOM -> Optional.empty();
        };
    }

    /**
     * Checks that an objective says something to this method.
     *
     * @param objective the loss that is attributed
     * @throws InputException if every score would be zero
     */
    public void requireSensible(Objective objective) {
        if (this == EAP && objective.isFlatAtFullModel()) {
            throw new InputException(
                    "--objective " + objective.key() + " has gradient zero at the full model, where --method "
                            + key + " takes it: use --method " + EAP_IG_INPUTS.key + ", or --objective "
                            + Objective.LOGIT_DIFFERENCE.key());
        }
    }
}
