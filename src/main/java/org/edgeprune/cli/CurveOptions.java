package org.edgeprune.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.edgeprune.attribute.CurveEvaluator;
import org.edgeprune.attribute.FaithfulnessCurve;
import org.edgeprune.attribute.Ranking;
import org.edgeprune.attribute.ScoredCircuit;
import org.edgeprune.draw.Curves;
import org.edgeprune.eval.Evaluator;
import org.edgeprune.graph.Circuit;
import org.edgeprune.io.InputException;
import org.edgeprune.task.Example;
import picocli.CommandLine.Option;

/** {@code --curve}, {@code --metric} and {@code --plot}: faithfulness at ten sizes. */
final class CurveOptions {
    private static final int WIDTH = 800;
    private static final int HEIGHT = 480;
    private static final String FOUND = "finished circuits";

    @Option(
            names = "--curve",
            description =
                    "Evaluate scores at the ten sizes of the MIB benchmark, 0.1%% to 100%% of the edges, ranked by absolute and by signed score (--ranking: by one of them): faithfulness, CPR, CMD and every metric. Finished circuits are evaluated at their own sizes.")
    private boolean curve;

    @Option(
            names = "--metric",
            paramLabel = "NAME",
            description =
                    "With --curve: what faithfulness compares (default: logit_difference, or the task's own difference).")
    private Optional<String> metric = Optional.empty();

    @Option(
            names = "--plot",
            paramLabel = "FILE",
            description = "With --curve: draw all curves in one picture, .svg or .png. May be given several times.")
    private List<Path> plots = List.of();

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
        static Named of(String circuit, String ranking, FaithfulnessCurve curve) {
            return new Named(
                    circuit,
                    ranking,
                    curve.cpr(),
                    curve.cmd(),
                    curve.average(),
                    curve.cprLog(),
                    curve.cmdLog(),
                    curve.points());
        }

