package org.edgeprune.task;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.edgeprune.io.AtomicDirectory;
import org.edgeprune.io.AtomicFile;
import org.edgeprune.io.Folders;
import org.edgeprune.io.InputException;
import org.edgeprune.io.Json;
import org.edgeprune.io.TextReader;

/**
 * A data set before it is tokenised: JSON objects by split. On disk it is a folder of {@code train.jsonl},
 * {@code validation.jsonl} and {@code test.jsonl}, or one file whose objects may name their split.
 *
 * <p>A file has JSON objects, either one on each line, as {@link #write} writes them, or spread over lines, or in one
 * array. A file whose name ends in {@code .csv} has a header with the keys and one record on each line, whose values
 * are texts. Files may be compressed with gzip ({@code .gz}).
 *
 * @param rows the objects of each split, in order
 * @param note how a file without splits was divided; empty for other data
 */
public record Records(Map<Split, List<Row>> rows, Optional<String> note) {
    private static final String FORM = "write one {...} object on each line";

    /** Fewer lines than this are not divided. */
    private static final int FEWEST_TO_DIVIDE = 10;

    /** Copies the map. */
    public Records {
        rows = Map.copyOf(rows);
    }

    /**
     * Data that come in splits.
     *
     * @param rows the objects of each split, in order
     */
    public Records(Map<Split, List<Row>> rows) {
        this(rows, Optional.empty());
    }

    /**
     * Reads data to train on. One file whose objects name no split is divided: a fifth of its lines, drawn at random
     * but always the same, are for testing and a tenth for validation. Files of fewer than ten lines are used as a
     * whole for every split. All else is as {@link #read}.
     *
     * @param path the folder or file
     * @return the data set; its note says how a file was divided
     * @throws InputException naming file and line, if an object is malformed or a split is empty
     */
    public static Records divided(Path path) {
        Records whole = read(path);
        List<Row> all = whole.part(Split.TRAIN);
        if (Files.isDirectory(path) || all.stream().anyMatch(row -> row.json().has("split"))) {
            return whole;
        }
        if (all.size() < FEWEST_TO_DIVIDE) {
            return new Records(
                    whole.rows(),
                    Optional.of(path + ": has " + all.size() + " lines, too few to divide: all are used for training,"
                            + " validation and test, so nothing is held out"));
        }
        List<Integer> order =
                new ArrayList<>(IntStream.range(0, all.size()).boxed().toList());
        Collections.shuffle(order, new Random(all.size()));
        int test = all.size() / 5;
        int validation = all.size() / 10;
        Map<Split, List<Row>> rows = new EnumMap<>(Split.class);
        rows.put(Split.TEST, chosen(all, order.subList(0, test)));
        rows.put(Split.VALIDATION, chosen(all, order.subList(test, test + validation)));
        rows.put(Split.TRAIN, chosen(all, order.subList(test + validation, order.size())));
        return new Records(
                rows,
                Optional.of(path + ": divided at random into "
                        + rows.get(Split.TRAIN).size() + " lines for training, "
                        + validation + " for validation and " + test
                        + " for test; a key \"split\" in every line decides otherwise"));
    }

    /** In the order of the file. */
    private static List<Row> chosen(List<Row> all, List<Integer> numbers) {
        return numbers.stream().sorted().map(all::get).toList();
    }

    /**
     * The objects of a split.
     *
     * @param split the split
     * @return in the order of the file
     */
    public List<Row> part(Split split) {
        return rows.get(split);
    }

