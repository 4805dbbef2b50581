package org.edgeprune.task;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.Function;
import org.edgeprune.io.InputException;

/**
 * Draws the lines of a data set so that no clean prompt occurs twice, within a split or across splits. Each split has
 * its own random numbers and the test split is drawn first, so a larger training split does not change the other
 * splits.
 */
final class Drawing {
    /**
     * Makes one line from random numbers, or returns null for a draw that is to be discarded; {@code index} counts the
     * lines made.
     */
    interface Maker {
        ObjectNode make(Random random, int index);
    }

    private final String task;
    private final DataRequest request;
    private final Set<String> seen = new HashSet<>();
    private final Map<Split, List<Row>> rows = new EnumMap<>(Split.class);

    Drawing(String task, DataRequest request) {
        this.task = task;
        this.request = request;
    }

    /** All three splits. */
    static Records draw(String task, DataRequest request, Function<Split, Maker> makers) {
        Drawing drawing = new Drawing(task, request);
        for (Split split : new Split[] {Split.TEST, Split.VALIDATION, Split.TRAIN}) {
            drawing.fill(split, makers.apply(split));
        }
        return new Records(drawing.rows);
    }

    /**
     * The same, with fewer lines where there are not as many different ones as were asked for.
     *
     * @param notes told of such a split
     */
    static Records drawUpTo(String task, DataRequest request, Function<Split, Maker> makers, List<String> notes) {
        Drawing drawing = new Drawing(task, request);
        for (Split split : new Split[] {Split.TEST, Split.VALIDATION, Split.TRAIN}) {
            List<Row> part = drawing.make(split, makers.apply(split));
            if (part.isEmpty()) {
                throw drawing.tooFew(split, 0);
            }
            if (part.size() < request.size(split)) {
                notes.add("found only " + part.size() + " different " + split.key() + " prompts of the "
                        + request.size(split) + " requested");
            }
        }
        return new Records(drawing.rows);
    }

    /** As many different lines as there are test examples in the request, or fewer where there are not as many. */
    static List<Row> drawOne(String task, DataRequest request, Maker maker) {
        return new Drawing(task, request).make(Split.TEST, maker);
    }

    private void fill(Split split, Maker maker) {
        List<Row> part = make(split, maker);
        if (part.size() < request.size(split)) {
            throw tooFew(split, part.size());
        }
    }

    private InputException tooFew(Split split, int found) {
        return new InputException(task + ": found only " + found + " different " + split.key() + " prompts of the "
                + request.size(split) + " requested; request fewer or give longer lists");
    }

    private List<Row> make(Split split, Maker maker) {
        int wanted = request.size(split);
        if (wanted < 1) {
            throw new InputException(split.key() + " size " + wanted + ": ask for at least one example");
        }
        Random random = new Random(31 * (31 * request.seed() + split.ordinal()) + task.hashCode());
        List<Row> part = new ArrayList<>(wanted);
        String source = "generated " + task + " " + split.key();
        // Enough tries to find nearly every prompt of a small set, few enough to give up quickly.
        long tries = 1000 + 50L * wanted;
        while (part.size() < wanted && tries-- > 0) {
            ObjectNode line = maker.make(random, part.size());
            if (line != null && seen.add(line.get("clean").asText())) {
                part.add(new Row(source, part.size() + 1, line));
            }
        }
        rows.put(split, List.copyOf(part));
        return rows.get(split);
    }

    static <T> T pick(Random random, List<T> items) {
        return items.get(random.nextInt(items.size()));
    }

    /** Different items, in random order. */
    static <T> List<T> pick(Random random, List<T> items, int count) {
        List<T> chosen = new ArrayList<>(count);
        while (chosen.size() < count) {
            T item = pick(random, items);
            if (!chosen.contains(item)) {
                chosen.add(item);
            }
        }
        return chosen;
    }
}
