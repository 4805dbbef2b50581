package org.example;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.edgeprune.task.Answer;
import org.edgeprune.task.DataRequest;
import org.edgeprune.task.Example;
import org.edgeprune.task.Generated;
import org.edgeprune.task.PromptTokenizer;
import org.edgeprune.task.Records;
import org.edgeprune.task.Row;
import org.edgeprune.task.Scorer;
import org.edgeprune.task.Split;
import org.edgeprune.task.Task;
import org.edgeprune.task.TokenScorer;

/**
 * A task: after " Anna Carl Anna" the model should say " Carl". The corrupted prompt, " Anna David Anna", has another
 * second name, so that a circuit for this task is one that carries the second name to the end.
 */
public final class RepeatTask implements Task {
    private static final List<String> NAMES = List.of(
            "Alice", "Amy", "Anna", "Carl", "Daniel", "David", "Emily", "Emma", "Eric", "Frank", "George", "Jack");

    @Override
    public String name() {
        return "repeat";
    }

    @Override
    public String summary() {
        return "a name that followed another follows it again";
    }

    /** Lines of {@code {"first": ..., "second": ..., "other": ...}}; the same request gives the same lines. */
    @Override
    public Generated generate(DataRequest request) {
        SplittableRandom random = new SplittableRandom(request.seed());
        Map<Split, List<Row>> rows = new EnumMap<>(Split.class);
        for (Split split : Split.values()) {
            List<Row> part = new ArrayList<>();
            for (int i = 1; i <= request.size(split); i++) {
                List<String> names = new ArrayList<>(NAMES);
                ObjectNode line = JsonNodeFactory.instance.objectNode();
                for (String key : List.of("first", "second", "other")) {
                    line.put(key, names.remove(random.nextInt(names.size())));
                }
                part.add(new Row("generated " + split.key(), i, line));
            }
            rows.put(split, part);
        }
        return new Generated(new Records(rows), List.of());
    }

    @Override
    public Example example(Row row, PromptTokenizer tokenizer) {
        String first = " " + row.text("first");
        int right = token(row, "second", first, tokenizer);
        int wrong = token(row, "other", first, tokenizer);
        int[] clean = tokenizer.encode(first + " " + row.text("second") + first);
        int[] corrupted = tokenizer.encode(first + " " + row.text("other") + first);
        if (clean.length != corrupted.length) {
            throw row.wrong("the prompts differ in their number of tokens; choose other names");
        }
        // The last position alone is scored.
        return new Example(
                clean, corrupted, clean.length - 1, clean.length, new Answer.Tokens(new int[] {right}, new int[] {wrong
                }));
    }

    private static int token(Row row, String key, String before, PromptTokenizer tokenizer) {
        return tokenizer
                .single(before, " " + row.text(key))
                .orElseThrow(() -> row.wrong("\"" + key + "\" is not one token of this model; choose another name"));
    }

    @Override
    public Scorer scorer(PromptTokenizer tokenizer) {
        return new TokenScorer();
    }
}
