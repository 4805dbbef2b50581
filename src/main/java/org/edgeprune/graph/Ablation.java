package org.edgeprune.graph;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.edgeprune.io.InputException;

/**
 * What a reader gets from a writer through an edge that is cut. With x what the writer adds in the masked run and z the
 * edge's mask, the reader sees {@code z x + (1 - z) a}; the ablation says what a is.
 *
 * <p>A further kind is a further record here; the compiler then names every place that has to handle it.
 */
@SuppressWarnings("ClassInitializationDeadlock") // the records are made here only
public sealed interface Ablation {
    /** What the writer adds in the full model's run on the corrupted prompt. */
    record Interchange() implements Ablation {
        @Override
        public String name() {
            return "interchange";
        }
    }

    /** Zero. */
    record Zero() implements Ablation {
        @Override
        public String name() {
            return "zero";
        }
    }

    Ablation INTERCHANGE = new Interchange();
    Ablation ZERO = new Zero();

    /** Its name on the command line and in results. */
    String name();

    /** Its name in {@code run.json}. */
    @JsonValue
    default String code() {
        return name().toUpperCase(Locale.ROOT);
    }

    /** Whether a depends on the corrupted prompt of the same example, so that prompts come in pairs. */
    default boolean needsCorruptedPrompt() {
        return switch (this) {
            case Interchange i -> true;
            case Zero z -> false;
        };
    }

    /** Every kind. */
    static List<Ablation> all() {
        return List.of(INTERCHANGE, ZERO);
    }

    /**
     * The ablation of that name, in upper or lower case.
     *
     * @throws InputException if there is none
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
