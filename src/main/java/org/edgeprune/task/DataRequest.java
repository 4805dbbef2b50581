package org.edgeprune.task;

import java.nio.file.Path;
import java.util.Optional;
import org.edgeprune.io.InputException;

/**
 * What data to generate.
 *
 * @param seed the seed of all random choices
 * @param train the number of training examples, 0 to 10,000,000
 * @param validation the number of validation examples, in the same range
 * @param test the number of test examples, in the same range
 * @param tokenizer the model's tokenizer, to use only words that are single tokens for it; without one all words are
 *     used
 * @param templates a file with templates to use in place of the bundled ones
 * @param names a file with names to use in place of the bundled ones
 */
public record DataRequest(
        long seed,
        int train,
        int validation,
        int test,
        Optional<PromptTokenizer> tokenizer,
        Optional<Path> templates,
        Optional<Path> names) {
    /** The most examples of a split. */
    private static final int MOST = 10_000_000;

    /**
     * Checks the sizes.
     *
     * @throws InputException if a size is out of range
     */
    public DataRequest {
        for (int size : new int[] {train, validation, test}) {
            if (size < 0 || size > MOST) {
                throw new InputException(size + " examples of a split: must be from 0 to " + MOST);
            }
        }
    }

    /**
     * 1000 training, 200 validation and 1000 test examples from the bundled lists, for any tokenizer.
     *
     * @param seed the seed of all random choices
     * @return the request
     */
    public static DataRequest seeded(long seed) {
        return new DataRequest(seed, 1000, 200, 1000, Optional.empty(), Optional.empty(), Optional.empty());
    }

    /**
     * The same request with other sizes.
     *
     * @param train the number of training examples
     * @param validation the number of validation examples
     * @param test the number of test examples
     * @return the changed request
     * @throws InputException if a size is out of range
     */
    public DataRequest sizes(int train, int validation, int test) {
        return new DataRequest(seed, train, validation, test, tokenizer, templates, names);
    }

    /**
     * The same request for a tokenizer.
     *
     * @param tokenizer the model's tokenizer
     * @return the changed request
     */
    public DataRequest tokenizer(PromptTokenizer tokenizer) {
        return new DataRequest(seed, train, validation, test, Optional.of(tokenizer), templates, names);
    }

    /**
     * The same request with other templates.
     *
     * @param templates a file with one template per line
     * @return the changed request
     */
    public DataRequest templates(Path templates) {
        return new DataRequest(seed, train, validation, test, tokenizer, Optional.of(templates), names);
    }

    /**
     * The same request with other names.
     *
     * @param names a file with one name per line, followed by {@code f} or {@code m} where the task needs a pronoun
     * @return the changed request
     */
    public DataRequest names(Path names) {
        return new DataRequest(seed, train, validation, test, tokenizer, templates, Optional.of(names));
    }

    /**
     * The number of examples of a split.
     *
     * @param split the split
     * @return the number of examples
     */
    public int size(Split split) {
        return switch (split) {
            case TRAIN -> train;
            case VALIDATION -> validation;
            case TEST -> test;
        };
    }
}
