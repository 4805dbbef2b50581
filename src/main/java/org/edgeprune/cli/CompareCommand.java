package org.edgeprune.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.edgeprune.attribute.CircuitInput;
import org.edgeprune.draw.CircuitDrawing;
import org.edgeprune.draw.DrawOptions;
import org.edgeprune.draw.DrawnEdge;
import org.edgeprune.hub.BundledModel;
import org.edgeprune.io.InputException;
import org.edgeprune.model.Models;
import org.edgeprune.prune.RunDirectory;
import org.edgeprune.report.CircuitComparison;
import org.edgeprune.report.FoundCircuit;
import org.edgeprune.safetensors.Checkpoint;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code edgeprune compare}: compares circuits. */
@Command(
        name = "compare",
        description = {
            "Compare circuits: how many edges they share (intersection over union, pair by pair), and their metrics.",
            "The common edges, or the edges of any circuit, can be written and then evaluated: edgeprune eval --edges FILE."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  edgeprune compare out/seed-1 out/seed-2 out/seed-3 --intersection common.json",
            "  edgeprune compare out/demo edges.json --union any.json --json",
            "  edgeprune compare out/seed-1 out/seed-2 --picture both.html",
            "  edgeprune compare out/mine path/to/published/checkpoint --model path/to/gpt2"
        })
final class CompareCommand implements Callable<Integer> {
    private static final Set<String> COUNTS = Set.of("examples", "steps");

    @Parameters(
            paramLabel = "CIRCUIT",
            arity = "2..*",
            description =
                    "Run directories, edges.json files, graph files of EAP-IG, or checkpoints of the published implementation.")
    private List<Path> runs;

    @Option(
            names = "--model",
            paramLabel = "MODEL",
            defaultValue = BundledModel.NAME,
            description = "The model of published checkpoints and graph files of EAP-IG (default: ${DEFAULT-VALUE}).")
    private String model;

    @Option(
            names = "--intersection",
            paramLabel = "FILE",
            description = "Write the edges that all circuits have as an edges.json.")
    private Path intersection;

    @Option(
            names = "--union",
            paramLabel = "FILE",
            description = "Write the edges that any circuit has as an edges.json.")
    private Path union;

    @Option(
            names = "--picture",
            paramLabel = "FILE",
            description =
                    "Draw two circuits in one picture, their common and their own edges: .svg, .pdf, .png or .html. May be repeated.")
    private List<Path> pictures = List.of();

    @Mixin
    private Results results;

    @Override
    public Integer call() {
        CircuitComparison comparison =
                new CircuitComparison(runs.stream().map(this::read).toList());
        requireComparable(comparison.circuits());
        noteDifferences();
        if (intersection != null) {
            CircuitComparison.write(comparison.intersection(), intersection);
        }
        if (union != null) {
            CircuitComparison.write(comparison.union(), union);
        }
        if (!pictures.isEmpty()) {
            CircuitDrawing drawing = drawing(comparison.circuits());
            pictures.forEach(drawing::write);
        }
        List<String> names =
                comparison.circuits().stream().map(FoundCircuit::name).toList();
        Result result = new Result(
                names,
                comparison.circuits().stream().map(c -> c.edges().size()).toList(),
                comparison.overlaps(),
                comparison.intersection().size(),
                comparison.union().size(),
                comparison.metrics());
        results.print(result, () -> text(result));
        return 0;
    }

    /** Refuses circuits with different numbers of positions, and files and pictures of edges at each position. */
    private void requireComparable(List<FoundCircuit> circuits) {
        int positions = circuits.getFirst().positions();
        for (FoundCircuit circuit : circuits) {
            if (circuit.positions() != positions) {
                throw new InputException(
                        circuit.name() + ": " + masks(circuit) + ", and "
                                + circuits.getFirst().name() + " " + masks(circuits.getFirst())
                                + ": write lists of edges with edgeprune edges RUN --position N|any --out FILE, and compare these");
            }
        }
        if (positions > 1 && (intersection != null || union != null || !pictures.isEmpty())) {
            throw new InputException("--intersection, --union, --picture: need lists of edges, and these circuits have"
                    + " edges at each of " + positions + " positions: leave them out");
        }
    }

