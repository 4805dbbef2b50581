package org.edgeprune.task;

import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** What is new in prompts that a circuit was not found on. The test part of a task may combine several of it. */
public enum HeldOut {
    /** Other prompts of the templates and words of the training part. */
    SAME_KIND,
    /** Templates of the test part with words of the training part. */
    NEW_TEMPLATES,
    /** Words of the test part, such as names or years, in templates of the training part. */
    NEW_WORDS;

    private static final int EXAMPLES = 200;

    /**
     * The name in files.
     *
     * @return {@code same_kind}, {@code new_templates} or {@code new_words}
     */
    public String key() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * Generates prompts of every kind that a task has, up to 200 of each, without those of the training part.
     *
     * @param task the task
     * @param request seed, tokenizer and lists that the data were generated from
     * @param train the training examples
     * @return the examples by kind; without kinds that the task does not tell apart
     */
    public static Map<HeldOut, List<Example>> examples(Task task, DataRequest request, List<Example> train) {
        PromptTokenizer tokenizer = request.tokenizer().orElseThrow();
        Set<List<Integer>> seen = new HashSet<>();
        train.forEach(example -> seen.add(tokens(example)));
        Map<HeldOut, List<Example>> examples = new EnumMap<>(HeldOut.class);
        for (HeldOut kind : values()) {
            List<Example> fresh = task.heldOut(kind, request.sizes(1, 1, EXAMPLES))
                    .map(rows -> rows.stream().map(row -> task.example(row, tokenizer)))
                    .orElseGet(Stream::empty)
                    .filter(example -> !seen.contains(tokens(example)))
                    .toList();
            if (!fresh.isEmpty()) {
                examples.put(kind, fresh);
            }
        }
        return examples;
    }

    private static List<Integer> tokens(Example example) {
        return IntStream.of(example.clean()).boxed().toList();
    }

    /** The split whose templates a kind has. */
    Split templates() {
        return this == NEW_TEMPLATES ? Split.TEST : Split.TRAIN;
    }

    /** The split whose words a kind has. */
    Split words() {
        return this == NEW_WORDS ? Split.TEST : Split.TRAIN;
    }
}
