package org.edgeprune.task;

import java.util.List;
import java.util.ServiceLoader;
import java.util.stream.Collectors;
import org.edgeprune.io.InputException;

/** The tasks on the class path. */
public final class Tasks {
    private Tasks() {}

    /** Every registered task, in the order of registration. */
    public static List<Task> all() {
        return ServiceLoader.load(Task.class, Tasks.class.getClassLoader()).stream()
                .map(ServiceLoader.Provider::get)
                .toList();
    }

    /** The task of a name; {@code name:mode} is the task with its prompts in that form. */
    public static Task named(String name) {
        int colon = name.indexOf(':');
        if (colon >= 0) {
            return named(name.substring(0, colon)).mode(name.substring(colon + 1));
        }
        List<Task> all = all();
        return all.stream()
                .filter(task -> task.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new InputException("task \"" + name + "\" is not known; choose one of "
                        + all.stream().map(Task::name).collect(Collectors.joining(", "))));
    }
}
