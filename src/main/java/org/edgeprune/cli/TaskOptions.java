package org.edgeprune.cli;

import java.nio.file.Path;
import java.util.Optional;
import org.edgeprune.task.Tasks;
import picocli.CommandLine.Option;

/** {@code --task}, {@code --mode}, {@code --data} and {@code --chat}. */
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

    @Option(
            names = "--chat",
            description =
                    "Put the prompts to the model in its tokenizer's chat template: the text before the answer is the user's"
                            + " message, the answer begins the assistant's. For custom and the tasks made of templates.")
    private boolean chat;

    /**
     * The task that was given, otherwise {@code otherwise}, otherwise the default; with a mode as {@code task:mode},
     * and in a chat as {@code chat:task:mode}.
     */
    String name(Optional<String> otherwise) {
        String chosen = task == null ? otherwise.orElse(DEFAULT) : task;
        boolean asChat = chat || Tasks.isChat(chosen);
        String plain = chosen.replaceFirst("^chat:", "");
        String withMode = mode == null ? plain : plain.replaceFirst(":.*", "") + ":" + mode;
        String name = asChat ? Tasks.inChat(withMode) : withMode;
        Tasks.named(name); // refuses unknown names
        return name;
    }

    /** Whether a task, a mode, a chat or data were given. */
    boolean given() {
        return task != null || mode != null || data != null || chat;
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
