package org.edgeprune.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.edgeprune.attribute.CircuitInput;
import org.edgeprune.eval.Generator;
import org.edgeprune.hub.BundledModel;
import org.edgeprune.io.InputException;
import org.edgeprune.mask.MaskValues;
import org.edgeprune.model.EndTokens;
import org.edgeprune.model.Execution;
import org.edgeprune.model.ModelSizes;
import org.edgeprune.model.Models;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.prune.SavedMasks;
import org.edgeprune.task.PromptTokenizer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code edgeprune generate}: continues a prompt by a model or a circuit. */
@Command(
        name = "generate",
        description = {
            "Continue a prompt by greedy decoding, with the full model or a circuit.",
            "Edges outside the circuit carry zero, or the states of a corrupted prompt if one is given."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  edgeprune generate --model path/to/model --max-new-tokens 40",
            "  edgeprune generate --model path/to/model --prompt \"Lily went to\" --max-new-tokens 10",
            "  edgeprune generate out/gp --prompt \"Lily is\" --corrupted \"Tom is\" --max-new-tokens 5"
        })
final class GenerateCommand implements Callable<Integer> {
    @Parameters(
            paramLabel = "CIRCUIT",
            arity = "0..1",
            description =
                    "Directory of a run, a checkpoint of the published implementation, an edges.json or a graph file of EAP-IG (default: the full model).")
    private Optional<Path> circuit = Optional.empty();

    @Mixin
    private ModelOption model;

    @Option(
            names = "--prompt",
            paramLabel = "TEXT",
            defaultValue = "",
            description = "Text to continue (default: empty, which begins a new text).")
    private String prompt;

    @Option(
            names = "--corrupted",
            paramLabel = "TEXT",
            description = "Prompt with the same number of tokens, whose states ablated edges carry.")
    private String corrupted;

    @Option(
            names = "--max-new-tokens",
            paramLabel = "N",
            required = true,
            description = "Largest number of tokens to generate.")
    private int newTokens;

    @Option(
            names = "--run",
            paramLabel = "RUN",
            description = "Directory of a run, or a checkpoint of the published implementation: the same as CIRCUIT.")
    private Optional<Path> run = Optional.empty();

    @Option(
            names = "--edges",
            paramLabel = "FILE",
            description = "An edges.json or a graph file of EAP-IG: the same as CIRCUIT.")
    private Optional<Path> edges = Optional.empty();

    @Mixin
    private ExecutionOptions execution;

    @Mixin
    private Results results;

    @Override
    public Integer call() {
        if (newTokens < 1) {
            throw new InputException("--max-new-tokens " + newTokens + ": must be at least 1");
        }
        Optional<CircuitInput> input = circuit().map(CircuitInput::of);
        if (corrupted != null && input.isEmpty()) {
            throw new InputException("--corrupted: has no effect on the full model; give a circuit");
        }
        Optional<CircuitInput.Origin> origin = input.flatMap(CircuitInput::origin);
        Path directory = ModelOption.directory(
                model.name(origin.map(CircuitInput.Origin::model).orElse(BundledModel.NAME)));
        Execution how = execution.startAlone(directory);
        ModelSizes sizes = Models.sizes(directory);
        Optional<MaskValues> masks = input.map(given -> masks(given, sizes));
        Set<Integer> ends = EndTokens.of(directory);
        try (PromptTokenizer tokenizer = PromptTokenizer.open(directory);
                TransformerModel opened = Models.open(directory, how)) {
            results.note(opened);
            int[] start = tokens(prompt, tokenizer);
            Optional<int[]> other = Optional.ofNullable(corrupted).map(text -> tokens(text, tokenizer));
            notes(tokenizer, start).forEach(results::note);
            int[] written = new Generator(opened, masks, ends).generate(start, other, newTokens);
            boolean ended = written.length > 0 && ends.contains(written[written.length - 1]);
            int[] shown = IntStream.concat(Arrays.stream(start), Arrays.stream(written))
                    .filter(token -> !ends.contains(token) && !isBos(token, tokenizer))
                    .toArray();
            Result result = new Result(prompt, tokenizer.decode(shown), start, written, ended);
            results.print(result, result::text);
            return 0;
        }
    }

    private List<String> notes(PromptTokenizer tokenizer, int[] start) {
        List<String> notes = new ArrayList<>(tokenizer.notes());
        tokenizer.doubledPrefix(List.of(start)).ifPresent(notes::add);
        String stripped = prompt.stripTrailing();
        if (!stripped.isEmpty() && !stripped.equals(prompt)) {
            notes.add("--prompt ends with a space, which is then a token by itself, while most models expect it at the"
                    + " beginning of the next word: remove it");
        }
        return notes;
    }

    /** A text's tokens; for an empty text, the token that begins a sequence. */
    private static int[] tokens(String text, PromptTokenizer tokenizer) {
        int[] tokens = tokenizer.encode(text);
        if (tokens.length > 0 && !text.isEmpty()) {
            return tokens;
        }
        return new int[] {
            tokenizer
                    .bos()
                    .orElseThrow(() -> new InputException(
                            tokenizer.source() + ": has no token that begins a sequence: give a --prompt"))
        };
    }

    private static boolean isBos(int token, PromptTokenizer tokenizer) {
        return tokenizer.bos().isPresent() && tokenizer.bos().getAsInt() == token;
    }

    /** The one circuit that was named, in whichever way. */
    private Optional<Path> circuit() {
        List<Path> named =
                Stream.of(circuit, run, edges).flatMap(Optional::stream).toList();
        if (named.size() > 1) {
            throw new InputException(named.get(0) + " and " + named.get(1) + " were given: name one circuit");
        }
        return named.stream().findFirst();
    }

    /** The circuit's binary masks. */
    private MaskValues masks(CircuitInput input, ModelSizes sizes) {
        return input.kind() == CircuitInput.Kind.MASKS
                ? SavedMasks.open(input.path(), sizes, results::note).binary()
                : MaskValues.of(input.circuit(sizes, results::note));
    }

    private record Result(String prompt, String text, int[] promptTokens, int[] newTokens, boolean ended) {}
}