    private static String masks(FoundCircuit circuit) {
        return circuit.positions() > 1
                ? "has masks at each of " + circuit.positions() + " positions"
                : "has the same masks at all positions";
    }

    private CircuitDrawing drawing(List<FoundCircuit> circuits) {
        if (circuits.size() != 2) {
            throw new InputException("--picture " + pictures.getFirst() + ": draws two circuits, and " + circuits.size()
                    + " were given");
        }
        int headsPerKv = CircuitInput.of(runs.getFirst())
                .selfDescribed(note -> {})
                .map(known -> known.graph().shape())
                .map(shape -> shape.heads() / shape.kvHeads())
                .orElse(1);
        FoundCircuit first = circuits.getFirst();
        FoundCircuit second = circuits.getLast();
        return CircuitDrawing.comparison(
                first.name(),
                edges(first),
                second.name(),
                edges(second),
                DrawOptions.defaults()
                        .withTitle(first.name() + " and " + second.name())
                        .withHeadsPerKv(headsPerKv));
    }

    private static List<DrawnEdge> edges(FoundCircuit circuit) {
        return circuit.edges().stream()
                .map(edge -> new DrawnEdge(edge.writer(), edge.reader()))
                .toList();
    }

    private FoundCircuit read(Path path) {
        CircuitInput input = CircuitInput.of(path);
        boolean named =
                switch (input.kind()) {
                    case EDGES -> true;
                    case MASKS -> Files.notExists(path.resolve(Checkpoint.SINGLE)) || new RunDirectory(path).holdsRun();
                    case EAP_IG, SCORES -> false;
                };
        return named
                ? FoundCircuit.read(path, results::note)
                : FoundCircuit.of(
                        path.toString(), input.circuit(Models.sizes(ModelOption.directory(model)), results::note));
    }

    /** Notes how the inputs of a run differ from those of the first, in which case their metrics cannot be compared. */
    private void noteDifferences() {
        List<Path> ofRuns =
                runs.stream().filter(path -> new RunDirectory(path).holdsRun()).toList();
        for (int i = 1; i < ofRuns.size(); i++) {
            List<String> differences = new RunDirectory(ofRuns.get(i))
                    .readRecord()
                    .inputDifferencesFrom(new RunDirectory(ofRuns.getFirst()).readRecord());
            if (!differences.isEmpty()) {
                results.note(ofRuns.get(i) + ": was made from other inputs than " + ofRuns.getFirst() + ": "
                        + String.join(", ", differences));
            }
        }
    }

    private static String text(Result result) {
        int n = result.circuits().size();
        Table legend = new Table();
        for (int i = 0; i < n; i++) {
            legend.row(
                    "[" + (i + 1) + "]",
                    result.circuits().get(i),
                    result.edges().get(i),
                    "edges");
        }
        Table overlaps = new Table().head(heads("overlap", n));
        for (int j = 0; j < n; j++) {
            double[] line = result.overlap()[j];
            overlaps.row(row("[" + (j + 1) + "]", i -> line[i], n));
        }
        Table metrics = new Table().head(heads("", n));
        result.metrics()
                .forEach((name, values) ->
                        metrics.row(row(name, i -> values.get(i) == null ? "-" : number(name, values.get(i)), n)));
        return legend + "\n" + overlaps + "\n"
                + "%,d edges in all circuits, %,d in any%n%n".formatted(result.intersection(), result.union())
                + (result.metrics().isEmpty() ? "" : metrics);
    }

    /** Counts are whole numbers. */
    private static Object number(String name, double value) {
        boolean count = name.startsWith("num_") || name.startsWith("total_") || COUNTS.contains(name);
        return count && value == Math.rint(value) ? (Object) (long) value : (Object) value;
    }

    private static String[] heads(String first, int n) {
        return Stream.concat(Stream.of(first), IntStream.rangeClosed(1, n).mapToObj(i -> "[" + i + "]"))
                .toArray(String[]::new);
    }

    private static Object[] row(String head, IntFunction<Object> cell, int n) {
        Object[] row = new Object[n + 1];
        row[0] = head;
        for (int i = 0; i < n; i++) {
            row[i + 1] = cell.apply(i);
        }
        return row;
    }

    private record Result(
            List<String> circuits,
            List<Integer> edges,
            double[][] overlap,
            int intersection,
            int union,
            Map<String, List<Double>> metrics) {}
}
