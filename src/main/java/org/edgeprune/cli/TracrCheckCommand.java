package org.edgeprune.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.edgeprune.attribute.CircuitInput;
import org.edgeprune.graph.Ablation;
import org.edgeprune.graph.Circuit;
import org.edgeprune.io.InputException;
import org.edgeprune.model.ModelSizes;
import org.edgeprune.model.Models;
import org.edgeprune.prune.RunRecord;
import org.edgeprune.prune.SavedMasks;
import org.edgeprune.recovery.CircuitCheck;
import org.edgeprune.tracr.circuit.GroundTruth;
import org.edgeprune.tracr.circuit.TruthEdge;
import org.edgeprune.tracr.files.CompiledModelFiles;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code edgeprune tracr check}: compares a circuit with the ground truth of its compiled model. */
@Command(
        name = "check",
        description = {
            "Compare a circuit of a compiled model with the ground truth: precision, recall, extra and missing edges.",
            "Also verify the circuit on every input: everything outside it is ablated, then each of its edges in addition."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  edgeprune tracr check out/run",
            "  edgeprune tracr check edges.json --model out/reverse --ablation interchange --json"
        })
final class TracrCheckCommand implements Callable<Integer> {
    @Parameters(paramLabel = "CIRCUIT", description = "Directory of a run, or an edges.json.")
    private Path circuit;

    @Option(names = "--model", paramLabel = "DIR", description = "The compiled model (default: the run's).")
    private Optional<Path> model = Optional.empty();

    @Option(
            names = "--ablation",
            paramLabel = "KIND",
            completionCandidates = TruthAblationNames.class,
            description = "What ablated edges carry: ${COMPLETION-CANDIDATES} (default: the run's, or zero).")
    private Optional<Ablation> ablation = Optional.empty();

    @Option(
            names = "--examples",
            paramLabel = "N",
            defaultValue = "10000",
            description =
                    "Largest number of examples: inputs, under interchange with their corruptions (default: ${DEFAULT-VALUE}).")
    private int examples;

    @Mixin
    private ComputeOptions compute;

    @Mixin
    private Results results;

    @Override
    public Integer call() {
        Bounds.atLeast(1, "--examples", examples);
        Optional<RunRecord> record = Files.isDirectory(circuit) ? SavedMasks.runOf(circuit) : Optional.empty();
        Path directory = model.or(() -> record.map(r -> Path.of(r.model())))
                .orElseThrow(() -> new InputException(circuit + ": does not name its model: name it with --model"));
        ModelSizes sizes = Models.sizes(directory);
        compute.start();
        Circuit found = CircuitInput.of(circuit).circuit(sizes, results::note);
        Ablation cut =
                ablation.or(() -> record.map(r -> r.options().ablation())).orElse(Ablation.ZERO);
        GroundTruth.requireKnown(cut);
        CircuitCheck check = CircuitCheck.of(CompiledModelFiles.read(directory), found, cut, examples);
        results.print(new Result(circuit.toString(), directory.toString(), check), check::text);
        return 0;
    }

    /** The check in JSON; edges are pairs as in an {@code edges.json}. */
    record Result(
            String circuit,
            String model,
            String ablation,
            int numEdges,
            int truthEdges,
            boolean unique,
            double precision,
            double recall,
            List<List<String>> extra,
            List<List<String>> missing,
            double error,
            boolean faithful,
            List<List<String>> idle,
            List<List<String>> dropped,
            int examples,
            boolean perfect) {
        Result(String circuit, String model, CircuitCheck check) {
            this(
                    circuit,
                    model,
                    check.ablation().name(),
                    check.found().size(),
                    check.truth().size(),
                    check.unique(),
                    check.precision(),
                    check.recall(),
                    pairs(check.extra()),
                    pairs(check.missing()),
                    check.error(),
                    check.faithful(),
                    pairs(check.idle()),
                    pairs(check.dropped()),
                    check.examples(),
                    check.perfect());
        }

        private static List<List<String>> pairs(List<TruthEdge> edges) {
            return edges.stream()
                    .map(edge -> List.of(edge.writer(), edge.reader()))
                    .toList();
        }
    }
}
