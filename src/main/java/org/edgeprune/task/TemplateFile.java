package org.edgeprune.task;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.StreamSupport;
import org.edgeprune.io.InputException;
import org.edgeprune.io.Json;
import org.edgeprune.io.TextReader;

/**
 * Templates with slots and the words for them, in one JSON file:
 *
 * <pre>{@code
 * {
 *   "lists": {"COUNTRY,CAPITAL": [["France", "Paris"], ["Japan", "Tokyo"]]},
 *   "corrupt": ["COUNTRY"],
 *   "templates": [{"clean": "The capital of {COUNTRY} is", "answer": " {CAPITAL}"}]
 * }
 * }</pre>
 *
 * <p>A list has one column, or several whose values belong together. A slot is a column's name, with a number where a
 * template needs several rows of a list ({@code {NAME1}}, {@code {NAME2}}): different numbers are different rows. The
 * corrupted prompt is the same template after rows of the slots in {@code corrupt} were drawn again, or the template's
 * own {@code corrupted} text. The distractor is the answer of the corrupted prompt, or the template's own
 * {@code distractor}; draws in which it equals the answer are discarded.
 */
final class TemplateFile {
    private static final Pattern SLOT = Pattern.compile("\\{([A-Z]+)([0-9]*)}");
    private static final String FORM = "see \"Templates with slots\" on the page of tasks";

    private final String source;
    private final Map<String, Words> listOfColumn = new HashMap<>();
    private final Set<Drawn> corrupt = new HashSet<>();
    private final List<Form> forms = new ArrayList<>();

    /** A list: rows with a value for each column. */
    private record Words(List<String> columns, List<List<String>> rows) {}

    /** A row of a list that a template uses, by the list and the number in its slots. */
    private record Drawn(Words list, String number) {}

    /** A template; corrupted and distractor are empty where they follow from the others. */
    private record Form(String clean, String answer, String corrupted, String distractor) {}

    private TemplateFile(String source, JsonNode root) {
        this.source = source;
        for (Map.Entry<String, JsonNode> list : part(root, "lists").properties()) {
            Words words = words(list.getKey(), list.getValue());
            for (String column : words.columns()) {
                if (!column.matches("[A-Z]+") || listOfColumn.put(column, words) != null) {
                    throw wrong("lists", "\"" + column + "\" must be a name of its own in capital letters");
                }
            }
        }
        part(root, "templates").forEach(form -> forms.add(form(form)));
        if (forms.isEmpty()) {
            throw wrong("templates", "there are none");
        }
        for (JsonNode slot : root.path("corrupt")) {
            corrupt.add(drawn("corrupt", "{" + slot.asText() + "}"));
        }
        for (Form form : forms) {
            if (corrupt.isEmpty() && form.corrupted().isEmpty()) {
                throw wrong(
                        "corrupt",
                        "is needed for templates without \"corrupted\": name the slots that are drawn again");
            }
        }
    }

    /** A file of the user's. */
    static TemplateFile read(Path file) {
        return parse(file.toString(), text(file));
    }

    /** All of a file of the user's. */
    static String text(Path file) {
        return TextReader.CONFIGURATION.read(file, "name a file of templates");
    }

    /** A file of {@code data/seeds/templates}. */
    static TemplateFile bundled(String name) {
        return parse(
                name + ".json",
                TextReader.resource(TemplateFile.class, "/org/edgeprune/seeds/templates/" + name + ".json"));
    }

    static TemplateFile parse(String source, String text) {
        return new TemplateFile(source, Json.parse(source, text, FORM));
    }

    private InputException wrong(String key, String what) {
        return new InputException(source + ": \"" + key + "\": " + what + "; " + FORM);
    }

    private JsonNode part(JsonNode root, String key) {
        JsonNode value = root.path(key);
        if (!value.isContainerNode()) {
            throw wrong(key, "is missing");
        }
        return value;
    }

    private Words words(String names, JsonNode rows) {
        List<String> columns = List.of(names.split(","));
        List<List<String>> all = new ArrayList<>();
        for (JsonNode row : rows) {
            List<String> values = row.isArray()
                    ? StreamSupport.stream(row.spliterator(), false)
                            .map(JsonNode::asText)
                            .toList()
                    : List.of(row.asText());
            if (values.size() != columns.size()) {
                throw wrong(names, "a row has " + values.size() + " values for " + columns.size() + " columns: " + row);
            }
            all.add(values);
        }
        if (all.size() != Set.copyOf(all).size() || all.isEmpty()) {
            throw wrong(names, all.isEmpty() ? "there are no words" : "a row occurs twice");
        }
        return new Words(columns, List.copyOf(all));
    }

