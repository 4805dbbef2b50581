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
 * <p>To add a kind, add a record here; the compiler then names every place that has to handle it.
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

    /** Interchange ablation, the paper's choice for language models. */
    Ablation INTERCHANGE = new Interchange();
    /** Zero ablation, the paper's choice for Tracr models. */
    Ablation ZERO = new Zero();

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
     * Whether a depends on the corrupted prompt of the same example, so that prompts come in pairs.
     *
     * @return true for interchange ablation
     */
    default boolean needsCorruptedPrompt() {
        return switch (this) {
            case Interchange i -> true;
            case Zero z -> false;
        };
    }

    /**
     * Every kind.
     *
     * @return all ablations
     */
    static List<Ablation> all() {
        return List.of(INTERCHANGE, ZERO);
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
                        + all().stream().map(Ablation::name).collect(Collectors.joining(" or "))));
    }
}
