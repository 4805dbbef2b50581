package org.edgeprune.task;

import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The three parts of a data set. */
public enum Split {
    TRAIN,
    VALIDATION,
    TEST;

    /** The name in files: {@code train}, {@code validation}, {@code test}. */
    public String key() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * Deals a list out in its order: the last fifth is the test part, the tenth before it the validation part, the rest
     * the training part, each at least one item. Lists too short for three parts share: two items leave the first for
     * training and validation, one item serves all. The same list always splits the same way, whatever the seed, so
     * that what a model was trained on stays out of every test set.
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
