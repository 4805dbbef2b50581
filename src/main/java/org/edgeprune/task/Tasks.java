package org.edgeprune.task;

import java.util.List;
import org.edgeprune.io.CloseNames;
import org.edgeprune.io.Extensions;
import org.edgeprune.io.InputException;

/** The tasks on the class path. */
public final class Tasks {
    /** Before the name of a task whose prompts are put to the model in its chat template. */
    static final String CHAT = "chat:";

    private Tasks() {}

    /**
     * The name of a task whose prompts are put to the model in its chat template.
     *
     * @param name a task's name, perhaps with a mode
     * @return the name under which {@link #named} gives that task
     */
    public static String inChat(String name) {
        return isChat(name) ? name : CHAT + name;
    }

    /**
     * Whether a name is that of a task whose prompts are put to the model in its chat template.
     *
     * @param name a task's name, perhaps with a mode
     * @return whether {@link #inChat} made it
     */
    public static boolean isChat(String name) {
        return name.startsWith(CHAT);
    }

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
     * @param name a task's name, or {@code name:mode} for the task in one of its modes; with {@code chat:} before it,
     *     for its prompts in the model's chat template
     * @return the task
     * @throws InputException if there is no such task or mode, or its prompts cannot be put in a chat
     */
    public static Task named(String name) {
        if (isChat(name)) {
            return named(name.substring(CHAT.length())).chat();
        }
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
