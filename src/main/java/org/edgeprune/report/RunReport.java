package org.edgeprune.report;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.edgeprune.attribute.CircuitInput;
import org.edgeprune.attribute.PositionChoice;
import org.edgeprune.attribute.Ranking;
import org.edgeprune.attribute.ScoredCircuit;
import org.edgeprune.draw.CircuitDrawing;
import org.edgeprune.draw.Curves;
import org.edgeprune.draw.DrawOptions;
import org.edgeprune.draw.DrawnEdge;
import org.edgeprune.graph.Circuit;
import org.edgeprune.graph.PositionCircuit;
import org.edgeprune.io.AtomicFile;
import org.edgeprune.io.InputException;
import org.edgeprune.io.Json;
import org.edgeprune.io.TextReader;
import org.edgeprune.prune.RunDirectory;
import org.edgeprune.prune.RunRecord;

/**
 * The page of a run: configuration, curves, metrics, the circuit and every test example, in one self-contained HTML
 * file. It is made from the run's files alone.
 */
public final class RunReport {
    private static final Pattern PLACE = Pattern.compile("\\{\\{(\\w+)}}");
    private static final String FULL_MODEL = "full_model_";
    /** Edges of the drawing: with more, the page would have tens of megabytes. */
    private static final int MOST_DRAWN = 100_000;

    private static final int WIDTH = 560;
    private static final int HEIGHT = 320;

    private final RunDirectory run;
    private final RunRecord record;
    private final RunHistory history;
    private final Optional<Path> curve;

    private static final String NO_EXAMPLE =
            "<p><code>edgeprune report RUN --example 1</code> shows the attention patterns"
                    + " of the circuit's heads and the logit attribution of its nodes here, on the test example of that number.</p>\n";

    private RunReport(RunDirectory run, Optional<Path> curve) {
        this.run = run;
        this.curve = curve;
        this.record = run.readRecord();
        this.history = RunHistory.read(run.stepsFile());
    }

    /**
     * The page of a run.
     *
     * @param run the run's directory
     * @return an HTML page
     * @throws InputException if the directory is not a run's, or the run has not ended
     */
    public static String of(RunDirectory run) {
        return of(run, Optional.empty());
    }

    /**
     * The page of a run, with what the model does on an example.
     *
     * @param run the run's directory
     * @param example the example's section; empty for none
     * @return an HTML page
     * @throws InputException as {@link #of(RunDirectory)}
     */
    public static String of(RunDirectory run, Optional<ExampleSection> example) {
        return of(run, example, Optional.empty());
    }

    /**
     * The page of a run, with what the model does on an example and with faithfulness at ten sizes.
     *
     * @param run the run's directory
     * @param example the example's section; empty for none
     * @param curve a file with what {@code eval --curve --json} printed, of the run and of what it is compared with;
     *     empty for none
     * @return an HTML page
     * @throws InputException as {@link #of(RunDirectory)}, and if the file is something else
     */
    public static String of(RunDirectory run, Optional<ExampleSection> example, Optional<Path> curve) {
        return new RunReport(run, curve).html(example);
    }

    /**
     * Writes the page of a run.
     *
     * @param run the run's directory
     * @param file the file, replaced if it exists
     * @throws InputException as {@link #of}, or if the file cannot be written
     */
    public static void write(RunDirectory run, Path file) {
        String html = of(run);
        AtomicFile.writeText(file, html);
    }

    private String html(Optional<ExampleSection> example) {
        CircuitFacts circuit = CircuitFacts.of(run);
        String title = record.task() + " in " + record.model();
        Map<String, String> parts = Map.ofEntries(
                Map.entry("title", Html.escape(title)),
                Map.entry("path", Html.escape(run.path().toString())),
                Map.entry("summary", summary(circuit) + stability()),
                Map.entry("cards", Cards.html(circuit)),
                Map.entry("metrics", metrics(circuit.metrics()) + heldOut()),
                Map.entry("faithfulness", curve.map(CurveSection::of).orElse("")),
                Map.entry(
                        "curves",
                        curves().stream()
                                .map(c -> "<figure>" + c.toSvg(WIDTH, HEIGHT) + "</figure>\n")
                                .collect(Collectors.joining())),
                Map.entry("circuit", Html.escape(drawing(title).toHtml())),
                Map.entry("heads", NodeTable.html(run.headsFile())),
                Map.entry("examples", examples()),
                Map.entry("example", example.map(ExampleSection::html).orElse(NO_EXAMPLE)),
                Map.entry("configuration", Html.table("configuration", List.of(), configuration())),
                Map.entry("script", TextReader.resource(RunReport.class, "report.js")));
        return PLACE.matcher(TextReader.resource(RunReport.class, "report.html"))
                .replaceAll(place -> Matcher.quoteReplacement(parts.get(place.group(1))));
    }