    private Form form(JsonNode node) {
        Form form =
                new Form(text(node, "clean"), text(node, "answer"), text(node, "corrupted"), text(node, "distractor"));
        if (form.clean().isBlank() || form.answer().isBlank()) {
            throw wrong("templates", "each needs \"clean\" and \"answer\": " + node);
        }
        for (String text : List.of(form.clean(), form.answer(), form.corrupted(), form.distractor())) {
            SLOT.matcher(text).results().forEach(slot -> drawn("templates", slot.group()));
            if (SLOT.matcher(text).replaceAll("").matches("(?s).*[{}].*")) {
                throw wrong("templates", "a brace that does not belong to a slot: " + text);
            }
        }
        return form;
    }

    private static String text(JsonNode node, String key) {
        return node.path(key).asText("");
    }

    /** The row that a slot is of. */
    private Drawn drawn(String key, String slot) {
        Matcher matcher = SLOT.matcher(slot);
        Words list = matcher.matches() ? listOfColumn.get(matcher.group(1)) : null;
        if (list == null) {
            throw wrong(key, "slot " + slot + " is of no list; there are " + listOfColumn.keySet());
        }
        return new Drawn(list, matcher.group(2));
    }

    /**
     * The lines of a split's templates, as {@link CustomTask} reads them; null for a draw without a right distractor.
     */
    Drawing.Maker maker(Split split) {
        List<Form> own = Split.deal(forms).get(split);
        return (random, index) -> {
            Form form = Drawing.pick(random, own);
            Map<Drawn, List<String>> rows = draw(random, form);
            Map<Drawn, List<String>> others = redraw(random, rows);
            String answer = fill(form.answer(), rows);
            String corrupted = form.corrupted().isEmpty() ? form.clean() : form.corrupted();
            String distractor = fill(
                    form.distractor().isEmpty() ? form.answer() : form.distractor(),
                    form.distractor().isEmpty() ? others : rows);
            if (distractor.equals(answer)) {
                return null;
            }
            return Json.object()
                    .put("clean", fill(form.clean(), rows) + CustomTask.OPEN + answer + CustomTask.CLOSE)
                    .put("corrupted", fill(corrupted, others))
                    .put("distractor", distractor);
        };
    }

    private Map<Drawn, List<String>> draw(Random random, Form form) {
        Map<Drawn, List<String>> rows = new LinkedHashMap<>();
        String all = form.clean() + form.answer() + form.corrupted() + form.distractor();
        SLOT.matcher(all)
                .results()
                .map(slot -> drawn("templates", slot.group()))
                .forEach(drawn -> {
                    if (!rows.containsKey(drawn)) {
                        rows.put(drawn, other(random, drawn, rows));
                    }
                });
        return rows;
    }

    private Map<Drawn, List<String>> redraw(Random random, Map<Drawn, List<String>> rows) {
        Map<Drawn, List<String>> others = new LinkedHashMap<>(rows);
        rows.keySet().stream()
                .filter(corrupt::contains)
                .forEach(drawn -> others.put(drawn, other(random, drawn, others)));
        return others;
    }

    /** A row that no slot has yet. */
    private List<String> other(Random random, Drawn drawn, Map<Drawn, List<String>> rows) {
        List<List<String>> free = drawn.list().rows().stream()
                .filter(row -> rows.entrySet().stream()
                        .noneMatch(e -> e.getKey().list().equals(drawn.list())
                                && e.getValue().equals(row)))
                .toList();
        if (free.isEmpty()) {
            throw wrong(String.join(",", drawn.list().columns()), "too few rows for a template and its corruption");
        }
        return Drawing.pick(random, free);
    }

    private String fill(String text, Map<Drawn, List<String>> rows) {
        return SLOT.matcher(text).replaceAll(slot -> {
            Drawn drawn = drawn("templates", slot.group());
            int column = drawn.list().columns().indexOf(slot.group(1));
            return Matcher.quoteReplacement(rows.get(drawn).get(column));
        });
    }
}
