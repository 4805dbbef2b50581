package org.edgeprune.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.edgeprune.eval.AnswerRank;
import org.edgeprune.io.InputException;
import org.edgeprune.model.Models;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.task.Answer;
import org.edgeprune.task.DataReview;
import org.edgeprune.task.Dataset;
import org.edgeprune.task.Example;
import org.edgeprune.task.PromptTokenizer;
import org.edgeprune.task.Records;
import org.edgeprune.task.Row;
import org.edgeprune.task.Split;
import org.edgeprune.task.Task;
import org.edgeprune.task.Tasks;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code edgeprune data check}: shows prompt pairs as a model sees them. */
@Command(
        name = "check",
        description = {
            "Show prompt pairs as a model sees them: tokens, the positions that differ, and the answer's probability and",
            "rank in the full model after the clean and after the corrupted prompt. Warns of what makes circuits meaningless."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  edgeprune data check pairs.jsonl --model path/to/gpt2",
            "  edgeprune data check data/ioi --task ioi --show 20 --json"
        })
final class DataCheckCommand implements Callable<Integer> {
    /** A model that is right less often does not do the task. */
    private static final double USUALLY = 0.5;

    @Parameters(paramLabel = "FILE", description = "File or directory of the prompts.")
    private Path data;

    @Option(
            names = "--task",
            paramLabel = "TASK",
            defaultValue = "custom",
            description = "The task that reads the lines (default: ${DEFAULT-VALUE}).")
    private String task;

    @Option(
            names = "--chat",
            description = "Put the prompts to the model in its tokenizer's chat template, as prune --chat does.")
    private boolean chat;

    @Option(
            names = "--max-samples",
            paramLabel = "N",
            defaultValue = "200",
            description = "Run the model on the first N pairs only (default: ${DEFAULT-VALUE}).")
    private int maxSamples;

    @Option(
            names = "--show",
            paramLabel = "N",
            defaultValue = "5",
            description = "Pairs that are printed; --json has all (default: ${DEFAULT-VALUE}).")
    private int show;

    @Mixin
    private ModelOption model;

    @Mixin
    private ExecutionOptions execution;

    @Mixin
    private Results results;

    @Override
    public Integer call() {
        Bounds.atLeast(1, "--max-samples", maxSamples);
        Bounds.atLeast(0, "--show", show);
        Task named = Tasks.named(chat ? Tasks.inChat(task) : task);
        Set<Row> rows = rows(Records.read(data));
        Path directory = model.directory();
        Task chosen = named.forModel(directory);
        try (PromptTokenizer tokenizer = PromptTokenizer.open(directory);
                TransformerModel opened = Models.open(directory, execution.startAlone(directory))) {
            results.note(opened);
            List<Row> usable = new ArrayList<>();
            List<Example> examples = new ArrayList<>();
            List<String> refused = new ArrayList<>();
            for (Row row : rows) {
                try {
                    examples.add(example(chosen, row, tokenizer));
                    usable.add(row);
                } catch (InputException e) {
                    refused.add(e.getMessage());
                }
            }
            if (usable.isEmpty()) {
                throw new InputException(
                        "no line can be used with this model and task " + task + "; the first: " + refused.getFirst());
            }
            List<Pair> pairs = IntStream.range(0, Math.min(maxSamples, usable.size()))
                    .mapToObj(i -> pair(usable.get(i), examples.get(i), opened, tokenizer))
                    .toList();
            Result result = Result.of(
                    data.toString(),
                    usable.size(),
                    refused,
                    pairs,
                    warnings(usable, examples, pairs, tokenizer, refused));
            results.print(result, () -> text(result));
        }
        return 0;
    }

    /** Each line once, also where a file is used for several splits. */
    private static Set<Row> rows(Records records) {
        return Stream.of(Split.values())
                .flatMap(split -> records.part(split).stream())
                .collect(Collectors.toCollection(LinkedHashSet::new));
    }

    private static Example example(Task task, Row row, PromptTokenizer tokenizer) {
        Example example = task.example(row, tokenizer);
        if (!(example.answer() instanceof Answer.Tokens)) {
            throw row.wrong("task " + task.name() + " has answers that are not given tokens; data check is for tasks"
                    + " such as custom, ioi and gp");
        }
        return example;
    }

    private static Pair pair(Row row, Example example, TransformerModel model, PromptTokenizer tokenizer) {
        Answer.Tokens answer = (Answer.Tokens) example.answer();
        return new Pair(
                row.line(),
                words(example.clean(), tokenizer),
                words(example.corrupted(), tokenizer),
                IntStream.range(0, example.length())
                        .filter(i -> example.clean()[i] != example.corrupted()[i])
                        .toArray(),
                words(answer.targets(), tokenizer),
                words(answer.distractors(), tokenizer),
                Seen.of(AnswerRank.of(model, example.clean(), example.scoreStart(), answer), answer, tokenizer),
                Seen.of(AnswerRank.of(model, example.corrupted(), example.scoreStart(), answer), answer, tokenizer));
    }

