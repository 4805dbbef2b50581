package org.edgeprune.cli;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Rows of text in aligned columns. Numbers and their headings are right-aligned, other cells left-aligned. */
final class Table {
    private final List<List<Object>> rows = new ArrayList<>();

    /** A cell above others, which is aligned as they are. */
    private record Heading(String text) {}

    /** A row of headings: right-aligned in columns that have numbers. */
    Table head(String... headings) {
        rows.add(Stream.of(headings).<Object>map(Heading::new).toList());
        return this;
    }

    Table row(Object... cells) {
        rows.add(List.of(cells));
        return this;
    }

    /** A row for each value; for one that is a map, a row for each of its values, under both names. */
    Table rows(Map<String, ?> values) {
        rows("", values);
        return this;
    }

    private void rows(String prefix, Map<?, ?> values) {
        values.forEach((name, value) -> {
            if (value instanceof Map<?, ?> inner) {
                rows(prefix + name + ".", inner);
            } else {
                row(prefix + name, value);
            }
        });
    }

    @Override
    public String toString() {
        List<Integer> widths = new ArrayList<>();
        BitSet numeric = new BitSet();
        for (List<Object> row : rows) {
            for (int i = 0; i < row.size(); i++) {
                if (row.get(i) instanceof Number) {
                    numeric.set(i);
                }
                int width = text(row.get(i)).length();
                if (i == widths.size()) {
                    widths.add(width);
                } else {
                    widths.set(i, Math.max(widths.get(i), width));
                }
            }
        }
        StringBuilder table = new StringBuilder();
        for (List<Object> row : rows) {
            StringBuilder line = new StringBuilder();
            for (int i = 0; i < row.size(); i++) {
                String cell = text(row.get(i));
                String pad = " ".repeat(widths.get(i) - cell.length());
                boolean right = row.get(i) instanceof Number || (row.get(i) instanceof Heading && numeric.get(i));
                line.append(i == 0 ? "" : "  ").append(right ? pad + cell : cell + pad);
            }
            table.append(line.toString().stripTrailing()).append('\n');
        }
        return table.toString();
    }

    private static String text(Object cell) {
        return switch (cell) {
            case Integer n -> String.format("%,d", n);
            case Long n -> String.format("%,d", n);
            case Double n -> String.format("%.4f", n).replaceFirst("^-(0\\.0000)$", "$1");
            case Heading heading -> heading.text();
            default -> cell.toString();
        };
    }
}
