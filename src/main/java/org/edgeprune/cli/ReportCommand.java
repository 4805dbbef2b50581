package org.edgeprune.cli;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.edgeprune.graph.Circuit;
import org.edgeprune.prune.RunDirectory;
import org.edgeprune.report.RunReport;
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
        footer = {"  edgeprune report out/demo", "  edgeprune report out/demo --out demo.html"})
final class ReportCommand implements Callable<Integer> {
    @Parameters(paramLabel = "RUN", description = "Directory of a run that has ended.")
    private Path run;

    @Option(
            names = {"-o", "--out"},
            paramLabel = "FILE",
            description = "File of the page (default: RUN/report.html).")
    private Path out;

    @Mixin
    private Results results;

    @Override
    public Integer call() {
        RunDirectory directory = new RunDirectory(run);
        if (directory.holdsRun() && !Circuit.saysItsGraph(directory.edgesFile())) {
            results.note(DrawCommand.GRAPH_UNKNOWN.formatted(run, run, run));
        }
        Path file = out == null ? directory.reportFile() : out;
        RunReport.write(directory, file);
        results.print(new Result(file.toString()), file::toString);
        return 0;
    }

    private record Result(String report) {}
}
