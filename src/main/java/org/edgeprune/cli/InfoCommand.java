package org.edgeprune.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import org.edgeprune.AvailableMemory;
import org.edgeprune.graph.Ablation;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.hub.BundledModel;
import org.edgeprune.io.InputException;
import org.edgeprune.model.Decoder;
import org.edgeprune.model.Execution;
import org.edgeprune.model.ModelSizes;
import org.edgeprune.model.Models;
import org.edgeprune.prune.GpuMemory;
import org.edgeprune.prune.StepMemory;
import org.edgeprune.safetensors.Checkpoint;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code edgeprune info}: a model's sizes, its computation graph, and the memory of a pruning step. */
@Command(
        name = "info",
        description = "Describe a model: architecture, sizes, graph, and the memory of a pruning step.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  edgeprune info",
            "  edgeprune info path/to/gpt2 --batch-size 32 --tokens 20",
            "  edgeprune info path/to/gpt2 --json",
            "  edgeprune --class-path my.jar info --extensions"
        })
final class InfoCommand implements Callable<Integer> {
    @Parameters(
            paramLabel = "MODEL",
            arity = "0..1",
            defaultValue = BundledModel.NAME,
            description = "HuggingFace model directory (default: ${DEFAULT-VALUE}, the bundled model).")
    private String model;

    @Mixin
    private final StepOptions prompts = new StepOptions(32);

    @Option(
            names = "--positions",
            description = "Predict the memory of a step with masks at each position (prune --positions).")
    private boolean positions;

    @Option(
            names = "--extensions",
            description =
                    "List the architectures, tasks and scorers on the class path, and the jar of each, instead of describing a model.")
    private boolean extensions;

    @Mixin
    private ExecutionOptions execution;

    @Mixin
    private RecomputeOption recompute;

    @Mixin
    private Results results;

    @Override
    public Integer call() {
        if (extensions) {
            List<FoundExtension> found = FoundExtension.all();
            results.print(found, () -> FoundExtension.table(found));
            return 0;
        }
        prompts.requirePositive();
        Path directory = ModelOption.directory(model);
        Decoder decoder = Models.decoder(directory);
        ModelSizes sizes = decoder.sizes();
        Execution how = recompute.over(execution.planned(sizes));
        how.copies().forEach(copy -> copy.layers()
                .ifPresent(map -> map.over(sizes.graph().layers())));
        if (prompts.tokens() > sizes.maxPositions()) {
            throw new InputException(
                    "--tokens " + prompts.tokens() + ": the model has only " + sizes.maxPositions() + " positions");
        }
        TreeSet<String> dtypes = new TreeSet<>();
        long parameters = 0;
        try (Checkpoint checkpoint = Checkpoint.open(directory)) {
            for (String name : checkpoint.names()) {
                parameters += checkpoint.info(name).elementCount();
                dtypes.add(checkpoint.info(name).dtype().toString());
            }
        }
        ComputationGraph with = new ComputationGraph(sizes.graph());
        ComputationGraph without = new ComputationGraph(sizes.graph().withoutEmbeddings());
        StepMemory.Work work = StepMemory.Work.of(
                        decoder,
                        Models.copied(directory, how),
                        with,
                        how,
                        Ablation.INTERCHANGE,
                        StepMemory.Tokens.of(prompts.batchSize(), prompts.tokens()))
                .withPositions(positions ? prompts.tokens() : 1);
        StepMemory memory = StepMemory.of(work);
        Result result = new Result(
                directory.toString(),
                sizes.architecture(),
                sizes.graph().layers(),
                sizes.graph().heads(),
                sizes.graph().kvHeads(),
                sizes.hidden(),
                sizes.inner(),
                sizes.vocabulary(),
                sizes.positions().trained(),
                sizes.positions().unlimited(),
                parameters,
                String.join(", ", dtypes),
                Counts.of(without),
                Counts.of(with),
                new Step(
                        prompts.batchSize(),
                        prompts.tokens(),
                        how.dtype().toString(),
                        how.recompute(),
                        how.offload(),
                        memory,
                        memory.total(),
                        GpuMemory.of(work),
                        AvailableMemory.bytes().isPresent()
                                ? AvailableMemory.bytes().getAsLong()
                                : null));
        results.print(result, () -> text(result));
        return 0;
    }

    private static String positions(Result r) {
        return r.longerSequences() ? "trained for " + r.maxPositions() + ", no limit" : "up to " + r.maxPositions();
    }

    private static String text(Result r) {
        StepMemory m = r.step().memory();
        Table memory = new Table()
                .row("  weights, copied", megabytes(m.weights()))
                .row("  weights, memory-mapped", megabytes(m.mapped()))
                .row("  full model's forward pass", megabytes(m.fullModel()))
                .row("  writer states", megabytes(m.outbox()))
                .row("  reader inputs and blocks", megabytes(m.blocks()))
                .row("  loss, before the backward pass", megabytes(m.loss()))
                .row("  backward pass", megabytes(m.backward()))
                .row("  masks and optimiser", megabytes(m.masks()))
                .row("  Java and libtorch", megabytes(m.process()))
                .row("  peak", megabytes(m.total()));
        r.step().gpus().forEach(gpu -> memory.row("  of which on " + gpu.device(), megabytes(gpu.bytes())));
        memory.row(
                "  available",
                r.step().availableBytes() == null
                        ? "unknown"
                        : megabytes(r.step().availableBytes()));
        return new Table()
                        .row("model", r.model())
                        .row("architecture", r.architecture())
                        .row(
                                "layers",
                                r.layers() + " of " + r.heads() + " heads"
                                        + (r.kvHeads() == r.heads() ? "" : ", " + r.kvHeads() + " key/value heads"))
                        .row("width", r.hiddenSize() + " hidden, " + r.innerSize() + " in the MLPs")
                        .row("vocabulary", r.vocabSize() + " tokens")
                        .row("positions", positions(r))
                        .row("parameters", "%,d in %s".formatted(r.parameters(), r.dtype()))
                        .row("graph", r.graph())
                        .row("  with embedding nodes", r.graphWithEmbeddings())
                + "\nMemory of a pruning step: %d prompts of %d tokens in %s%s%s, embedding nodes, no edge removed\n"
                        .formatted(
                                r.step().batchSize(),
                                r.step().tokens(),
                                r.step().computeDtype(),
                                r.step().recompute() ? ", blocks recomputed" : "",
                                r.step().offload() ? ", weights offloaded" : "")
                + memory;
    }

    private static String megabytes(long bytes) {
        return "%,10.1f MB".formatted(bytes / 1e6);
    }

    private record Counts(int writers, int readers, int edges) {
        static Counts of(ComputationGraph graph) {
            return new Counts(graph.nodeCount(), graph.readers().size(), graph.edgeCount());
        }

        @Override
        public String toString() {
            return "%,d edges between %,d writers and %,d readers".formatted(edges, writers, readers);
        }
    }

    private record Step(
            int batchSize,
            int tokens,
            String computeDtype,
            boolean recompute,
            boolean offload,
            StepMemory memory,
            long totalBytes,
            List<GpuMemory> gpus,
            Long availableBytes) {}

    private record Result(
            String model,
            String architecture,
            int layers,
            int heads,
            int kvHeads,
            int hiddenSize,
            int innerSize,
            int vocabSize,
            int maxPositions,
            boolean longerSequences,
            long parameters,
            String dtype,
            Counts graph,
            Counts graphWithEmbeddings,
            Step step) {}
}
