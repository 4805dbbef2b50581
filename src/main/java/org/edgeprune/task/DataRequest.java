package org.edgeprune.task;

import java.nio.file.Path;
import java.util.Optional;
import org.edgeprune.io.InputException;

/**
 * What data to generate.
 *
 * @param seed of every choice
 * @param train number of training examples, and so on
 * @param tokenizer of the model, to keep only words that are single tokens for it; none skips that
 * @param templates the user's own templates, in place of the bundled ones
 * @param names the user's own names
 */
public record DataRequest(
        long seed,
        int train,
        int validation,
        int test,
        Optional<PromptTokenizer> tokenizer,
        Optional<Path> templates,
        Optional<Path> names) {
    /** The most examples of a part. */
    private static final int MOST = 10_000_000;

    public DataRequest {
        for (int size : new int[] {train, validation, test}) {
            if (size < 0 || size > MOST) {
                throw new InputException(size + " examples of a part: must be from 0 to " + MOST);
            }
        }
    }

    /** A thousand training, 200 validation and a thousand test examples of the bundled lists, for any tokenizer. */
    public static DataRequest seeded(long seed) {
        return new DataRequest(seed, 1000, 200, 1000, Optional.empty(), Optional.empty(), Optional.empty());
    }

    public DataRequest sizes(int train, int validation, int test) {
        return new DataRequest(seed, train, validation, test, tokenizer, templates, names);
    }

    public DataRequest tokenizer(PromptTokenizer tokenizer) {
        return new DataRequest(seed, train, validation, test, Optional.of(tokenizer), templates, names);
    }

    public DataRequest templates(Path templates) {
        return new DataRequest(seed, train, validation, test, tokenizer, Optional.of(templates), names);
    }

    public DataRequest names(Path names) {
        return new DataRequest(seed, train, validation, test, tokenizer, templates, Optional.of(names));
    }

    /** How many examples of a part. */
    public int size(Split split) {
        return switch (split) {
            case TRAIN -> train;
            case VALIDATION -> validation;
            case TEST -> test;
        };
    }
}