    private CircuitDrawing drawing(String title) {
        CircuitInput found = CircuitInput.of(run.path());
        if (found.byPosition()) {
            PositionChoice any = new PositionChoice.Anywhere();
            int positions = run.readPositions().map(PositionCircuit::positions).orElse(0);
            ScoredCircuit counted = found.at(any).selfDescribed(note -> {}).orElseThrow();
            return CircuitDrawing.of(
                    counted.circuit().orElseThrow(),
                    counted::scoreOf,
                    DrawOptions.defaults()
                            .withTitle(title + ": edges at " + any.text(positions)
                                    + ", their strength is the number of positions"));
        }
        DrawOptions options = DrawOptions.defaults().withTitle(title);
        return found.selfDescribed(note -> {})
                .map(circuit -> drawing(circuit, title))
                .orElseGet(() -> CircuitDrawing.of(DrawnEdge.read(run.edgesFile()), options));
    }

    private static CircuitDrawing drawing(ScoredCircuit all, String title) {
        Circuit whole = all.circuit().orElseThrow();
        if (whole.size() <= MOST_DRAWN) {
            return CircuitDrawing.of(whole, all::scoreOf, DrawOptions.defaults().withTitle(title));
        }
        Circuit shown = all.strongest(MOST_DRAWN, Ranking.SIGNED).circuit().orElseThrow();
        return CircuitDrawing.of(
                shown,
                all::scoreOf,
                DrawOptions.defaults()
                        .withTitle("%s: the %,d strongest of %,d edges".formatted(title, shown.size(), whole.size())));
    }

    /** What other seeds found, where the run is one of {@code prune --seeds}. */
    private String stability() {
        String sentence = Stability.sentence(run.path().resolve(".."));
        return sentence.isEmpty() ? "" : ". " + Html.escape(sentence);
    }

    private static String summary(CircuitFacts circuit) {
        boolean byPosition = circuit.positions() > 1;
        Double all = circuit.metrics().get(byPosition ? "total_edge_positions" : "total_edges");
        Double onPaths = circuit.metrics().get("num_edges_on_paths");
        Double kl = circuit.metrics().get("kl");
        return "%,d edges%s%s%s%s"
                .formatted(
                        circuit.edges(),
                        byPosition ? " counted at each of " + circuit.positions() + " positions" : "",
                        all == null
                                ? ""
                                : " of %,.0f, edge sparsity %.2f%%".formatted(all, 100 * (1 - circuit.edges() / all)),
                        onPaths == null ? "" : ", %,.0f edges on paths from an input to the output".formatted(onPaths),
                        kl == null ? "" : ", KL to the full model %s".formatted(Html.number(kl)));
    }

    /** The circuit's metrics, beside the full model's if the run has them. */
    private static String metrics(Map<String, Double> metrics) {
        List<List<Object>> rows = new ArrayList<>();
        metrics.forEach((name, value) -> {
            if (!name.startsWith(FULL_MODEL)) {
                rows.add(Arrays.asList(name, value, metrics.get(FULL_MODEL + name)));
            }
        });
        return Html.table("metrics", List.of("", "circuit", "full model"), rows);
    }

    /** What the circuit does on prompts by what is new in them, of runs that generated such prompts. */
    private String heldOut() {
        List<List<Object>> rows = new ArrayList<>();
        Json.read(run.metricsFile(), "is it of a run?")
                .path("held_out")
                .properties()
                .forEach(kind -> numbers(kind.getValue()).forEach((name, value) -> {
                    if (!name.startsWith(FULL_MODEL) && !name.equals("examples")) {
                        rows.add(Arrays.asList(
                                kind.getKey().replace('_', ' '),
                                name,
                                value,
                                numbers(kind.getValue()).get(FULL_MODEL + name)));
                    }
                }));
        return rows.isEmpty()
                ? ""
                : Html.table("held-out", List.of("held-out prompts", "", "circuit", "full model"), rows);
    }

