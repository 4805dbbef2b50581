package org.edgeprune.task;

import java.util.List;

/** The examples of a task, in the order of their files. */
public record Dataset(List<Example> train, List<Example> validation, List<Example> test) {
    public Dataset {
        train = List.copyOf(train);
        validation = List.copyOf(validation);
        test = List.copyOf(test);
    }

    public List<Example> part(Split split) {
        return switch (split) {
            case TRAIN -> train;
            case VALIDATION -> validation;
            case TEST -> test;
        };
    }
}
