package org.edgeprune.prune;

import java.util.List;
import org.edgeprune.task.Example;

/** Generates the training examples of each epoch. */
@FunctionalInterface
public interface FreshPrompts {
    /**
     * The examples of an epoch. The same number gives the same examples.
     *
     * @param number of the epoch, from 1 on; the first epoch, 0, trains on the run's training part
     * @return as many as the run's training part has
     */
    List<Example> epoch(int number);
}
