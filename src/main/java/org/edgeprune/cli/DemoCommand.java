package org.edgeprune.cli;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.edgeprune.attribute.ScoredStart;
import org.edgeprune.hub.BundledModel;
import org.edgeprune.io.FolderLock;
import org.edgeprune.prune.LoadedModel;
import org.edgeprune.prune.PruneResult;
import org.edgeprune.prune.PruneSession;
import org.edgeprune.prune.RunDirectory;
import org.edgeprune.report.RunReport;
import org.edgeprune.task.Tasks;
import org.edgeprune.torch.Device;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code edgeprune demo}: finds a first circuit within minutes. */
@Command(
        name = "demo",
        description = {
            "Find, evaluate and save the circuit of indirect object identification in the bundled model.",
            "The same as edgeprune prune --task ioi with the bundled model and its settings."
        },
        footerHeading = "%nExamples:%n",
        footer = {"  edgeprune demo --out out/demo", "  edgeprune demo --out out/demo-7 --seed 7 --json"})
final class DemoCommand implements Callable<Integer> {
    @Option(
            names = {"-o", "--out"},
            paramLabel = "DIR",
            required = true,
            description = "Directory of the run, in which metrics.json is written.")
    private Path out;

    @Mixin
    private SeedOption seed;

    @Mixin
    private ComputeOptions compute;

    @Mixin
    private Results results;

    @Override
    public Integer call() {
        RunDirectory directory = new RunDirectory(out);
        try (FolderLock lock = FolderLock.of(out)) {
            run(directory, lock);
        }
        return 0;
    }

    private void run(RunDirectory directory, FolderLock lock) {
        Device device = compute.start();
        try (LoadedModel model = LoadedModel.open(BundledModel.NAME, device)) {
            PruneSession published = PruneSession.of(model, Tasks.named("ioi"));
            PruneSession seeded = published.withOptions(published.options().withSeed(seed.value()));
            PruneResult result = PruneCommand.run(
                    ScoredStart.refining(seeded, StartProgress.of(ScoredStart.MATTR)),
                    lock,
                    false,
                    PruneCommand.goOn(out),
                    results);
            RunReport.write(directory, directory.reportFile());
            results.print(
                    result.metrics(),
                    () -> PruneCommand.text(directory, result.metrics()) + "\nReport: " + directory.reportFile());
        }
    }
}