    private static List<String> words(int[] tokens, PromptTokenizer tokenizer) {
        return IntStream.of(tokens).mapToObj(token -> tokenizer.decode(token)).toList();
    }

    private static List<String> warnings(
            List<Row> rows, List<Example> examples, List<Pair> pairs, PromptTokenizer tokenizer, List<String> refused) {
        List<String> warnings = new ArrayList<>();
        if (!refused.isEmpty()) {
            warnings.add(refused.size() + " of " + (refused.size() + rows.size())
                    + " lines cannot be used with this model, the first: " + refused.getFirst());
        }
        int n = pairs.size();
        long right = pairs.stream().filter(pair -> pair.inClean().chosen()).count();
        if (right < USUALLY * n) {
            warnings.add("the model does not do the task: it gives the answer of " + right + " of " + n
                    + " clean prompts; a circuit would explain something else");
        }
        long same = pairs.stream().filter(pair -> pair.inCorrupted().chosen()).count();
        if (same > 0) {
            warnings.add("the model gives the same answer to " + same + " of " + n
                    + " corrupted prompts: what differs is not what the answer depends on");
        }
        long several = pairs.stream().filter(pair -> pair.answer().size() > 1).count();
        if (several > 0) {
            warnings.add("the answers of " + several + " of " + n
                    + " pairs have several tokens: the later ones are predicted from the right earlier ones, and the"
                    + " corrupted prompt is aligned with all of them");
        }
        Map<Split, List<Row>> all = new EnumMap<>(Split.class);
        for (Split split : Split.values()) {
            all.put(split, rows);
        }
        warnings.addAll(new DataReview(new Records(all), new Dataset(examples, examples, examples)).notes(tokenizer));
        return warnings;
    }

    private String text(Result result) {
        StringBuilder text = new StringBuilder();
        result.pairs().stream().limit(Math.max(0, show)).forEach(pair -> text.append(pair.text())
                .append('\n'));
        text.append(new Table()
                .row("pairs", result.usable())
                .row("run by the model", result.pairs().size())
                .row("answer given, clean", result.cleanAccuracy())
                .row("answer given, corrupted", result.corruptedAccuracy())
                .row("mean probability, clean", result.cleanProbability())
                .row("mean probability, corrupted", result.corruptedProbability()));
        text.append(result.warnings().isEmpty() ? "\nNo warnings." : "");
        result.warnings()
                .forEach(warning -> text.append('\n').append(Prose.wrapped("Warning: " + warning, Prose.WIDTH)));
        return text.toString();
    }

    /** The answer after one of the two prompts. */
    private record Seen(double probability, int rank, boolean chosen, List<String> choice) {
        static Seen of(AnswerRank rank, Answer.Tokens answer, PromptTokenizer tokenizer) {
            return new Seen(
                    rank.probability(),
                    rank.rank(),
                    Arrays.equals(rank.choice(), answer.targets()),
                    words(rank.choice(), tokenizer));
        }

        String text(String prompt) {
            return "  %-10s p %.4f, rank %d%s%n"
                    .formatted(prompt, probability, rank, chosen ? "" : ", the model says" + quoted(choice));
        }
    }

    private static String quoted(List<String> words) {
        return " \"" + String.join("|", words) + "\"";
    }

    /** A pair, and what the full model makes of it. */
    private record Pair(
            int line,
            List<String> clean,
            List<String> corrupted,
            int[] differs,
            List<String> answer,
            List<String> distractor,
            Seen inClean,
            Seen inCorrupted) {
        String text() {
            String changes = IntStream.of(differs)
                    .mapToObj(i -> i + quoted(List.of(clean.get(i))) + " ->" + quoted(List.of(corrupted.get(i))))
                    .collect(Collectors.joining(", "));
            return "line " + line + ", " + clean.size() + " tokens\n  clean      " + String.join("|", clean)
                    + "\n  corrupted  " + String.join("|", corrupted) + "\n  differ at  "
                    + (changes.isEmpty() ? "no position" : changes) + "\n  answer    " + quoted(answer)
                    + (distractor.isEmpty() ? "" : ", distractor" + quoted(distractor)) + "\n" + inClean.text("clean")
                    + inCorrupted.text("corrupted");
        }
    }

    private record Result(
            String data,
            int usable,
            int refused,
            double cleanAccuracy,
            double corruptedAccuracy,
            double cleanProbability,
            double corruptedProbability,
            List<String> warnings,
            List<Pair> pairs) {
        static Result of(String data, int usable, List<String> refused, List<Pair> pairs, List<String> warnings) {
            return new Result(
                    data,
                    usable,
                    refused.size(),
                    pairs.stream()
                            .collect(Collectors.averagingDouble(p -> p.inClean().chosen() ? 1 : 0)),
                    pairs.stream()
                            .collect(Collectors.averagingDouble(
                                    p -> p.inCorrupted().chosen() ? 1 : 0)),
                    pairs.stream()
                            .collect(Collectors.averagingDouble(p -> p.inClean().probability())),
                    pairs.stream().collect(Collectors.averagingDouble(p -> p.inCorrupted()
                            .probability())),
                    warnings,
                    pairs);
        }
    }
}