        String label() {
            return ranking == null ? circuit : circuit + ", " + ranking;
        }
    }

    /** A circuit of one input, at its own size. */
    record Found(String circuit, FaithfulnessCurve.Point point) {}

    /**
     * What the curves compare, and the curves.
     *
     * @param curves of scores, two for each input
     * @param circuits finished ones, from the smallest to the largest
     * @param ofCircuits the curve of these together; null for fewer than two
     */
    record Measured(
            String metric,
            double fullModel,
            double emptyCircuit,
            int totalEdges,
            List<Named> curves,
            List<Found> circuits,
            Named ofCircuits) {
        /** With what was measured on. */
        Map<String, Object> with(Map<String, Object> head) {
            Map<String, Object> all = new LinkedHashMap<>(head);
            all.put("metric", metric);
            all.put("full_model", fullModel);
            all.put("empty_circuit", emptyCircuit);
            all.put("total_edges", totalEdges);
            all.put("curves", curves);
            all.put("circuits", circuits);
            if (ofCircuits != null) {
                all.put("curve_of_circuits", ofCircuits);
            }
            return all;
        }

        private List<Named> all() {
            List<Named> all = new ArrayList<>(curves);
            if (ofCircuits != null) {
                all.add(ofCircuits);
            }
            return all;
        }
    }

    /** Whether curves are asked for. */
    boolean asked() {
        if (!curve && (metric.isPresent() || !plots.isEmpty())) {
            throw new InputException((metric.isPresent() ? "--metric" : "--plot") + ": needs --curve");
        }
        plots.forEach(Curves::requireKnownFormat);
        return curve;
    }

    /**
     * Measures the curves of several inputs by name.
     *
     * @param ranking the only one; empty for both
     */
    Measured measure(
            Evaluator evaluator, List<Example> examples, Map<String, ScoredCircuit> inputs, Optional<Ranking> ranking) {
        try (CurveEvaluator curves = new CurveEvaluator(evaluator, examples, metric)) {
            List<Named> all = new ArrayList<>();
            List<Found> found = new ArrayList<>();
            List<Circuit> circuits = new ArrayList<>();
            inputs.forEach((name, input) -> {
                input.scores().ifPresent(scores -> ranking.map(List::of)
                        .orElse(List.of(Ranking.ABSOLUTE, Ranking.SIGNED))
                        .forEach(by ->
                                all.add(Named.of(name, by.name().toLowerCase(Locale.ROOT), curves.curve(scores, by)))));
                input.circuit().ifPresent(circuit -> {
                    found.add(new Found(name, curves.point(circuit)));
                    circuits.add(circuit);
                });
            });
            found.sort(Comparator.comparingDouble(one -> one.point().size()));
            Named family = found.size() < 2 ? null : Named.of(FOUND, null, curves.curve(circuits));
            return new Measured(
                    curves.metric(),
                    curves.fullModel(),
                    curves.emptyCircuitMetric(),
                    curves.totalEdges(),
                    all,
                    found,
                    family);
        }
    }

    /** Draws the curves where that is asked for. */
    void draw(Measured measured) {
        plots.forEach(file -> drawn(measured).write(file, WIDTH, HEIGHT));
    }

    private static Curves drawn(Measured measured) {
        Curves drawn = Curves.of("Faithfulness (" + measured.metric() + ")", "share of the edges", "faithfulness")
                .logarithmicX();
        for (Named curve : measured.curves()) {
            double[] sizes = curve.points().stream()
                    .mapToDouble(FaithfulnessCurve.Point::size)
                    .toArray();
            double[] values = curve.points().stream()
                    .mapToDouble(FaithfulnessCurve.Point::faithfulness)
                    .toArray();
            drawn = curve.ranking().equals("signed")
                    ? drawn.dashed(curve.label(), sizes, values)
                    : drawn.points(curve.label(), sizes, values);
        }
        if (measured.circuits().isEmpty()) {
            return drawn;
        }
        return drawn.points(
                FOUND,
                measured.circuits().stream()
                        .mapToDouble(found -> found.point().size())
                        .toArray(),
                measured.circuits().stream()
                        .mapToDouble(found -> found.point().faithfulness())
                        .toArray());
    }

    /** The areas of all curves, then a table for each. */
    static String text(Map<String, Object> head, Measured measured) {
        Table heading = new Table();
        head.forEach(heading::row);
        heading.row(measured.metric() + " of the full model", measured.fullModel());
        heading.row(measured.metric() + " without edges", measured.emptyCircuit());
        StringBuilder text = new StringBuilder(heading.toString());
        if (!measured.all().isEmpty()) {
            Table areas = new Table().head("", "CPR", "CMD", "average", "CPR log x", "CMD log x");
            measured.all()
                    .forEach(curve -> areas.row(
                            curve.label(), curve.cpr(), curve.cmd(), curve.average(), curve.cprLog(), curve.cmdLog()));
            text.append('\n').append(areas);
        }
        List<String> metrics = MainMetrics.of(points(measured).findFirst().orElseThrow().metrics().keySet().stream());
        if (!measured.circuits().isEmpty()) {
            Table own = table(List.of("circuit"), metrics);
            measured.circuits().forEach(found -> own.row(row(List.of(found.circuit()), found.point(), metrics)));
            text.append('\n').append(own);
        }
        for (Named curve : measured.all()) {
            Table sizes = table(List.of(), metrics);
            curve.points().forEach(point -> sizes.row(row(List.of(), point, metrics)));
            text.append('\n').append(curve.label()).append('\n').append(sizes);
        }
        return text.toString();
    }

    private static Stream<FaithfulnessCurve.Point> points(Measured measured) {
        return Stream.concat(
                measured.circuits().stream().map(Found::point),
                measured.curves().stream().flatMap(curve -> curve.points().stream()));
    }

    private static Table table(List<String> first, List<String> metrics) {
        List<String> heads = new ArrayList<>(first);
        heads.addAll(List.of("size", "asked", "edges", "nodes", "faithfulness"));
        heads.addAll(metrics);
        return new Table().head(heads.toArray(String[]::new));
    }

    private static Object[] row(List<String> first, FaithfulnessCurve.Point point, List<String> metrics) {
        List<Object> row = new ArrayList<>(first);
        row.addAll(List.of(
                "%.1f%%".formatted(100 * point.size()),
                point.asked(),
                point.edges(),
                point.nodes(),
                point.faithfulness()));
        metrics.forEach(name -> row.add(point.metrics().get(name)));
        return row.toArray();
    }
}