    private List<Curves> curves() {
        double[] steps = history.numbers();
        double[] evaluated = history.evaluated();
        List<Curves> curves = new ArrayList<>();
        Curves kl = Curves.of("KL to the full model", "step", "nats")
                .logarithmic()
                .line("training", steps, history.values("kl"));
        curves.add(
                evaluated.length == 0
                        ? kl
                        : kl.points("validation, binary masks", evaluated, history.validation("kl")));
        curves.add(Curves.of("Sparsity against target", "step", "sparsity")
                .line("edges", steps, history.values("edge_sparsity"))
                .dashed("edges' target", steps, history.values("edge_target"))
                .line("nodes", steps, history.values("node_sparsity"))
                .dashed("nodes' target", steps, history.values("node_target")));
        curves.add(Curves.of("Loss", "step", "")
                .line("total", steps, history.values("loss"))
                .line("KL", steps, history.values("kl"))
                .line("edge term", steps, history.values("edge_loss"))
                .line("node term", steps, history.values("node_loss")));
        curves.add(Curves.of("Lagrange multipliers", "step", "λ")
                .line("edges λ1", steps, history.multiplier(0))
                .line("edges λ2", steps, history.multiplier(1))
                .line("nodes λ1", steps, history.multiplier(2))
                .line("nodes λ2", steps, history.multiplier(3)));
        validation(evaluated).forEach(curves::add);
        curves.add(Curves.of("Gradient norm", "step", "before clipping")
                .logarithmic()
                .line("", steps, history.values("grad_norm")));
        curves.add(Curves.of("Speed", "step", "steps per second")
                .line(
                        "",
                        steps,
                        Arrays.stream(history.values("seconds")).map(s -> 1 / s).toArray()));
        return curves;
    }

    /** Metrics between 0 and 1 share a plot, each other metric has its own. */
    private List<Curves> validation(double[] evaluated) {
        Curves shares = Curves.of("Validation, binary masks", "step", "share");
        boolean any = false;
        List<Curves> curves = new ArrayList<>();
        for (String name : history.validationNames()) {
            double[] values = history.validation(name);
            if (Arrays.stream(values).allMatch(v -> v >= 0 && v <= 1) && !name.equals("kl")) {
                shares = shares.points(name, evaluated, values);
                any = true;
            } else if (!name.equals("kl")) {
                curves.add(Curves.of("Validation, binary masks: " + name, "step", name)
                        .points(name, evaluated, values));
            }
        }
        if (any) {
            curves.add(0, shares);
        }
        return curves;
    }

    /** Every entry of {@code run.json}, with nested names joined by dots. */
    private List<List<String>> configuration() {
        List<List<String>> rows = new ArrayList<>();
        flatten("", Json.read(run.runFile(), "name the folder of a run"), rows);
        return rows;
    }

    private static void flatten(String name, JsonNode value, List<List<String>> rows) {
        if (value.isObject()) {
            value.properties()
                    .forEach(e -> flatten(name.isEmpty() ? e.getKey() : name + "." + e.getKey(), e.getValue(), rows));
        } else {
            rows.add(List.of(name, value.isNull() ? "" : value.isValueNode() ? value.asText() : value.toString()));
        }
    }

    /**
     * One row for each test example: its prompts, the circuit's prediction, and its metrics beside the full model's.
     */
    private String examples() {
        if (!Files.exists(run.examplesFile())) {
            return "<p>The run has no " + run.examplesFile().getFileName() + ": it was made by an older version. "
                    + "<code>edgeprune eval RUN --examples RUN/examples.jsonl</code> writes it.</p>\n";
        }
        List<JsonNode> lines = RunHistory.lines(run.examplesFile());
        List<Map<String, Double>> metrics =
                lines.stream().map(l -> numbers(l.path("metrics"))).toList();
        List<String> names = List.copyOf(FoundCircuit.names(metrics));
        List<String> answers = Stream.of("answer", "distractor")
                .filter(key -> lines.stream().anyMatch(line -> line.has(key)))
                .toList();
        List<String> head = new ArrayList<>(List.of("", "clean", "corrupted"));
        head.addAll(answers.stream()
                .map(key -> key.equals("answer") ? "expected answer" : key)
                .toList());
        head.add("circuit's prediction");
        names.forEach(name -> head.addAll(List.of(name, name + ", full model")));
        List<List<Object>> rows = new ArrayList<>();
        for (int i = 0; i < lines.size(); i++) {
            JsonNode line = lines.get(i);
            List<Object> row = new ArrayList<>(List.of(
                    i + 1, line.path("clean").asText(), line.path("corrupted").asText()));
            answers.forEach(key -> row.add(line.path(key).asText("")));
            row.add(said(line));
            Map<String, Double> full = numbers(line.path("full_model_metrics"));
            for (String name : names) {
                row.add(metrics.get(i).get(name));
                row.add(full.get(name));
            }
            rows.add(row);
        }
        return Html.table("examples", head, rows);
    }

    private static String said(JsonNode line) {
        List<String> tokens = new ArrayList<>();
        line.path("predicted").forEach(token -> tokens.add(token.asText()));
        return String.join("", tokens);
    }

    private static Map<String, Double> numbers(JsonNode object) {
        Map<String, Double> numbers = new LinkedHashMap<>();
        object.properties().forEach(e -> numbers.put(e.getKey(), e.getValue().doubleValue()));
        return numbers;
    }
}
