package org.edgeprune.cli;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.edgeprune.graph.Circuit;
import org.edgeprune.graph.Edge;
import org.edgeprune.hub.BundledModel;
import org.edgeprune.io.AtomicFile;
import org.edgeprune.io.InputException;
import org.edgeprune.mask.HardConcrete;
import org.edgeprune.mask.MaskLayout;
import org.edgeprune.mask.MaskParameters;
import org.edgeprune.model.ModelSizes;
import org.edgeprune.model.Models;
import org.edgeprune.prune.ReferenceCheckpoint;
import org.edgeprune.prune.RunRecord;
import org.edgeprune.prune.SavedMasks;
import org.edgeprune.torch.Device;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code edgeprune edges}: lists, counts, filters and converts a circuit's edges. */
@Command(
        name = "edges",
        description = "List, count, filter or convert the edges of a circuit.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  edgeprune edges out/demo --count",
            "  edgeprune edges out/demo --reader 'a3.*'",
            "  edgeprune edges out/demo --out edges.json",
            "  edgeprune edges edges.json --model path/to/gpt2 --checkpoint out/published"
        })
final class EdgesCommand implements Callable<Integer> {
    /** log_alphas whose masks are one and zero with certainty. */
    private static final float KEPT = 10;

    private static final float CUT = -10;

    @Parameters(
            paramLabel = "CIRCUIT",
            description = "Directory of a run, a checkpoint of the published implementation, or an edges.json.")
    private Path circuit;

    @Mixin
    private ModelOption model;

    @Option(
            names = "--writer",
            paramLabel = "PATTERN",
            description = "Only edges from writers whose names match; * matches any text.")
    private String writer = "*";

    @Option(names = "--reader", paramLabel = "PATTERN", description = "Only edges into readers whose names match.")
    private String reader = "*";

    @Option(names = "--count", description = "Count the edges by kinds of writer and reader instead of listing them.")
    private boolean count;

    @Option(names = "--out", paramLabel = "FILE", description = "Write the edges as an edges.json.")
    private Path out;

    @Option(
            names = "--checkpoint",
            paramLabel = "DIR",
            description = "Write the model and its masks as a checkpoint that the published implementation can load.")
    private Path checkpoint;

    @Mixin
    private Results results;

    @Override
    public Integer call() {
        Optional<RunRecord> record = isFolder() ? SavedMasks.runOf(circuit) : Optional.empty();
        Path directory =
                ModelOption.directory(model.name(record.map(RunRecord::model).orElse(BundledModel.NAME)));
        ModelSizes sizes = Models.sizes(directory);
        Circuit whole = CompareCommand.open(circuit, sizes, results::note);
        Circuit chosen = whole.filter(edge -> matches(writer, edge.writer().name())
                && matches(reader, edge.reader().name()));
        if (out != null) {
            AtomicFile.writeText(out, chosen.toJson());
        }
        if (checkpoint != null) {
            writeCheckpoint(chosen, sizes, directory);
        }
        Map<String, Integer> kinds = kinds(chosen);
        List<Edge> edges = chosen.edges();
        results.print(
                new Result(
                        edges.size(),
                        chosen.graph().edgeCount(),
                        chosen.edgeSparsity(),
                        kinds,
                        count ? null : pairs(edges)),
                () -> count
                        ? table(kinds, chosen)
                        : edges.stream().map(Edge::toString).collect(Collectors.joining("\n")));
        return 0;
    }

    private boolean isFolder() {
        return !CompareCommand.isEdges(circuit);
    }

    private void writeCheckpoint(Circuit chosen, ModelSizes sizes, Path directory) {
        if (checkpoint
                .toAbsolutePath()
                .normalize()
                .equals(directory.toAbsolutePath().normalize())) {
            throw new InputException(
                    "--checkpoint " + checkpoint + ": is the model's own directory; choose another one");
        }
        boolean all = isFolder() && writer.equals("*") && reader.equals("*");
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

    private static boolean matches(String pattern, String name) {
        return name.matches(("\\Q" + pattern + "\\E").replace("*", "\\E.*\\Q"));
    }

    private static Map<String, Integer> kinds(Circuit chosen) {
        Map<String, Integer> kinds = new TreeMap<>();
        for (Edge edge : chosen.edges()) {
            kinds.merge(
                    (edge.writer().kind() + " -> " + edge.reader().kind()).toLowerCase(Locale.ROOT), 1, Integer::sum);
        }
        return kinds;
    }

    private static String table(Map<String, Integer> kinds, Circuit chosen) {
        Table table = new Table();
        kinds.forEach(table::row);
        return table.row("total", chosen.size())
                + "of %,d edges: edge sparsity %.2f%%"
                        .formatted(chosen.graph().edgeCount(), 100 * chosen.edgeSparsity());
    }

    private static List<List<String>> pairs(List<Edge> edges) {
        return edges.stream()
                .map(e -> List.of(e.writer().name(), e.reader().name()))
                .toList();
    }

    private record Result(
            int numEdges, int totalEdges, double edgeSparsity, Map<String, Integer> kinds, List<List<String>> edges) {}
}