    /**
     * Reads a folder of three files, or one file. In a single file, objects with a {@code "split"} key belong to that
     * split; if no object has the key, the whole file is used for all three splits. If the test split is missing, the
     * validation split is used for it, and the other way round.
     *
     * @param path the folder or file
     * @return the data set
     * @throws InputException naming file and line, if an object is malformed or a split is empty
     */
    public static Records read(Path path) {
        Map<Split, List<Row>> rows = new EnumMap<>(Split.class);
        if (Files.isDirectory(path)) {
            for (Split split : Split.values()) {
                rows.put(split, lines(path.resolve(split.key() + ".jsonl")));
            }
            return new Records(rows);
        }
        List<Row> all = lines(path);
        if (all.stream().noneMatch(row -> row.json().has("split"))) {
            for (Split split : Split.values()) {
                rows.put(split, all);
            }
            return new Records(rows);
        }
        for (Split split : Split.values()) {
            rows.put(split, new ArrayList<>());
        }
        all.forEach(row -> rows.get(split(row)).add(row));
        if (rows.get(Split.TEST).isEmpty()) {
            rows.put(Split.TEST, rows.get(Split.VALIDATION));
        } else if (rows.get(Split.VALIDATION).isEmpty()) {
            rows.put(Split.VALIDATION, rows.get(Split.TEST));
        }
        rows.forEach((split, part) -> {
            if (part.isEmpty()) {
                throw new InputException(path + ": no line has \"split\": \"" + split.key()
                        + "\"; add some, or remove the key everywhere to use the whole file for every split");
            }
        });
        return new Records(rows);
    }

    /**
     * Writes the three files, each atomically, and replaces existing ones.
     *
     * @param folder created if it does not exist
     * @throws InputException if a file cannot be written
     */
    public void write(Path folder) {
        try {
            Folders.make(folder);
        } catch (IOException e) {
            throw new InputException(folder + ": cannot be created: " + e.getMessage() + "; choose another --out", e);
        }
        for (Split split : Split.values()) {
            StringBuilder text = new StringBuilder();
            for (Row row : part(split)) {
                text.append(row.json()).append('\n');
            }
            AtomicFile.writeText(folder.resolve(split.key() + ".jsonl"), text.toString());
        }
    }

    /**
     * Writes a new folder with the three files, or nothing.
     *
     * @param folder created; it must not exist or be empty
     * @throws InputException if the folder has visible files in it, or cannot be written
     */
    public void writeNew(Path folder) {
        AtomicDirectory.write(folder, this::write);
    }

    /**
     * Writes a new folder, or finds the same objects in it.
     *
     * @param folder created with the three files unless it exists
     * @throws InputException if it exists and has other objects, or cannot be written or read
     */
    public void provide(Path folder) {
        if (!Files.isDirectory(folder)) {
            writeNew(folder);
        } else if (!texts().equals(read(folder).texts())) {
            throw new InputException(folder + ": holds other prompts than this task, seed, number of prompts and"
                    + " tokenizer give: choose another --out, or remove it");
        }
    }

    private List<List<String>> texts() {
        return Stream.of(Split.values())
                .map(split ->
                        part(split).stream().map(row -> row.json().toString()).toList())
                .toList();
    }

    private static Split split(Row row) {
        String name = row.text("split");
        for (Split split : Split.values()) {
            if (split.key().equals(name)) {
                return split;
            }
        }
        throw row.wrong("\"split\" is \"" + name + "\", not train, validation or test");
    }

    private static List<Row> lines(Path file) {
        String text = TextReader.LARGE.read(file, "generate it with \"edgeprune data\", or name another --data");
        List<Row> rows = isCsv(file) ? Csv.rows(file.toString(), text) : json(file.toString(), text);
        if (rows.isEmpty()) {
            throw new InputException(file + ": no lines; the file should have one JSON object on each line");
        }
        return rows;
    }

    private static boolean isCsv(Path file) {
        return file.getFileName().toString().matches("(?i).*\\.csv(\\.gz)?");
    }

    private static List<Row> json(String source, String text) {
        List<Row> rows = new ArrayList<>();
        for (Json.Value value : Json.parseAll(source, text, FORM)) {
            if (!(value.json() instanceof ObjectNode object)) {
                throw new InputException(source + ":" + value.line() + ": not a JSON object: " + FORM);
            }
            rows.add(new Row(source, value.line(), object));
        }
        return rows;
    }
}
