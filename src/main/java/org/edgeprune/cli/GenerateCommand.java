package org.edgeprune.cli;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.edgeprune.InputException;
import org.edgeprune.eval.Generator;
import org.edgeprune.graph.Circuit;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.graph.GraphShape;
import org.edgeprune.mask.MaskValues;
import org.edgeprune.model.ModelConfig;
import org.edgeprune.model.Models;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.prune.RunDirectory;
import org.edgeprune.task.PromptTokenizer;
import org.edgeprune.torch.Device;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code edgeprune generate}: what a model, or a circuit in it, writes. */
@Command(
        name = "generate",
        description = {
            "Continue a prompt greedily, by the whole model or by a circuit in it.",
            "Edges outside the circuit carry nothing (zero ablation), or the states of a corrupted prompt if one is given."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  edgeprune generate --model path/to/model --max-new-tokens 40",
            "  edgeprune generate --model path/to/model --prompt \"Lily went to\" --max-new-tokens 10",
            "  edgeprune generate --model path/to/model --prompt \"Lily is\" --corrupted \"Tom is\" --max-new-tokens 5 --run out/gp"
        })
final class GenerateCommand implements Callable<Integer> {
    @Mixin
    private ModelOption model;

    @Option(names = "--prompt", paramLabel = "TEXT", defaultValue = "", description = "Text to continue (default: the start of a text).")
    private String prompt;

    @Option(names = "--corrupted", paramLabel = "TEXT", description = "Prompt of as many tokens whose states cut edges carry.")
    private String corrupted;

    @Option(names = "--max-new-tokens", paramLabel = "N", required = true, description = "Tokens to generate at most.")
    private int newTokens;

    @ArgGroup
    private CircuitOptions circuit;

    /** Which circuit: one of these, or the whole model. */
    private static final class CircuitOptions {
        @Option(names = "--edges", paramLabel = "FILE", description = "A circuit as an edges.json.")
        private Path edges;

        @Option(names = "--run", paramLabel = "DIR", description = "The circuit of a run.")
        private Path run;
    }

    @Option(names = "--embedding-nodes", description = "The circuit of --edges was found with embedding nodes.")
    private boolean embeddingNodes;

    @Mixin
    private ComputeOptions compute;

    @Mixin
    private Results results;

    @Override
    public Integer call() {
        if (newTokens < 1) {
            throw new InputException("--max-new-tokens " + newTokens + ": must be at least 1");
        }
        if (corrupted != null && circuit == null) {
            throw new InputException("--corrupted: has no effect on the whole model; give a circuit with --edges or --run");
        }
        Path directory = model.directory();
        Device device = compute.start();
        Set<Integer> ends = ModelConfig.read(directory).endTokens();
        try (PromptTokenizer tokenizer = PromptTokenizer.open(directory);
                TransformerModel opened = Models.open(directory, device)) {
            int[] start = tokens(prompt, tokenizer);
            int[] other = corrupted == null ? null : tokens(corrupted, tokenizer);
            int[] written = new Generator(opened, masks(opened.graphShape()), ends).generate(start, other, newTokens);
            boolean ended = written.length > 0 && ends.contains(written[written.length - 1]);
            int[] shown = IntStream.concat(Arrays.stream(start), Arrays.stream(written))
                    .filter(token -> !ends.contains(token) && !isBos(token, tokenizer))
                    .toArray();
            Result result = new Result(prompt, tokenizer.decode(shown), start, written, ended);
            results.print(result, result::text);
            return 0;
        }
    }

    /** A text's tokens; those of no text at all are the token that begins a sequence. */
    private static int[] tokens(String text, PromptTokenizer tokenizer) {
        int[] tokens = tokenizer.encode(text);
        if (tokens.length > 0 && !text.isEmpty()) {
            return tokens;
        }
        return new int[] {tokenizer.bos().orElseThrow(() -> new InputException(
                tokenizer.source() + ": has no token that begins a sequence: give a --prompt"))};
    }

    private static boolean isBos(int token, PromptTokenizer tokenizer) {
        return tokenizer.bos().isPresent() && tokenizer.bos().getAsInt() == token;
    }

    /** The circuit's masks; null for the whole model. */
    private MaskValues masks(GraphShape shape) {
        if (circuit == null) {
            return null;
        }
        if (circuit.run != null) {
            RunDirectory run = new RunDirectory(circuit.run);
            return MaskValues.of(run.readCircuit(graph(shape, run.readRecord().options().embeddingNodes())));
        }
        return MaskValues.of(Circuit.read(circuit.edges, graph(shape, embeddingNodes)));
    }

    private static ComputationGraph graph(GraphShape shape, boolean withEmbeddings) {
        return new ComputationGraph(withEmbeddings ? shape : shape.withoutEmbeddings());
    }

    private record Result(String prompt, String text, int[] promptTokens, int[] newTokens, boolean ended) {}
}
