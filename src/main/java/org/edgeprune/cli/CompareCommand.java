package org.edgeprune.cli;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.edgeprune.graph.Circuit;
import org.edgeprune.model.BundledModel;
import org.edgeprune.model.ModelSizes;
import org.edgeprune.model.Models;
import org.edgeprune.prune.RunRecord;
import org.edgeprune.prune.SavedMasks;
import org.edgeprune.safetensors.AtomicFile;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code edgeprune compare}: what two circuits of one model have in common. */
@Command(
        name = "compare",
        description = {
            "Compare two circuits of one model: how many edges they share, and of what share of each that is.",
            "Their intersection or union can be written, and then evaluated: edgeprune eval --edges FILE."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  edgeprune compare out/instruction out/fewshot",
            "  edgeprune compare out/instruction out/fewshot --intersection both.json",
            "  edgeprune compare one.json other.json --model path/to/model --union either.json"
        })
final class CompareCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "ONE", description = "Folder of a run, a published checkpoint, or an edges.json.")
    private Path one;

    @Parameters(index = "1", paramLabel = "OTHER", description = "The circuit to compare it with.")
    private Path other;

    @Mixin
    private ModelOption model;

    @Option(names = "--intersection", paramLabel = "FILE", description = "Write the edges of both as an edges.json.")
    private Path intersection;

    @Option(names = "--union", paramLabel = "FILE", description = "Write the edges of either.")
    private Path union;

    @Mixin
    private Results results;

    @Override
    public Integer call() {
        String modelName = model.name(modelOf(one).or(() -> modelOf(other)).orElse(BundledModel.NAME));
        ModelSizes sizes = Models.sizes(ModelOption.directory(modelName));
        Circuit first = open(one, sizes);
        Circuit second = open(other, sizes);
        Circuit both = first.intersection(second);
        Circuit either = first.union(second);
        write(both, intersection);
        write(either, union);
        Result result = new Result(
                first.size(),
                second.size(),
                both.size(),
                either.size(),
                share(both, first),
                share(both, second),
                share(both, either));
        results.print(result, () -> new Table()
                .row("edges of " + one, result.one())
                .row("edges of " + other, result.other())
                .row("edges of both", result.both())
                .row("edges of either", result.either())
                .row("shared, of " + one, percent(result.sharedOfOne()))
                .row("shared, of " + other, percent(result.sharedOfOther()))
                .row("shared, of either (Jaccard)", percent(result.jaccard()))
                .toString());
        return 0;
    }

    /** The circuit in a run, a published checkpoint or an edges.json. */
    static Circuit open(Path circuit, ModelSizes sizes) {
        return isEdges(circuit) ? Circuit.read(circuit, sizes.graph()) : SavedMasks.open(circuit, sizes).circuit();
    }

    static boolean isEdges(Path circuit) {
        return circuit.toString().endsWith(".json");
    }

    private static Optional<String> modelOf(Path circuit) {
        return isEdges(circuit) ? Optional.empty() : SavedMasks.runOf(circuit).map(RunRecord::model);
    }

    private static void write(Circuit circuit, Path file) {
        if (file != null) {
            AtomicFile.write(file, out -> out.write(circuit.toJson().getBytes(StandardCharsets.UTF_8)));
        }
    }

    /** NaN where the whole is empty. */
    private static double share(Circuit part, Circuit whole) {
        return (double) part.size() / whole.size();
    }

    private static String percent(double share) {
        return "%.1f%%".formatted(100 * share);
    }

    private record Result(
            int one, int other, int both, int either, double sharedOfOne, double sharedOfOther, double jaccard) {}
}
