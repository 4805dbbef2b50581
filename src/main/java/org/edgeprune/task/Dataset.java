package org.edgeprune.task;

import java.util.List;

/**
 * The tokenised examples of a task, in the order of their files.
 *
 * @param train the training examples
 * @param validation the validation examples
 * @param test the test examples
 */
public record Dataset(List<Example> train, List<Example> validation, List<Example> test) {
    /** Copies the lists. */
    public Dataset {
        train = List.copyOf(train);
        validation = List.copyOf(validation);
        test = List.copyOf(test);
    }

    /**
     * The same examples but for the training part.
     *
     * @param examples the training examples
     * @return a new data set
     */
    public Dataset withTrain(List<Example> examples) {
        return new Dataset(examples, validation, test);
    }

    /**
     * The examples of a split.
     *
     * @param split the split
     * @return an immutable list
     */
    public List<Example> part(Split split) {
        return switch (split) {
            case TRAIN -> train;
            case VALIDATION -> validation;
            case TEST -> test;
        };
    }
}
