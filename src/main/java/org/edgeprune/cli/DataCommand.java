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
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code edgeprune data}: generates a task's data set. */
@Command(
        name = "data",
        subcommands = DataCheckCommand.class,
        description = {
            "Generate a task's data, or check prompts of your own (data check): OUT/train.jsonl, validation.jsonl and test.jsonl.",
            "The same options give the same files. Names and templates of the test split occur in no other split."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  edgeprune data ioi --out data/ioi",
            "  edgeprune data gt --out data/gt --seed 7 --train 200 --test 500 --model path/to/gpt2",
            "  edgeprune data ioi --out data/mine --templates my-templates.txt --names my-names.txt",
            "  edgeprune data custom-template --templates my-templates.json --out data/mine",
            "  edgeprune data check pairs.jsonl --model path/to/gpt2"
        })
final class DataCommand implements Callable<Integer> {
    @Spec
    private CommandSpec command;

    // Both are required, but not with the command check.
    @Parameters(
            paramLabel = "TASK",
            arity = "0..1",
            description = "The task: ${COMPLETION-CANDIDATES}.",
            completionCandidates = TaskNames.class)
    private Optional<String> task = Optional.empty();

    @Option(
            names = {"-o", "--out"},
            paramLabel = "DIR",
            description = "Directory of the three files; required.")
    private Optional<Path> out = Optional.empty();

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
        String name = task.orElseThrow(() -> missing("Missing required parameter: 'TASK'"));
        Path folder = out.orElseThrow(() -> missing("Missing required option: '--out=DIR'"));
        AtomicDirectory.requireNew(folder);
        Task chosen = Tasks.named(name);
        Generated data;
        if (model.isPresent()) {
            try (PromptTokenizer tokenizer = PromptTokenizer.open(ModelOption.directory(model.get()))) {
                data = chosen.forModel(ModelOption.directory(model.get())).generate(request(Optional.of(tokenizer)));
            }
        } else {
            data = chosen.generate(request(Optional.empty()));
        }
        data.records().writeNew(folder);
        data.notes().forEach(results::note);
        Result result = new Result(
                chosen.name(),
                folder.toString(),
                seed.value(),
                data.records().part(Split.TRAIN).size(),
                data.records().part(Split.VALIDATION).size(),
                data.records().part(Split.TEST).size());
        results.print(
                result,
                () -> String.format(
                        "%s: %d training, %d validation, %d test examples of %s",
                        folder, result.train(), result.validation(), result.test(), result.task()));
        return 0;
    }

    private ParameterException missing(String what) {
        return new ParameterException(command.commandLine(), what);
    }

    private DataRequest request(Optional<PromptTokenizer> tokenizer) {
        return new DataRequest(seed.value(), train, validation, test, tokenizer, templates, names);
    }

    private record Result(String task, String out, long seed, int train, int validation, int test) {}
}
