package org.edgeprune.task;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.edgeprune.io.InputException;

/**
 * Finds problems of tokenised prompts that make results meaningless although every line is well-formed.
 *
 * @param records the lines
 * @param dataset their examples in the same order; examples at the end of a split may be missing
 */
public record DataReview(Records records, Dataset dataset) {
    /**
     * Requires that a model has enough positions for all prompts.
     *
     * @param maxPositions the model's number of positions
     * @return this review
     * @throws InputException naming the line of the first prompt that is too long
     */
    public DataReview requireFits(int maxPositions) {
        for (Split split : Split.values()) {
            List<Example> examples = dataset.part(split);
            for (int i = 0; i < examples.size(); i++) {
                if (examples.get(i).length() > maxPositions) {
                    throw records.part(split)
                            .get(i)
                            .wrong("a prompt of " + examples.get(i).length() + " tokens, but the model has only "
                                    + maxPositions + " positions; shorten it");
                }
            }
        }
        return this;
    }

    /**
     * The problems that a user should know about.
     *
     * @param tokenizer the tokenizer that the examples were made with
     * @return one line each; empty if there are none
     */
    public List<String> notes(PromptTokenizer tokenizer) {
        List<String> notes = new ArrayList<>(tokenizer.notes());
        records.note().ifPresent(notes::add);
        Map<Row, Example> lines = byLine();
        Collection<Example> all = lines.values();
        long spaced = lines.keySet().stream().filter(DataReview::endsWithSpace).count();
        if (spaced > 0) {
            notes.add(part(spaced, all.size()) + " end with a space, which is then a token by itself, while most models"
                    + " expect it at the beginning of the answer; remove it");
        }
        long same = all.stream()
                .filter(example -> Arrays.equals(example.clean(), example.corrupted()))
                .count();
        if (same > 0) {
            notes.add(part(same, all.size()) + " have the same tokens in \"clean\" and \"corrupted\": no edge matters"
                    + " there, so the numbers say nothing; corrupt them");
        }
        tokenizer.doubledPrefix(all.stream().map(Example::clean).toList()).ifPresent(notes::add);
        if (tokenizer.suffix().length > 0 && !all.isEmpty()) {
            notes.add("the tokenizer ends every text with " + tokenizer.decode(tokenizer.suffix())
                    + ", which is left out, because prompts are to be continued");
        }
        return notes;
    }

    /** Each line once, even if the same file is used for several splits. */
    private Map<Row, Example> byLine() {
        Map<Row, Example> examples = new HashMap<>();
        for (Split split : Split.values()) {
            List<Example> part = dataset.part(split);
            for (int i = 0; i < part.size(); i++) {
                examples.put(records.part(split).get(i), part.get(i));
            }
        }
        return examples;
    }

    /**
     * Whether the model would predict the token after a space. In prompts with tags the space belongs to the answer.
     */
    private static boolean endsWithSpace(Row row) {
        String clean = row.json().path("clean").asText();
        return clean.endsWith(" ") && !clean.contains(CustomTask.OPEN);
    }

    private static String part(long some, int all) {
        return some == all ? "all " + all + " prompts" : some + " of " + all + " prompts";
    }
}
