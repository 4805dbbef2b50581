package org.edgeprune.report;

import java.util.List;
import java.util.Locale;

/** Elements of an HTML page. */
final class Html {
    private static final double ROUNDING = 1e-9;

    private Html() {}

    static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }

    /**
     * A table with numbers, and the heads above them, aligned right. Cells are texts or numbers; null is an empty cell.
     *
     * @param id of the element; empty for none
     */
    static String table(String id, List<String> head, List<? extends List<?>> rows) {
        StringBuilder html = new StringBuilder(id.isEmpty() ? "<table>" : "<table id=\"" + id + "\">");
        if (!head.isEmpty()) {
            html.append("<thead><tr>");
            for (int i = 0; i < head.size(); i++) {
                html.append(isNumeric(rows, i) ? "<th class=\"number\">" : "<th>")
                        .append(escape(head.get(i)))
                        .append("</th>");
            }
            html.append("</tr></thead>");
        }
        html.append("<tbody>\n");
        for (List<?> row : rows) {
            html.append("<tr>");
            row.forEach(cell -> html.append(cell(cell)));
            html.append("</tr>\n");
        }
        return html.append("</tbody></table>\n").toString();
    }

    private static boolean isNumeric(List<? extends List<?>> rows, int column) {
        return rows.stream().anyMatch(row -> row.get(column) instanceof Number);
    }

    private static String cell(Object value) {
        return switch (value) {
            case null -> "<td></td>";
            case Number n -> "<td class=\"number\">" + number(n.doubleValue()) + "</td>";
            default -> "<td>" + escape(value.toString()) + "</td>";
        };
    }

    /** Four decimals, or three digits of small numbers; what is smaller than errors of rounding is 0. */
    static String number(double value) {
        if (Math.abs(value) < ROUNDING) {
            return "0";
        }
        return value == Math.rint(value) && Math.abs(value) < 1e15
                ? String.format(Locale.ROOT, "%d", (long) value)
                : String.format(Locale.ROOT, Math.abs(value) >= 1e-3 ? "%.4f" : "%.3g", value);
    }
}
