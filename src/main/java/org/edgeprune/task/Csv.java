package org.edgeprune.task;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import org.edgeprune.io.InputException;
import org.edgeprune.io.Json;

/**
 * Comma-separated values according to RFC 4180: the first record has the keys; a quoted value may contain commas, line
 * breaks and doubled quotes; spaces belong to the value.
 */
final class Csv {
    private final String source;
    private final String text;
    private int at;
    private int line = 1;

    private Csv(String source, String text) {
        this.source = source;
        this.text = text;
    }

    /** The records after the header, each with the line on which it begins. Empty lines are skipped. */
    static List<Row> rows(String source, String text) {
        Csv csv = new Csv(source, text);
        List<Row> rows = new ArrayList<>();
        List<String> keys = List.of();
        while (csv.at < text.length()) {
            int begin = csv.line;
            List<String> values = csv.values();
            if (values.equals(List.of(""))) {
                continue;
            }
            if (keys.isEmpty()) {
                keys = values;
                csv.requireKeys(keys, begin);
            } else {
                rows.add(new Row(source, begin, csv.object(keys, values, begin)));
            }
        }
        return rows;
    }

    private void requireKeys(List<String> keys, int begin) {
        if (new HashSet<>(keys).size() < keys.size() || keys.contains("")) {
            throw wrong(begin, "the header " + keys + " has a key twice or an empty one; name each column once");
        }
    }

    private ObjectNode object(List<String> keys, List<String> values, int begin) {
        if (values.size() != keys.size()) {
            throw wrong(
                    begin,
                    values.size() + " values for the " + keys.size() + " keys of the header " + keys
                            + "; put values with commas in quotes");
        }
        ObjectNode object = Json.object();
        for (int i = 0; i < keys.size(); i++) {
            object.put(keys.get(i), values.get(i));
        }
        return object;
    }

    private List<String> values() {
        List<String> values = new ArrayList<>();
        do {
            values.add(at < text.length() && text.charAt(at) == '"' ? quoted() : plain());
        } while (take(','));
        boolean carriageReturn = take('\r');
        if (take('\n') || carriageReturn) {
            line++;
        }
        return values;
    }

    private String plain() {
        int begin = at;
        while (at < text.length() && ",\r\n".indexOf(text.charAt(at)) < 0) {
            at++;
        }
        return text.substring(begin, at);
    }

    private String quoted() {
        int begin = line;
        StringBuilder value = new StringBuilder();
        at++;
        while (true) {
            if (at == text.length()) {
                throw wrong(begin, "a quoted value has no end; close it with a quote, and double quotes inside");
            }
            char c = text.charAt(at++);
            if (c == '"' && !take('"')) {
                break;
            }
            if (c == '\n' || (c == '\r' && (at == text.length() || text.charAt(at) != '\n'))) {
                line++;
            }
            value.append(c);
        }
        if (at < text.length() && ",\r\n".indexOf(text.charAt(at)) < 0) {
            throw wrong(line, "text after the quote that ends a value; double quotes inside it");
        }
        return value.toString();
    }

    private boolean take(char c) {
        boolean there = at < text.length() && text.charAt(at) == c;
        at += there ? 1 : 0;
        return there;
    }

    private InputException wrong(int where, String what) {
        return new InputException(source + ":" + where + ": " + what);
    }
}
