package org.edgeprune.graph;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.edgeprune.io.InputException;

/**
 * What a reader gets from a writer through an edge that is cut. With x what the writer adds in the masked run and z the
 * edge's mask, the reader sees {@code z x + (1 - z) a}; the ablation determines a.
 *
 * <p>Three of them take a from reference prompts, normally the training prompts. To add a kind, add a record here; the
 * compiler then names every place that has to handle it.
 */
@SuppressWarnings("ClassInitializationDeadlock") // the records are made here only
public sealed interface Ablation {
    /** Interchange ablation: a is what the writer adds in the full model's run on the corrupted prompt. */
    record Interchange() implements Ablation {
        @Override
        public String name() {
            return "interchange";
        }
    }

    /** Zero ablation: a is zero. */
    record Zero() implements Ablation {
        @Override
        public String name() {
            return "zero";
        }
    }

    /**
     * Mean ablation: a is the mean of what the writer adds over all tokens of the clean reference prompts, so that
     * longer prompts count for more. EAP-IG's {@code intervention='mean'} describes the same, but its code (795f560)
     * returns one vector for all writers, the mean over them of their outputs at the last token divided by the prompt's
     * length; that is not followed here.
     */
    record Mean() implements Ablation {
        @Override
        public String name() {
            return "mean";
        }
    }

    /**
     * Mean ablation by position: a is the mean of what the writer adds at the same position of the clean reference
     * prompts that are long enough. For prompts of one length it is EAP-IG's {@code intervention='mean-positional'};
     * for others, EAP-IG counts padding.
     */
    record MeanPositional() implements Ablation {
        @Override
        public String name() {
            return "mean-positional";
        }
    }

    /**
     * Resampling: a is what the writer adds on the clean prompt of another reference example of the same length, drawn
     * at random.
     */
    record Resample() implements Ablation {
        @Override
        public String name() {
            return "resample";
        }
    }

    /** Interchange ablation, the paper's choice for language models. */
    Ablation INTERCHANGE = new Interchange();
    /** Zero ablation, the paper's choice for Tracr models. */
    Ablation ZERO = new Zero();
    /** The mean over all tokens. */
    Ablation MEAN = new Mean();
    /** The mean by position. */
    Ablation MEAN_POSITIONAL = new MeanPositional();
    /** Another reference prompt. */
    Ablation RESAMPLE = new Resample();

    /**
     * Its name on the command line and in results.
     *
     * @return a name in lower case
     */
    String name();

    /**
     * Its name in {@code run.json}.
     *
     * @return the name in upper case
     */
    @JsonValue
    default String code() {
        return name().toUpperCase(Locale.ROOT);
    }

    /**
     * Whether a is recorded on a second prompt for each example, so that prompts are run in pairs.
     *
     * @return true for interchange ablation and resampling
     */
    default boolean needsCorruptedPrompt() {
        return switch (this) {
            case Interchange _, Resample _ -> true;
            case Zero _, Mean _, MeanPositional _ -> false;
        };
    }

    /**
     * Whether a depends on other examples than the one that is run.
     *
     * @return true for both means and resampling
     */
    default boolean needsReferencePrompts() {
        return switch (this) {
            case Mean _, MeanPositional _, Resample _ -> true;
            case Interchange _, Zero _ -> false;
        };
    }

    /**
     * Whether a is a tensor for each token of a batch, which takes memory.
     *
     * @return false for zero ablation
     */
    default boolean hasStates() {
        return needsCorruptedPrompt() || needsReferencePrompts();
    }

    /**
     * Every kind.
     *
     * @return all ablations
     */
    static List<Ablation> all() {
        return List.of(INTERCHANGE, ZERO, MEAN, MEAN_POSITIONAL, RESAMPLE);
    }

    /**
     * The ablation of a name.
     *
     * @param name the name, in upper or lower case
     * @return the ablation
     * @throws InputException if there is none of that name
     */
    @JsonCreator
    static Ablation named(String name) {
        return all().stream()
                .filter(ablation -> ablation.name().equalsIgnoreCase(name))
                .findFirst()
                .orElseThrow(() -> new InputException("unknown ablation '" + name + "': use "
                        + all().stream().map(Ablation::name).collect(Collectors.joining(", "))));
    }
}
