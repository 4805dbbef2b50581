package org.edgeprune.cli;

import java.util.Iterator;
import org.edgeprune.task.Task;
import org.edgeprune.task.Tasks;

/** The names of all tasks, for help texts. */
final class TaskNames implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
        return Tasks.all().stream().map(Task::name).iterator();
    }
}
