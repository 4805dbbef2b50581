package org.edgeprune.cli;

import java.nio.file.Path;
import java.util.Optional;
import org.edgeprune.task.Tasks;
import picocli.CommandLine.Option;

/** {@code --task}, {@code --mode} and {@code --data}. */
final class TaskOptions {
    private static final String DEFAULT = "ioi";

    @Option(
            names = "--task",
            paramLabel = "TASK",
            description = "The task: ${COMPLETION-CANDIDATES} (default: " + DEFAULT + ").",
            completionCandidates = TaskNames.class)
    private String task;

    @Option(
            names = "--mode",
            paramLabel = "MODE",
            description =
                    "Form of the prompts, where a task has several: boolean has instruction, fewshot and zeroshot.")
    private String mode;

    @Option(
            names = "--data",
            paramLabel = "PATH",
            description = "Directory or JSONL file with the task's prompts (default: generated).")
    private Path data;

    /**
     * The task that was given, otherwise {@code otherwise}, otherwise the default; with a mode as {@code task:mode}.
     */
    String name(Optional<String> otherwise) {
        String chosen = task == null ? otherwise.orElse(DEFAULT) : task;
        String name = mode == null ? chosen : chosen.replaceFirst(":.*", "") + ":" + mode;
        Tasks.named(name); // refuses unknown names
        return name;
    }

    /** Whether a task, a mode or data were given. */
    boolean given() {
        return task != null || mode != null || data != null;
    }

    /** Whether data were given. */
    boolean givesData() {
        return data != null;
    }

    /** The data that were given, otherwise {@code otherwise}, otherwise null. */
    Path data(Optional<String> otherwise) {
        return data == null ? otherwise.map(Path::of).orElse(null) : data;
    }
}
