package org.edgeprune.task;

import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The three parts of a data set. */
public enum Split {
    /** The examples that masks are trained on. */
    TRAIN,
    /** The examples for choosing among runs and checkpoints. */
    VALIDATION,
    /** The examples for the results that are reported. */
    TEST;

    /**
     * The name in files.
     *
     * @return {@code train}, {@code validation} or {@code test}
     */
    public String key() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * Divides a list in its order: the last fifth is the test part, the tenth before it the validation part, the rest
     * the training part, each at least one item. Short lists share items: of two, the first is for training and
     * validation; one item is used for all parts. The division does not depend on a seed, so test items of one data set
     * never occur in the training part of another.
     */
    static <T> Map<Split, List<T>> deal(List<T> items) {
        int n = items.size();
        if (n == 1) {
            return Map.of(TRAIN, items, VALIDATION, items, TEST, items);
        }
        int test = Math.max(1, Math.round(0.2f * n));
        int validation = n == 2 ? 0 : Math.max(1, Math.round(0.1f * n));
        List<T> train = items.subList(0, n - test - validation);
        List<T> middle = validation == 0 ? train : items.subList(n - test - validation, n - test);
        return Map.of(TRAIN, train, VALIDATION, middle, TEST, items.subList(n - test, n));
    }
}
