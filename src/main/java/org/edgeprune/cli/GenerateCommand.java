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
import org.edgeprune.eval.AblationStates;
import org.edgeprune.eval.Generator;
import org.edgeprune.graph.Ablation;
import org.edgeprune.hub.BundledModel;
import org.edgeprune.io.InputException;
import org.edgeprune.mask.MaskValues;
import org.edgeprune.model.EndTokens;
import org.edgeprune.model.Execution;
import org.edgeprune.model.ModelSizes;
import org.edgeprune.model.Models;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.prune.SavedMasks;
import org.edgeprune.task.Dataset;
import org.edgeprune.task.Example;
import org.edgeprune.task.PromptTokenizer;
import org.edgeprune.task.tokenizer.ChatTemplate;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code edgeprune generate}: continues a prompt by a model or a circuit. */
@Command(
        name = "generate",
        description = {
            "Continue a prompt by greedy decoding, with the full model or a circuit.",
            "Edges outside the circuit carry the states of a corrupted prompt, as in a run with interchange ablation; the means of",
            "the run's training prompts in a run with mean ablation; or zero."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  edgeprune generate --model path/to/model --max-new-tokens 40",
            "  edgeprune generate --model path/to/model --prompt \"Lily went to\" --max-new-tokens 10",
            "  edgeprune generate out/gp --prompt \"Lily is\" --corrupted \"Tom is\" --max-new-tokens 5",
            "  edgeprune generate out/gp --example 1 --max-new-tokens 1"
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
            names = "--chat",
            description = "Put the prompts to the model as a user's message in its tokenizer's chat template.")
    private boolean chat;

    @Option(
            names = "--example",
            paramLabel = "N",
            description =
                    "With a run: take clean and corrupted prompt of the N-th test example of the run, the first being 1.")
    private Optional<Integer> example = Optional.empty();

    @Option(
            names = "--zero-ablation",
            description = "Let ablated edges carry zero also where the run was made with a corrupted prompt.")
    private boolean zero;

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
        Bounds.atLeast(1, "--max-new-tokens", newTokens);
        if (chat && prompt.isBlank()) {
            throw new InputException("--chat: puts a --prompt in the chat template: give one");
        }
        Optional<CircuitInput> input = circuit().map(CircuitInput::of);
        if (corrupted != null && input.isEmpty()) {
            throw new InputException("--corrupted: has no effect on the full model; give a circuit");
        }
        Optional<CircuitInput.Origin> origin = input.flatMap(CircuitInput::origin);
        requireAblation(input, origin);
        Path directory = ModelOption.directory(
                model.name(origin.map(CircuitInput.Origin::model).orElse(BundledModel.NAME)));
        Execution how = execution.startAlone(directory);
        ModelSizes sizes = Models.sizes(directory);
        Optional<MaskValues> masks = input.map(given -> masks(given, sizes));
        Set<Integer> ends = EndTokens.of(directory);
        try (PromptTokenizer tokenizer = PromptTokenizer.open(directory);
                TransformerModel opened = Models.open(directory, how)) {
            results.note(opened);
            Optional<Dataset> data = input.flatMap(given -> dataset(given, directory, tokenizer, opened));
            Optional<Example> chosen = example.map(n -> example(n, origin.orElseThrow(), data.orElseThrow()));
            int[] start = chosen.map(Example::clean).orElseGet(() -> tokens(prompt, directory, tokenizer));
            Optional<int[]> other = chosen.filter(_ -> made(origin).needsCorruptedPrompt())
                    .map(Example::corrupted)
                    .or(() -> Optional.ofNullable(corrupted).map(text -> tokens(text, directory, tokenizer)))
                    .filter(_ -> !zero);
            notes(tokenizer, start).forEach(results::note);
            int[] written;
            boolean neurons = masks.filter(MaskValues::hasNeurons).isPresent();
            try (AblationStates states = states(origin, data, opened, neurons)) {
                written = new Generator(opened, masks, states, ends).generate(start, other, newTokens);
            }
            boolean ended = ends.contains(written[written.length - 1]);
            if (ended && written.length == 1) {
                results.note("the model ends the text at once, with " + tokenizer.decode(written)
                        + (chat
                                ? ""
                                : ": a model trained on chats continues a prompt in its chat template, see --chat"));
            }
            Result result = new Result(
                    prompt, tokenizer.decode(shown(start, written, ended, tokenizer)), start, written, ended);
            results.print(result, result::text);
            return 0;
        }
    }

    /** A circuit that was found against corrupted prompts means nothing without one. */
    private void requireAblation(Optional<CircuitInput> input, Optional<CircuitInput.Origin> origin) {
        if (example.isPresent() && (origin.isEmpty() || !prompt.isEmpty() || corrupted != null)) {
            throw new InputException("--example " + example.get()
                    + ": takes both prompts from a run: name the run, and neither --prompt nor --corrupted");
        }
        Optional<Ablation> paired =
                origin.flatMap(CircuitInput.Origin::ablation).filter(Ablation::needsCorruptedPrompt);
        if (paired.isPresent() && corrupted == null && example.isEmpty() && !zero) {
            throw new InputException(input.orElseThrow().path() + ": was made with "
                    + paired.get().name() + " ablation, where ablated edges carry a corrupted"
                    + " prompt's states: give one of as many tokens with --corrupted, take a pair of the run's with"
                    + " --example 1, or ask for --zero-ablation");
        }
    }

    /** What cut edges carried in the run; zero for other circuits. */
    private static Ablation made(Optional<CircuitInput.Origin> origin) {
        return origin.flatMap(CircuitInput.Origin::ablation).orElse(Ablation.ZERO);
    }

    /** What cut edges carry where there is no corrupted prompt. */
    private AblationStates states(
            Optional<CircuitInput.Origin> origin, Optional<Dataset> data, TransformerModel opened, boolean neurons) {
        if (!needsMeans(origin)) {
            return AblationStates.ZERO;
        }
        CircuitInput.Reference reference =
                origin.flatMap(CircuitInput.Origin::reference).orElseThrow();
        return AblationStates.of(
                made(origin), opened, reference.of(data.orElseThrow()), reference.batchSize(), neurons);
    }

    private boolean needsMeans(Optional<CircuitInput.Origin> origin) {
        Ablation ablation = made(origin);
        return ablation.needsReferencePrompts() && !ablation.needsCorruptedPrompt() && corrupted == null && !zero;
    }

    /** The run's prompts, where they are needed. */
    private Optional<Dataset> dataset(
            CircuitInput input, Path directory, PromptTokenizer tokenizer, TransformerModel opened) {
        Optional<CircuitInput.Origin> origin = input.origin();
        return origin.filter(_ -> example.isPresent() || needsMeans(origin))
                .map(made -> PromptSource.of(input, made, directory).read(tokenizer, opened.maxPositions(), results));
    }

    private static Example example(int number, CircuitInput.Origin made, Dataset data) {
        List<Example> examples = data.test();
        if (number < 1 || number > examples.size()) {
            throw new InputException("--example " + number + ": the run has " + examples.size()
                    + " test examples: name one" + " from 1 to " + examples.size());
        }
        Example chosen = examples.get(number - 1);
        boolean resampled = made.ablation().filter(Ablation.RESAMPLE::equals).isPresent();
        return resampled
                ? made.reference()
                        .orElseThrow()
                        .of(data)
                        .resampled(List.of(chosen))
                        .getFirst()
                : chosen;
    }

    /** Prompt and new tokens, without those that begin every text and the one that ended this one. */
    private int[] shown(int[] start, int[] written, boolean ended, PromptTokenizer tokenizer) {
        boolean fromNothing = prompt.isEmpty() && example.isEmpty();
        int begins = fromNothing ? start.length : chat ? 0 : tokenizer.prefix().length;
        return IntStream.concat(
                        Arrays.stream(start).skip(begins),
                        Arrays.stream(written).limit(written.length - (ended ? 1 : 0)))
                .toArray();
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
    private int[] tokens(String text, Path directory, PromptTokenizer tokenizer) {
        if (chat) {
            return tokenizer.encodeRendered(ChatTemplate.of(directory).question(text));
        }
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
        if (input.kind() != CircuitInput.Kind.MASKS) {
            return MaskValues.of(input.circuit(sizes, results::note));
        }
        MaskValues masks = SavedMasks.open(input.path(), sizes, results::note).binary();
        if (masks.byPosition()) {
            // generated tokens are at positions without masks
            throw CircuitInput.severalPositions(input.path(), masks.positions());
        }
        return masks;
    }

    private record Result(String prompt, String text, int[] promptTokens, int[] newTokens, boolean ended) {}
}
