package org.edgeprune.cli;

import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.edgeprune.io.AtomicDirectory;
import org.edgeprune.task.DataRequest;
import org.edgeprune.task.Generated;
import org.edgeprune.task.PromptTokenizer;
import org.edgeprune.task.Split;
import org.edgeprune.task.Task;
import org.edgeprune.task.Tasks;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code edgeprune data}: generates a task's data set. */
@Command(
        name = "data",
        description = {
            "Generate a task's data: OUT/train.jsonl, validation.jsonl and test.jsonl.",
            "The same options give the same files. Names and templates of the test split occur in no other split."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  edgeprune data ioi --out data/ioi",
            "  edgeprune data gt --out data/gt --seed 7 --train 200 --test 500 --model path/to/gpt2",
            "  edgeprune data ioi --out data/mine --templates my-templates.txt --names my-names.txt"
        })
final class DataCommand implements Callable<Integer> {
    @Parameters(
            paramLabel = "TASK",
            description = "The task: ${COMPLETION-CANDIDATES}.",
            completionCandidates = TaskNames.class)
    private String task;

    @Option(
            names = {"-o", "--out"},
            paramLabel = "DIR",
            required = true,
            description = "Directory of the three files.")
    private Path out;

    @Mixin
    private SeedOption seed;

    @Option(
            names = "--train",
            paramLabel = "N",
            defaultValue = "1000",
            description = "Training examples (default: ${DEFAULT-VALUE}).")
    private int train;

    @Option(
            names = "--validation",
            paramLabel = "N",
            defaultValue = "200",
            description = "Validation examples (default: ${DEFAULT-VALUE}).")
    private int validation;

    @Option(
            names = "--test",
            paramLabel = "N",
            defaultValue = "1000",
            description = "Test examples (default: ${DEFAULT-VALUE}).")
    private int test;

    @Option(
            names = "--templates",
            paramLabel = "FILE",
            description = "File of templates, one on each line; see data/seeds.")
    private Optional<Path> templates;

    @Option(names = "--names", paramLabel = "FILE", description = "File of names, one on each line.")
    private Optional<Path> names;

    @Option(
            names = "--model",
            paramLabel = "DIR",
            description = "Use only words that are single tokens for the tokenizer of this model directory.")
    private Optional<String> model;

    @Mixin
    private Results results;

    @Override
    public Integer call() {
        AtomicDirectory.requireNew(out);
        Task chosen = Tasks.named(task);
        Generated data;
        if (model.isPresent()) {
            try (PromptTokenizer tokenizer = PromptTokenizer.open(ModelOption.directory(model.get()))) {
                data = chosen.forModel(ModelOption.directory(model.get())).generate(request(Optional.of(tokenizer)));
            }
        } else {
            data = chosen.generate(request(Optional.empty()));
        }
        data.records().writeNew(out);
        data.notes().forEach(results::note);
        Result result = new Result(
                chosen.name(),
                out.toString(),
                seed.value(),
                data.records().part(Split.TRAIN).size(),
                data.records().part(Split.VALIDATION).size(),
                data.records().part(Split.TEST).size());
        results.print(
                result,
                () -> String.format(
                        "%s: %d training, %d validation, %d test examples of %s",
                        out, result.train(), result.validation(), result.test(), result.task()));
        return 0;
    }

    private DataRequest request(Optional<PromptTokenizer> tokenizer) {
        return new DataRequest(seed.value(), train, validation, test, tokenizer, templates, names);
    }

    private record Result(String task, String out, long seed, int train, int validation, int test) {}
}
