package org.edgeprune.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.edgeprune.attribute.CurveEvaluator;
import org.edgeprune.attribute.EdgeScores;
import org.edgeprune.attribute.FaithfulnessCurve;
import org.edgeprune.attribute.Ranking;
import org.edgeprune.draw.Curves;
import org.edgeprune.eval.Evaluator;
import org.edgeprune.io.AtomicFile;
import org.edgeprune.io.InputException;
import org.edgeprune.task.Example;
import picocli.CommandLine.Option;

/** {@code --curve}, {@code --metric} and {@code --plot}: faithfulness at ten sizes. */
final class CurveOptions {
    private static final int WIDTH = 800;
    private static final int HEIGHT = 480;

    @Option(
            names = "--curve",
            description =
                    "Evaluate scores at the ten sizes of the MIB benchmark, 0.1%% to 100%% of the edges, ranked by absolute and by signed score: faithfulness, CPR, CMD and every metric.")
    private boolean curve;

    @Option(
            names = "--metric",
            paramLabel = "NAME",
            description =
                    "With --curve: what faithfulness compares (default: logit_difference, or the task's own difference).")
    private Optional<String> metric = Optional.empty();

    @Option(names = "--plot", paramLabel = "FILE", description = "With --curve: draw all curves as an SVG.")
    private Optional<Path> plot = Optional.empty();

    /** A curve of one input. */
    record Named(
            String circuit,
            String ranking,
            double cpr,
            double cmd,
            double average,
            double cprLog,
            double cmdLog,
            List<FaithfulnessCurve.Point> points) {
        static Named of(String circuit, FaithfulnessCurve curve) {
            return new Named(
                    circuit,
                    curve.ranking().name().toLowerCase(Locale.ROOT),
                    curve.cpr(),
                    curve.cmd(),
                    curve.average(),
                    curve.cprLog(),
                    curve.cmdLog(),
                    curve.points());
        }

        String label() {
            return circuit + ", " + ranking;
        }
    }

    /** What the curves compare, and the curves. */
    record Measured(String metric, double fullModel, double emptyCircuit, int totalEdges, List<Named> curves) {}

    /** Whether curves are asked for. */
    boolean asked() {
        if (!curve && (metric.isPresent() || plot.isPresent())) {
            throw new InputException((metric.isPresent() ? "--metric" : "--plot") + ": needs --curve");
        }
        plot.filter(file -> !file.toString().endsWith(".svg")).ifPresent(file -> {
            throw new InputException("--plot " + file + ": curves are drawn as SVG: name a file that ends in .svg");
        });
        return curve;
    }

    /** Measures the curves of several scores by name, and draws them where that is asked for. */
    Measured measure(Evaluator evaluator, List<Example> examples, Map<String, EdgeScores> scores) {
        CurveEvaluator curves = new CurveEvaluator(evaluator, examples, metric);
        List<Named> all = new ArrayList<>();
        List<FaithfulnessCurve> measured = new ArrayList<>();
        scores.forEach((name, values) -> {
            for (Ranking ranking : List.of(Ranking.ABSOLUTE, Ranking.SIGNED)) {
                measured.add(curves.curve(values, ranking));
                all.add(Named.of(name, measured.getLast()));
            }
        });
        plot.ifPresent(
                file -> AtomicFile.writeText(file, draw(measured.getFirst().metric(), all)));
        FaithfulnessCurve first = measured.getFirst();
        return new Measured(
                first.metric(),
                first.fullModel(),
                first.emptyCircuit(),
                first.points().getLast().asked(),
                all);
    }

    private static String draw(String metric, List<Named> curves) {
        Curves drawn = Curves.of("Faithfulness (" + metric + ")", "share of the edges", "faithfulness")
                .logarithmicX();
        for (Named curve : curves) {
            double[] sizes = curve.points().stream()
                    .mapToDouble(FaithfulnessCurve.Point::size)
                    .toArray();
            double[] values = curve.points().stream()
                    .mapToDouble(FaithfulnessCurve.Point::faithfulness)
                    .toArray();
            drawn = curve.ranking().equals("absolute")
                    ? drawn.points(curve.label(), sizes, values)
                    : drawn.dashed(curve.label(), sizes, values);
        }
        return drawn.toSvg(WIDTH, HEIGHT);
    }

    /** The areas of all curves, then a table for each. */
    static String text(Map<String, Object> head, Measured measured) {
        Table heading = new Table();
        head.forEach(heading::row);
        heading.row(measured.metric() + " of the full model", measured.fullModel());
        heading.row(measured.metric() + " without edges", measured.emptyCircuit());
        Table areas = new Table().row("", "CPR", "CMD", "average", "CPR log x", "CMD log x");
        StringBuilder tables = new StringBuilder();
        for (Named curve : measured.curves()) {
            areas.row(curve.label(), curve.cpr(), curve.cmd(), curve.average(), curve.cprLog(), curve.cmdLog());
            tables.append('\n').append(curve.label()).append('\n').append(table(curve));
        }
        return heading + "\n" + areas + tables;
    }

    private static Table table(Named curve) {
        List<String> metrics =
                List.copyOf(new LinkedHashMap<>(curve.points().getFirst().metrics()).sequencedKeySet());
        List<Object> heads = new ArrayList<>(List.of("size", "asked", "edges", "nodes", "faithfulness"));
        heads.addAll(metrics);
        Table table = new Table().row(heads.toArray());
        for (FaithfulnessCurve.Point point : curve.points()) {
            List<Object> row = new ArrayList<>(List.of(
                    "%.1f%%".formatted(100 * point.size()),
                    point.asked(),
                    point.edges(),
                    point.nodes(),
                    point.faithfulness()));
            metrics.forEach(name -> row.add(point.metrics().get(name)));
            table.row(row.toArray());
        }
        return table;
    }
}
