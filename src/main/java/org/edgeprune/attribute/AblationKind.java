package org.edgeprune.attribute;

import java.util.Arrays;
import java.util.stream.Collectors;
import org.edgeprune.io.InputException;

/** What an ablated edge u -&gt; v carries in place of what u adds for the clean prompt. */
public enum AblationKind {
    /** What u adds on the corrupted prompt of the same example. */
    INTERCHANGE("interchange"),
    /** Nothing. */
    ZERO("zero"),
    /** What u adds on average, over all tokens of all clean prompts. */
    MEAN("mean"),
    /** What u adds on average at the same position, over all clean prompts that are long enough. */
    MEAN_POSITIONAL("mean-positional"),
    /** What u adds on the clean prompt of another example of the same length, drawn at random. */
    RESAMPLE("resample");

    private final String key;

    AblationKind(String key) {
        this.key = key;
    }

    /**
     * The name on the command line and in {@code run.json}.
     *
     * @return such as {@code mean-positional}
     */
    public String key() {
        return key;
    }

    /**
     * The kind of a name.
     *
     * @param key as {@link #key}, in upper or lower case
     * @return the kind
     * @throws InputException if there is none
     */
    public static AblationKind named(String key) {
        return Arrays.stream(values())
                .filter(kind -> kind.key.equalsIgnoreCase(key))
                .findFirst()
                .orElseThrow(() -> new InputException("unknown ablation '" + key + "': use "
                        + Arrays.stream(values()).map(AblationKind::key).collect(Collectors.joining(", "))));
    }
}
