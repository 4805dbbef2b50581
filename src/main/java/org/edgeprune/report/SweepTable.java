package org.edgeprune.report;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.edgeprune.draw.Curves;
import org.edgeprune.io.AtomicFile;
import org.edgeprune.prune.RunDirectory;

/**
 * Runs with different target sparsities, as a table and a plot.
 *
 * @param rows one for each run
 */
public record SweepTable(List<Row> rows) {
    private static final String SPARSITY = "edge_sparsity";
    private static final String KL = "kl";

    /**
     * One run.
     *
     * @param target the target edge sparsity, 0 to 1
     * @param run the name of its directory
     * @param metrics the numbers of its {@code metrics.json}
     */
    public record Row(double target, String run, Map<String, Double> metrics) {
        /**
         * The row of a run that has ended.
         *
         * @param target the target edge sparsity, 0 to 1
         * @param run the run's directory
         * @return the row
         * @throws org.edgeprune.io.InputException if the run has no {@code metrics.json}
         */
        public static Row of(double target, RunDirectory run) {
            return new Row(target, run.path().getFileName().toString(), FoundCircuit.metrics(run.metricsFile()));
        }
    }

    /** Sorts the rows by their targets. */
    public SweepTable {
        rows = rows.stream().sorted(Comparator.comparingDouble(Row::target)).toList();
    }

    /**
     * The names of all metrics.
     *
     * @return in order of first appearance
     */
    public Set<String> metrics() {
        return FoundCircuit.names(rows.stream().map(Row::metrics).toList());
    }

    private Stream<List<String>> lines(String nothing) {
        List<String> head = new ArrayList<>(List.of("target_edge_sparsity"));
        head.addAll(metrics());
        head.add("run");
        return Stream.concat(Stream.of(head), rows.stream().map(row -> {
            List<String> line = new ArrayList<>(List.of(number(row.target())));
            metrics()
                    .forEach(name -> line.add(
                            row.metrics().containsKey(name)
                                    ? number(row.metrics().get(name))
                                    : nothing));
            line.add(row.run());
            return line;
        }));
    }

    private static String number(double value) {
        return value == Math.rint(value) && Math.abs(value) < 1e15
                ? Long.toString((long) value)
                : String.format(Locale.ROOT, "%.6g", value)
                        .replaceFirst("(\\.\\d*?)0+$", "$1")
                        .replaceFirst("\\.$", "");
    }

    /**
     * The table as comma-separated values.
     *
     * @return a header and one line for each run
     */
    public String toCsv() {
        return lines("")
                .map(line -> line.stream().map(SweepTable::cell).collect(Collectors.joining(",")) + "\n")
                .collect(Collectors.joining());
    }

    /** A spreadsheet must not evaluate a name as a formula; numbers are never formulas. */
    private static String cell(String cell) {
        boolean formula =
                cell.matches("(?s)[=+\\-@\t\r].*") && !cell.matches("-(\\d+(\\.\\d+)?([eE][+-]?\\d+)?|Infinity)");
        return formula ? "\"" + ("'" + cell).replace("\"", "\"\"") + "\"" : quoted(cell);
    }

    private static String quoted(String cell) {
        return cell.matches("[^,\"\n\r]*") ? cell : "\"" + cell.replace("\"", "\"\"") + "\"";
    }

    /**
     * The table in Markdown.
     *
     * @return a header and one line for each run
     */
    public String toMarkdown() {
        List<List<String>> all = lines("-").toList();
        String rule = "|" + "---|".repeat(all.get(0).size()) + "\n";
        List<String> text = all.stream()
                .map(line -> "| "
                        + line.stream().map(c -> c.replace("|", "\\|")).collect(Collectors.joining(" | ")) + " |\n")
                .toList();
        return text.get(0) + rule + String.join("", text.subList(1, text.size()));
    }

    /**
     * Faithfulness against sparsity: KL to the full model, on a logarithmic axis, over the sparsity that was reached.
     *
     * @param title above the plot
     * @return the plot
     */
    public Curves toPlot(String title) {
        List<Row> reached = rows.stream()
                .filter(r -> r.metrics().containsKey(SPARSITY) && r.metrics().containsKey(KL))
                .sorted(Comparator.comparingDouble(r -> r.metrics().get(SPARSITY)))
                .toList();
        return Curves.of(title, "edge sparsity", "KL to the full model")
                .logarithmic()
                .points("circuits", column(reached, SPARSITY), column(reached, KL));
    }

    private static double[] column(List<Row> rows, String name) {
        return rows.stream().mapToDouble(r -> r.metrics().get(name)).toArray();
    }

    /**
     * Writes {@code sweep.csv}, {@code sweep.md} and {@code sweep.svg}.
     *
     * @param folder an existing directory
     * @param title above the plot
     * @return the three files
     * @throws org.edgeprune.io.InputException if a file cannot be written
     */
    public List<Path> write(Path folder, String title) {
        return List.of(
                file(folder.resolve("sweep.csv"), toCsv()),
                file(folder.resolve("sweep.md"), toMarkdown()),
                file(folder.resolve("sweep.svg"), toPlot(title).toSvg(720, 440)));
    }

    private static Path file(Path file, String text) {
        AtomicFile.writeText(file, text);
        return file;
    }
}
