package org.edgeprune.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.edgeprune.attribute.CircuitInput;
import org.edgeprune.attribute.PositionChoice;
import org.edgeprune.attribute.ScoredCircuit;
import org.edgeprune.draw.CircuitDrawing;
import org.edgeprune.draw.DrawOptions;
import org.edgeprune.draw.DrawnEdge;
import org.edgeprune.graph.Circuit;
import org.edgeprune.graph.EdgesFile;
import org.edgeprune.graph.PositionCircuit;
import org.edgeprune.io.InputException;
import org.edgeprune.prune.RunDirectory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code edgeprune draw}: draws a circuit. */
@Command(
        name = "draw",
        description = "Draw a circuit as SVG, PDF, PNG, Graphviz DOT, or one interactive HTML page.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  edgeprune draw out/demo -o circuit.html",
            "  edgeprune draw edges.json -o circuit.svg -o circuit.pdf --title \"IOI, 98%% sparse\"",
        })
final class DrawCommand implements Callable<Integer> {
    /** A note about runs of version 0.1. */
    static final String GRAPH_UNKNOWN = "%s: is of an earlier version, which did not write the graph, so every head is"
            + " drawn with a key and value of its own; edgeprune edges %s --out %s/edges.json writes it";

    /** ELK takes more than a minute to lay out more. */
    private static final int MOST_IN_PICTURE = 5_000;

    /** A page of more has more than 20 MB. */
    private static final int MOST_IN_PAGE = 200_000;

    @Parameters(
            paramLabel = "CIRCUIT",
            description = "The directory of a run, an edges.json, or a graph file of EAP-IG.")
    private Path edges;

    @Option(
            names = {"-o", "--out"},
            paramLabel = "FILE",
            required = true,
            description =
                    "File of the drawing; its extension gives the format: .svg, .pdf, .png, .dot or .html. May be repeated.")
    private List<Path> out;

    @Option(names = "--title", paramLabel = "TEXT", defaultValue = "", description = "Shown above the picture.")
    private String title;

    @Option(names = "--no-sanitize", description = "Keep edges that are on no path from an input to the output.")
    private boolean unsanitized;

    @Option(
            names = "--constant",
            paramLabel = "NODE",
            description = "A node that every reader reads without a mask. May be repeated.")
    private List<String> constants = List.of();

    @Option(
            names = "--heads-per-kv",
            paramLabel = "N",
            description =
                    "Query heads that share one key/value head, for a bare list of edges (default: as edges.graph.json beside it says, otherwise 1).")
    private Optional<Integer> headsPerKv = Optional.empty();

    @Option(
            names = "--max-edges",
            paramLabel = "N",
            description =
                    "Draw no more than N edges: from the output upwards, always the one with the best score into a node that is drawn (default: 5,000, or 200,000 where only .html and .dot are written).")
    private Optional<Integer> maxEdges = Optional.empty();

    @Mixin
    private PositionOption position;

    @Mixin
    private Results results;

    @Override
    public Integer call() {
        Bounds.atLeast(1, "--heads-per-kv", headsPerKv);
        Bounds.atLeast(1, "--max-edges", maxEdges);
        CircuitInput input = input();
        input.requireCircuit();
        Optional<ScoredCircuit> known =
                input.selfDescribed(results::note).filter(_ -> input.byPosition() || headsPerKv.isEmpty());
        CircuitDrawing drawing =
                known.map(circuit -> drawing(input, circuit)).orElseGet(() -> ofUnknownGraph(options(title(input))));
        out.forEach(drawing::write);
        Result result = new Result(
                drawing.edgeCount(),
                drawing.danglingEdges(),
                out.stream().map(Path::toString).toList());
        results.print(
                result,
                () -> result.edges() + " edges drawn"
                        + (result.danglingEdges() == 0
                                ? ""
                                : "\n" + result.danglingEdges()
                                        + " left out, on no path from an input to the output (--no-sanitize keeps them)")
                        + out.stream().map(path -> "\n" + path).collect(Collectors.joining()));
        return 0;
    }

    private DrawOptions options(String shown) {
        return new DrawOptions(shown, !unsanitized, constants, headsPerKv.orElse(1));
    }

    private int most() {
        boolean interactive = out.stream().map(Path::toString).allMatch(name -> name.matches("(?i).*\\.(html|dot)"));
        return maxEdges.orElse(interactive ? MOST_IN_PAGE : MOST_IN_PICTURE);
    }

    /** Of a circuit that is too large to be drawn, its strongest edges. */
    private CircuitDrawing drawing(CircuitInput input, ScoredCircuit all) {
        Circuit whole = all.circuit().orElseThrow();
        if (whole.size() > most() && all.scores().isEmpty()) {
            throw tooManyEdges("%,d edges".formatted(whole.size()));
        }
        ScoredCircuit shown = all.strongest(most(), input.ranking());
        String title = title(input);
        if (whole.size() > most()) {
            String which = "the %,d strongest of %,d edges"
                    .formatted(shown.circuit().orElseThrow().size(), whole.size());
            results.note(edges + ": drawn are " + which + " (--max-edges)");
            title = title.isEmpty() ? which : title + ": " + which;
        }
        return CircuitDrawing.of(shown.circuit().orElseThrow(), shown::scoreOf, input.ranking(), options(title));
    }

    private InputException tooManyEdges(String count) {
        return new InputException(
                edges + ": has " + count + " and no scores to choose the strongest by: choose some with"
                        + " edgeprune edges, or name a larger --max-edges (now " + most() + ")");
    }

    /** Of a run with masks at each position, the edges at any of them where none was named. */
    private CircuitInput input() {
        CircuitInput input = CircuitInput.of(edges);
        if (input.byPosition() && position.choice().isEmpty()) {
            results.note(
                    edges + ": has masks at each position: drawn are the edges that are kept at any, with the number"
                            + " of positions as their strength; --position N draws those at position N");
            return input.at(new PositionChoice.Anywhere());
        }
        return position.over(input);
    }

    /** A picture of several positions says so. */
    private String title(CircuitInput input) {
        if (!title.isEmpty() || input.position().isEmpty()) {
            return title;
        }
        int positions = new RunDirectory(edges)
                .readPositions()
                .map(PositionCircuit::positions)
                .orElse(0);
        return "edges at " + input.position().get().text(positions);
    }

    /** A bare list of edges, or a run of a version that did not write its graph. */
    private CircuitDrawing ofUnknownGraph(DrawOptions options) {
        boolean directory = Files.isDirectory(edges);
        if (directory && new RunDirectory(edges).holdsRun() && headsPerKv.isEmpty()) {
            results.note(GRAPH_UNKNOWN.formatted(edges, edges, edges));
        }
        Path file = directory ? edges.resolve("edges.json") : edges;
        int[] count = {0};
        EdgesFile.read(file, _ -> {
            count[0]++;
        });
        if (count[0] > most()) {
            throw tooManyEdges("%,d edges".formatted(count[0]));
        }
        return CircuitDrawing.of(DrawnEdge.read(file), options);
    }

    private record Result(int edges, int danglingEdges, List<String> files) {}
}
