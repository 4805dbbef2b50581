package org.edgeprune.cli;

import java.nio.file.Path;
import java.util.AbstractList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.edgeprune.attribute.CircuitInput;
import org.edgeprune.attribute.EdgeScores;
import org.edgeprune.attribute.GraphMl;
import org.edgeprune.attribute.MibSubmission;
import org.edgeprune.attribute.Ranking;
import org.edgeprune.attribute.ScoredCircuit;
import org.edgeprune.attribute.Selection;
import org.edgeprune.graph.Circuit;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.graph.Edge;
import org.edgeprune.graph.PositionCircuit;
import org.edgeprune.graph.Reader;
import org.edgeprune.graph.Writer;
import org.edgeprune.hub.BundledModel;
import org.edgeprune.io.AtomicFile;
import org.edgeprune.io.InputException;
import org.edgeprune.mask.HardConcrete;
import org.edgeprune.mask.MaskLayout;
import org.edgeprune.mask.MaskParameters;
import org.edgeprune.model.ModelSizes;
import org.edgeprune.model.Models;
import org.edgeprune.prune.ReferenceCheckpoint;
import org.edgeprune.prune.RunDirectory;
import org.edgeprune.prune.SavedMasks;
import org.edgeprune.torch.Device;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code edgeprune edges}: lists, counts, filters and converts a circuit's edges. */
@Command(
        name = "edges",
        description = {
            "List, count, choose, filter or convert the edges of a circuit, or of scores of edges.",
            "CIRCUIT is the directory of a run or of an attribution, a published checkpoint, a scores.safetensors, an",
            "edges.json or a graph file of EAP-IG: what it is, is seen from its content."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  edgeprune edges out/demo --count",
            "  edgeprune edges out/demo --reader 'a3.*'",
            "  edgeprune edges out/demo -o edges.json",
            "  edgeprune edges out/ioi-positions --position any -o edges.json",
            "  edgeprune edges out/eap --format eap-ig -o scores.json",
            "  edgeprune edges out/demo --edges-kept 100 -o edges.json",
            "  edgeprune edges scores.json --edges-kept 400 --connected -o edges.json",
            "  edgeprune edges out/demo --scores scores.safetensors --scores scores.csv",
            "  edgeprune edges out/eap --format mib -o submission/ioi_gpt2",
            "  edgeprune edges edges.json --model path/to/gpt2 --checkpoint out/published"
        })
final class EdgesCommand implements Callable<Integer> {
    /** log_alphas whose masks are one and zero with certainty. */
    private static final float KEPT = 10;

    private static final float CUT = -10;

    private static final String SCORES_SUFFIX = ".safetensors";
    private static final String CSV_SUFFIX = ".csv";

    @Parameters(paramLabel = "CIRCUIT", description = "A circuit or scores of edges.")
    private Path circuit;

    @Mixin
    private ModelOption model;

    @Mixin
    private EdgeFilter filter;

    @Option(names = "--count", description = "Count the edges by kinds of writer and reader instead of listing them.")
    private boolean count;

    @Mixin
    private SelectionOptions selection;

    @Mixin
    private PositionOption position;

    @Option(
            names = "--connected",
            description =
                    "Drop edges that lie on no path from an input to the output, as EAP-IG's prune does; they change nothing.")
    private boolean connected;

    @Option(
            names = "--format",
            paramLabel = "FORMAT",
            completionCandidates = EdgesFormat.Names.class,
            description = "What is written: ${COMPLETION-CANDIDATES} (default: edges).")
    private Optional<EdgesFormat> format = Optional.empty();

    @Option(
            names = {"-o", "--out"},
            paramLabel = "FILE",
            description =
                    "Where to write; for mib and mib-circuits a directory named after task and model, like ioi_gpt2. Without it, these formats check CIRCUIT, which is such a directory then.")
    private Path out;

    @Option(
            names = "--scores",
            paramLabel = "FILE",
            description =
                    "Write the scores of all edges, a run's log_alphas or those of an attribution: a .safetensors with named rows (writers) and columns (readers), or a .csv. May be repeated.")
    private List<Path> scoreFiles = List.of();

    @Option(
            names = "--checkpoint",
            paramLabel = "DIR",
            description = "Write the model and its masks as a checkpoint that the published implementation can load.")
    private Path checkpoint;

    @Mixin
    private Results results;

