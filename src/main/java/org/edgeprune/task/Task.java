package org.edgeprune.task;

import java.nio.file.Path;
import java.util.List;
import org.edgeprune.io.InputException;

/**
 * A task: how its data is generated, read, corrupted, scored and evaluated. A new one is one class, registered by a
 * line in {@code META-INF/services/org.edgeprune.task.Task}.
 */
public interface Task {
    /** The name on the command line. */
    String name();

    /**
     * The name with the mode, {@code name:mode}, where the task has modes: what {@link Tasks#named} finds it by again.
     */
    default String fullName() {
        return name();
    }

    /** One line for help texts. */
    String summary();

    /**
     * Tokenises one line of data.
     *
     * @throws InputException naming file and line where prompt and partner differ in length or an answer is no token
     */
    Example example(Row row, PromptTokenizer tokenizer);

    /** The task's judge for models with this tokenizer. */
    Scorer scorer(PromptTokenizer tokenizer);

    /** Data as asked for; the same request gives the same lines. Tasks that only read data refuse. */
    default Generated generate(DataRequest request) {
        throw new InputException("task " + name() + " has no generator; give its data with --data");
    }

    /** The sizes that are generated where nobody asks for others. */
    default DataRequest defaults(long seed) {
        return DataRequest.seeded(seed);
    }

    /** The task with its prompts in another form, for tasks that have several. */
    default Task mode(String mode) {
        throw new InputException("task " + name() + " has no modes; leave out --mode " + mode);
    }

    /** The task for one model, for tasks that depend on more of it than its tokenizer. */
    default Task forModel(Path modelDirectory) {
        return this;
    }

    /** The data set in a folder or file, tokenised. */
    default Dataset read(Path path, PromptTokenizer tokenizer) {
        return tokenise(Records.read(path), tokenizer);
    }

    /** The data set of some lines, tokenised. */
    default Dataset tokenise(Records records, PromptTokenizer tokenizer) {
        return new Dataset(
                examples(records, Split.TRAIN, tokenizer),
                examples(records, Split.VALIDATION, tokenizer),
                examples(records, Split.TEST, tokenizer));
    }

    private List<Example> examples(Records records, Split split, PromptTokenizer tokenizer) {
        return records.part(split).stream().map(row -> example(row, tokenizer)).toList();
    }
}
