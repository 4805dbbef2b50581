package org.edgeprune.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.edgeprune.eval.ExampleView;
import org.edgeprune.graph.Ablation;
import org.edgeprune.graph.Circuit;
import org.edgeprune.io.AtomicFile;
import org.edgeprune.io.InputException;
import org.edgeprune.prune.RunDirectory;
import org.edgeprune.report.ExampleSection;
import org.edgeprune.report.RunReport;
import org.edgeprune.task.Answer;
import org.edgeprune.task.Example;
import org.edgeprune.task.Split;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code edgeprune report}: writes a run as a page. */
@Command(
        name = "report",
        description = {
            "Write a run's page: configuration, curves, metrics, the circuit, and every test example.",
            "The page is one self-contained HTML file."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  edgeprune report out/demo",
            "  edgeprune report out/demo --out demo.html",
            "  edgeprune report out/demo --example 1",
            "  edgeprune report out/demo --curve curves.json"
        })
final class ReportCommand implements Callable<Integer> {
    @Parameters(paramLabel = "RUN", description = "Directory of a run that has ended.")
    private Path run;

    @Option(
            names = {"-o", "--out"},
            paramLabel = "FILE",
            description = "File of the page (default: RUN/report.html).")
    private Path out;

    @Option(
            names = "--curve",
            paramLabel = "FILE",
            description =
                    "Also show faithfulness at ten sizes: what edgeprune eval --curve --json printed, of this run and of others.")
    private Optional<Path> curve = Optional.empty();

    @Option(
            names = "--example",
            paramLabel = "N",
            description =
                    "Run the model on test example N and show the attention patterns of the circuit's heads and the logit attribution of its nodes.")
    private Optional<Integer> example = Optional.empty();

    @Mixin
    private ExecutionOptions execution;

    @Mixin
    private Results results;

    @Override
    public Integer call() {
        RunDirectory directory = new RunDirectory(run);
        if (directory.holdsRun()
                && Files.notExists(directory.positionsFile())
                && !Circuit.saysItsGraph(directory.edgesFile())) {
            results.note(DrawCommand.GRAPH_UNKNOWN.formatted(run, run, run));
        }
        Path file = out == null ? directory.reportFile() : out;
        if (example.isPresent()) {
            write(example.get(), file);
        } else {
            AtomicFile.writeText(file, RunReport.of(directory, Optional.empty(), curve));
        }
        results.print(new Result(file.toString()), file::toString);
        return 0;
    }

    private void write(int number, Path file) {
        try (OpenedRun opened = OpenedRun.open(run, execution, results)) {
            if (opened.masks().byPosition()) {
                throw new InputException("--example " + number + ": is for runs whose masks are the same at all"
                        + " positions: leave it out");
            }
            List<Example> examples = opened.examples(Split.TEST, Integer.MAX_VALUE);
            if (number < 1 || number > examples.size()) {
                throw new InputException("--example " + number + ": the run has test examples 1 to " + examples.size());
            }
            Example chosen = examples.get(number - 1);
            if (!(chosen.answer() instanceof Answer.Tokens)) {
                throw new InputException("--example " + number + ": the answers of task "
                        + opened.record().task() + " are not given tokens, whose logits could be attributed");
            }
            Ablation ablation = opened.record().options().ablation();
            if (!ablation.equals(Ablation.INTERCHANGE) && !ablation.equals(Ablation.ZERO)) {
                throw new InputException("--example " + number + ": is for runs with interchange or zero ablation, not "
                        + ablation.name());
            }
            ExampleView view = ExampleView.of(
                    opened.model().model(), opened.masks(), chosen, ablation.equals(Ablation.INTERCHANGE));
            ExampleSection section =
                    new ExampleSection(number, view, opened.model().tokenizer());
            AtomicFile.writeText(file, RunReport.of(opened.directory(), Optional.of(section), curve));
        }
    }

    private record Result(String report) {}
}