    @Override
    public Integer call() {
        if (out == null && format.filter(EdgesFormat::isSubmission).isPresent()) {
            new MibOutput(new MibSubmission(circuit), results).check();
            return 0;
        }
        if (out == null && format.isPresent()) {
            throw new InputException("--format " + format.get().label() + ": needs a place to write to: -o FILE");
        }
        scoreFiles.forEach(EdgesCommand::requireScoresFormat);
        CircuitInput input = position.over(CircuitInput.of(circuit));
        if (input.byPosition() && position.choice().isEmpty() && onlyLists()) {
            listPositions();
            return 0;
        }
        Optional<CircuitInput.Origin> origin = input.origin();
        Path directory = ModelOption.directory(
                model.name(origin.map(CircuitInput.Origin::model).orElse(BundledModel.NAME)));
        ModelSizes sizes = Models.sizes(directory);
        Ranking ranking = selection.ranking(input);
        ScoredCircuit theirs = connected(chosen(input, sizes, ranking));
        // names of nodes are those of the model's graph
        ScoredCircuit whole = theirs.inModel(sizes.graph());
        filter.requireNodes(whole.graph());
        ScoredCircuit chosen = filtered(whole);
        if (out != null) {
            write(filter.isGiven() ? chosen : theirs, chosen, sizes, ranking);
        }
        scoreFiles.forEach(file -> writeScores(file, whole, ranking));
        if (checkpoint != null) {
            writeCheckpoint(input, requireCircuit(chosen), sizes, directory);
        }
        List<Edge> edges =
                chosen.listed(ranking).stream().filter(filter::matches).toList();
        if (edges.isEmpty()) {
            results.note(filter.isGiven() ? circuit + ": no edge " + filter : circuit + ": no edges");
        }
        print(edges, chosen, whole.circuit());
        return 0;
    }

    private boolean onlyLists() {
        return out == null
                && scoreFiles.isEmpty()
                && checkpoint == null
                && !connected
                && selection.selection().isEmpty();
    }

    /** The edges of a run with masks at each position. */
    private void listPositions() {
        RunDirectory run = new RunDirectory(circuit);
        PositionCircuit kept = run.readPositions()
                .orElseThrow(() -> new InputException(run.positionsFile()
                        + ": not there: the run has not ended; continue it with edgeprune prune --resume"));
        run.requireIntact(results::note);
        filter.requireNodes(kept.graph());
        new PositionListing(kept, filter::matches).print(count, results);
    }

    /** The circuit that is there, or the one that the scores are asked for, in the graph that it is of. */
    private ScoredCircuit chosen(CircuitInput input, ModelSizes sizes, Ranking ranking) {
        Optional<Selection> how = selection.selection();
        if (how.isEmpty()) {
            return input.open(sizes, results::note);
        }
        EdgeScores scores = input.scores(sizes, results::note);
        return new ScoredCircuit(Optional.of(how.get().from(scores, ranking)), Optional.of(scores));
    }

    private ScoredCircuit connected(ScoredCircuit all) {
        if (!connected) {
            return all;
        }
        return new ScoredCircuit(Optional.of(requireCircuit(all).connected()), all.scores());
    }

    private ScoredCircuit filtered(ScoredCircuit all) {
        return filter.isGiven()
                ? new ScoredCircuit(all.circuit().map(circuit -> circuit.filter(filter::matches)), all.scores())
                : all;
    }

    private void write(ScoredCircuit theirs, ScoredCircuit chosen, ModelSizes sizes, Ranking ranking) {
        EdgesFormat asked = format.orElse(EdgesFormat.EDGES);
        switch (asked) {
            case EDGES -> requireCircuit(chosen).write(out);
            case EAP_IG -> theirs.toEapIg(sizes.graph(), sizes.hidden()).write(out);
            case CSV -> AtomicFile.writeText(out, chosen.toCsv(listed(chosen, ranking)));
            case GRAPHML -> AtomicFile.writeText(out, GraphMl.write(chosen, listed(chosen, ranking)));
            case MIB, MIB_CIRCUITS ->
                new MibOutput(new MibSubmission(out), results)
                        .write(theirs, asked == EdgesFormat.MIB_CIRCUITS, circuit, sizes, ranking);
        }
    }

    private List<Edge> listed(ScoredCircuit chosen, Ranking ranking) {
        return chosen.listed(ranking).stream().filter(filter::matches).toList();
    }

    private Circuit requireCircuit(ScoredCircuit chosen) {
        return chosen.circuit()
                .orElseThrow(() -> new InputException(circuit
                        + ": holds scores and no circuit: choose edges with --edges-kept N or --threshold SCORE"));
    }

    /** Edges may be a part of a circuit: on which paths they are depends on all of it. */
    private void print(List<Edge> edges, ScoredCircuit chosen, Optional<Circuit> whole) {
        ComputationGraph graph = chosen.graph();
        Optional<Long> onPaths = whole.map(Circuit::connected).map(paths -> edges.stream()
                .filter(edge -> paths.contains(edge.writer(), edge.reader()))
                .count());
        Map<String, Integer> kinds = kinds(edges);
        double sparsity = 1 - (double) edges.size() / graph.edgeCount();
        results.print(
                new Result(
                        edges.size(),
                        onPaths.orElse(null),
                        graph.edgeCount(),
                        sparsity,
                        kinds,
                        count ? null : new Pairs(edges)),
                () -> count
                        ? table(kinds, edges.size(), onPaths, graph.edgeCount(), sparsity)
                        : chosen.circuit().isPresent() ? lines(edges) : scores(edges, chosen));
    }

