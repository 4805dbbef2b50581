package org.edgeprune.task;

import java.util.List;
import org.edgeprune.io.CloseNames;
import org.edgeprune.io.Extensions;
import org.edgeprune.io.InputException;

/** The tasks on the class path. */
public final class Tasks {
    private Tasks() {}

    /**
     * All registered tasks.
     *
     * @return in the order of the class path
     * @throws InputException naming the jar of a task that cannot be loaded or has the name of another
     */
    public static List<Task> all() {
        return List.copyOf(found().byName().values());
    }

    /**
     * The task of a name.
     *
     * @param name a task's name, or {@code name:mode} for the task in one of its modes
     * @return the task
     * @throws InputException if there is no such task or mode
     */
    public static Task named(String name) {
        int colon = name.indexOf(':');
        if (colon >= 0) {
            return named(name.substring(0, colon)).mode(name.substring(colon + 1));
        }
        Extensions<Task> found = found();
        Task task = found.byName().get(name);
        if (task == null) {
            throw new InputException("task \"" + name + "\" is unknown; choose one of "
                    + String.join(", ", found.byName().keySet())
                    + CloseNames.question(name, found.byName().keySet()));
        }
        return task;
    }

    private static Extensions<Task> found() {
        return Extensions.load(Task.class, "task", task -> List.of(task.name()), Tasks.class.getClassLoader());
    }
}
