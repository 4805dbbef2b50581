package org.edgeprune.task;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.edgeprune.io.InputException;

/** Makes an example of each line of a data set. Where lines cannot be used, all are counted and the first is named. */
final class LineByLine {
    private final Function<Row, Example> example;
    private final Map<Row, InputException> unusable = new LinkedHashMap<>();

    private LineByLine(Function<Row, Example> example) {
        this.example = example;
    }

    /**
     * The examples of all splits.
     *
     * @param records the lines
     * @param example makes an example of a line
     * @return the examples, in the order of the lines
     * @throws InputException about the first unusable line of its file, saying how many there are if there are several
     */
    static Dataset examples(Records records, Function<Row, Example> example) {
        LineByLine lines = new LineByLine(example);
        Map<Split, List<Example>> parts = new EnumMap<>(Split.class);
        for (Split split : Split.values()) {
            parts.put(split, lines.part(records.part(split)));
        }
        if (!lines.unusable.isEmpty()) {
            throw lines.refusal(records);
        }
        return new Dataset(parts.get(Split.TRAIN), parts.get(Split.VALIDATION), parts.get(Split.TEST));
    }

    private List<Example> part(List<Row> rows) {
        List<Example> examples = new ArrayList<>(rows.size());
        for (Row row : rows) {
            try {
                examples.add(example.apply(row));
            } catch (InputException e) {
                if (!row.isNamedBy(e)) {
                    throw e; // what is wrong with the model or the task is wrong for every line
                }
                unusable.put(row, e);
            }
        }
        return examples;
    }

    /** Splits are in the order that they were drawn in, so the first line of the file may be in any of them. */
    private InputException refusal(Records records) {
        String file = unusable.keySet().iterator().next().source();
        Row first = unusable.keySet().stream()
                .filter(row -> row.source().equals(file))
                .min(Comparator.comparingInt(Row::line))
                .orElseThrow();
        InputException cause = unusable.get(first);
        long all = records.rows().values().stream()
                .flatMap(List::stream)
                .distinct()
                .count();
        return unusable.size() == 1
                ? cause
                : new InputException(
                        cause.getMessage()
                                + " (the first of %,d unusable lines of %,d)".formatted(unusable.size(), all),
                        cause);
    }
}