    private static String lines(List<Edge> edges) {
        return edges.stream().map(Edge::toString).collect(Collectors.joining("\n"));
    }

    private static String scores(List<Edge> edges, ScoredCircuit chosen) {
        Table table = new Table();
        EdgeScores scores = chosen.scores().orElseThrow();
        edges.forEach(edge -> table.row(edge, "%.6g".formatted(scores.at(edge.writer(), edge.reader()))));
        return table.toString();
    }

    private static void requireScoresFormat(Path file) {
        if (!file.toString().endsWith(SCORES_SUFFIX) && !file.toString().endsWith(CSV_SUFFIX)) {
            throw new InputException("--scores " + file + ": scores are written as .safetensors or .csv");
        }
    }

    private void writeScores(Path file, ScoredCircuit whole, Ranking ranking) {
        EdgeScores scores = whole.scores()
                .orElseThrow(
                        () -> new InputException(circuit + ": is a list of edges without scores: name the directory"
                                + " of a run or an attribution, a scores.safetensors or a graph file of EAP-IG"));
        ScoredCircuit all = new ScoredCircuit(Optional.empty(), Optional.of(scores));
        if (file.toString().endsWith(CSV_SUFFIX)) {
            AtomicFile.writeText(file, all.toCsv(all.listed(ranking)));
        } else {
            scores.write(file);
        }
    }

    private void writeCheckpoint(CircuitInput input, Circuit chosen, ModelSizes sizes, Path directory) {
        if (checkpoint
                .toAbsolutePath()
                .normalize()
                .equals(directory.toAbsolutePath().normalize())) {
            throw new InputException(
                    "--checkpoint " + checkpoint + ": is the model's own directory; choose another one");
        }
        boolean all = input.kind() == CircuitInput.Kind.MASKS
                && !input.byPosition()
                && selection.selection().isEmpty()
                && !filter.isGiven();
        try (MaskParameters parameters = all ? SavedMasks.parameters(circuit, sizes, note -> {}) : parameters(chosen)) {
            ReferenceCheckpoint.write(checkpoint, parameters, sizes, directory);
        }
    }

    /** Parameters whose masks are the circuit. */
    private static MaskParameters parameters(Circuit chosen) {
        float[] edges = new float[chosen.graph().edgeCount()];
        for (int i = 0; i < edges.length; i++) {
            edges[i] = chosen.contains(i) ? KEPT : CUT;
        }
        float[] nodes = new float[chosen.graph().nodeCount()];
        Arrays.fill(nodes, KEPT);
        return new MaskParameters(
                MaskLayout.edges(chosen.graph()), HardConcrete.DEFAULT, edges, nodes, new float[4], Device.CPU);
    }

    private static Map<String, Integer> kinds(List<Edge> edges) {
        int[][] counts = new int[Writer.Kind.values().length][Reader.Kind.values().length];
        edges.forEach(edge ->
                counts[edge.writer().kind().ordinal()][edge.reader().kind().ordinal()]++);
        Map<String, Integer> kinds = new TreeMap<>();
        for (Writer.Kind from : Writer.Kind.values()) {
            for (Reader.Kind into : Reader.Kind.values()) {
                if (counts[from.ordinal()][into.ordinal()] > 0) {
                    kinds.put((from + " -> " + into).toLowerCase(Locale.ROOT), counts[from.ordinal()][into.ordinal()]);
                }
            }
        }
        return kinds;
    }

    private static String table(
            Map<String, Integer> kinds, int edges, Optional<Long> onPaths, int all, double sparsity) {
        Table table = new Table();
        kinds.forEach(table::row);
        table.row("together", edges);
        onPaths.ifPresent(some -> table.row("on paths from an input to the output", some));
        return table + "of %,d edges: edge sparsity %.2f%%".formatted(all, 100 * sparsity);
    }

    /** {@code [writer, reader]} pairs, made when they are written. */
    private static final class Pairs extends AbstractList<List<String>> {
        private final List<Edge> edges;

        Pairs(List<Edge> edges) {
            this.edges = edges;
        }

        @Override
        public List<String> get(int index) {
            return List.of(
                    edges.get(index).writer().name(), edges.get(index).reader().name());
        }

        @Override
        public int size() {
            return edges.size();
        }
    }

    private record Result(
            int numEdges,
            Long numEdgesOnPaths,
            int totalEdges,
            double edgeSparsity,
            Map<String, Integer> kinds,
            List<List<String>> edges) {}
}
