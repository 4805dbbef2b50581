package org.edgeprune.task;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.edgeprune.io.AtomicDirectory;
import org.edgeprune.io.AtomicFile;
import org.edgeprune.io.Folders;
import org.edgeprune.io.InputException;
import org.edgeprune.io.Json;
import org.edgeprune.io.TextReader;

/**
 * A data set before it is tokenised: JSON lines by split. On disk it is a folder of {@code train.jsonl},
 * {@code validation.jsonl} and {@code test.jsonl}, or one file whose lines may name their split.
 *
 * <p>A file holds JSON objects: one a line as it is written here, or spread over lines, or in one list. A file whose
 * name ends in {@code .csv} holds a header of keys and a record a line, whose values are all texts.
 */
public record Records(Map<Split, List<Row>> rows) {
    private static final String FORM = "write one {...} object a line";

    public Records {
        rows = Map.copyOf(rows);
    }

    /** The lines of one split. */
    public List<Row> part(Split split) {
        return rows.get(split);
    }

    /**
     * Reads a folder of three files, or one file. In one file, lines with a {@code "split"} key go where it says, and
     * without any such key the whole file serves as all three parts. Where test lines are missing the validation lines
     * serve, and the other way round.
     *
     * @throws InputException naming file and line
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
                        + "\"; add some, or leave the key out everywhere to use the whole file for every part");
            }
        });
        return new Records(rows);
    }

    /** Writes the three files, each atomically, into a folder, which is made if it is not there. */
    public void write(Path folder) {
        try {
            Folders.make(folder);
        } catch (IOException e) {
            throw new InputException(folder + ": cannot be made: " + e.getMessage() + "; choose another --out", e);
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
     * Writes a folder of the three files, or nothing.
     *
     * @throws InputException if there is a folder of this name with visible files in it
     */
    public void writeNew(Path folder) {
        AtomicDirectory.write(folder, this::write);
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
            throw new InputException(file + ": no lines; it should hold one JSON object a line");
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
