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
    private static final String EDGES = "num_edges";
    private static final String KL = "kl";
    private static final List<String> SHARES = List.of("accuracy", "exact_match");

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
     * Faithfulness against size: KL to the full model, on a logarithmic axis, over the edges that were kept; over the
     * edge sparsity for runs of versions that did not note that number.
     *
     * @param title above the plot
     * @return the plot
     */
    public Curves toPlot(String title) {
        List<Row> reached = reached();
        Curves plot =
                Curves.of(title, sizeLabel(), "KL to the full model, nats").logarithmic();
        return (size().equals(EDGES) ? plot.logarithmicX() : plot)
                .points("circuits", column(reached, size()), column(reached, KL));
    }

    /**
     * The metrics that are shares, such as accuracy, against size; the full model's are dashed.
     *
     * @param title above the plot
     * @return the plot
     */
    public Curves toSharesPlot(String title) {
        List<Row> reached = reached();
        Curves plot = Curves.of(title, sizeLabel(), "share of held-out prompts");
        plot = size().equals(EDGES) ? plot.logarithmicX() : plot;
        for (String name : SHARES) {
            String full = "full_model_" + name;
            if (!reached.isEmpty()
                    && reached.stream().allMatch(row -> row.metrics().containsKey(name))) {
                plot = plot.points(name, column(reached, size()), column(reached, name));
            }
            if (name.equals("accuracy")
                    && !reached.isEmpty()
                    && reached.stream().allMatch(row -> row.metrics().containsKey(full))) {
                plot = plot.dashed(name + ", full model", column(reached, size()), column(reached, full));
            }
        }
        return plot;
    }

    private List<Row> reached() {
        return rows.stream()
                .filter(r -> r.metrics().containsKey(size()) && r.metrics().containsKey(KL))
                .sorted(Comparator.comparingDouble(r -> r.metrics().get(size())))
                .toList();
    }

    private String size() {
        return rows.stream().allMatch(row -> row.metrics().containsKey(EDGES)) ? EDGES : SPARSITY;
    }

    private String sizeLabel() {
        return size().equals(EDGES) ? "edges kept" : "edge sparsity";
    }

    private static double[] column(List<Row> rows, String name) {
        return rows.stream().mapToDouble(r -> r.metrics().get(name)).toArray();
    }

    /**
     * Writes {@code sweep.csv}, {@code sweep.md}, {@code sweep.svg} and {@code sweep-accuracy.svg}.
     *
     * @param folder an existing directory
     * @param title above the plots
     * @return the four files
     * @throws org.edgeprune.io.InputException if a file cannot be written
     */
    public List<Path> write(Path folder, String title) {
        return List.of(
                file(folder.resolve("sweep.csv"), toCsv()),
                file(folder.resolve("sweep.md"), toMarkdown()),
                file(folder.resolve("sweep.svg"), toPlot(title).toSvg(720, 440)),
                file(folder.resolve("sweep-accuracy.svg"), toSharesPlot(title).toSvg(720, 440)));
    }

    private static Path file(Path file, String text) {
        AtomicFile.writeText(file, text);
        return file;
    }
}
