package org.edgeprune.cli;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.edgeprune.model.BundledModel;
import org.edgeprune.prune.PruneOptions;
import org.edgeprune.prune.PruneResult;
import org.edgeprune.prune.Pruner;
import org.edgeprune.prune.RunDirectory;
import org.edgeprune.torch.Device;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code edgeprune demo}: a first circuit, in minutes. */
@Command(
        name = "demo",
        description = {
            "Find, evaluate and save the circuit of indirect object identification in the bundled model.",
            "It is edgeprune prune --task ioi with the bundled model and its settings."
        },
        footerHeading = "%nExamples:%n",
        footer = {"  edgeprune demo --out out/demo", "  edgeprune demo --out out/demo-7 --seed 7 --json"})
final class DemoCommand implements Callable<Integer> {
    @Option(names = "--out", paramLabel = "DIR", required = true, description = "Folder of the run; metrics.json is in it.")
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
        Device device = compute.start();
        PruneOptions options = PruneCommand.preset(BundledModel.NAME).withSeed(seed.value());
        PruneResult result = new PruneSession(
                        directory, BundledModel.NAME, "ioi", null, null, device, options, Pruner.Pace.REFERENCE)
                .run(false, results);
        results.print(result.metrics(), () -> PruneSession.text(directory, result));
        return 0;
    }
}
