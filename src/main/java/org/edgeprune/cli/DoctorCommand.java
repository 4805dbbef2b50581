package org.edgeprune.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.edgeprune.hub.BundledModel;
import org.edgeprune.io.InputException;
import org.edgeprune.model.Models;
import org.edgeprune.task.PromptTokenizer;
import org.edgeprune.torch.LibTorch;
import org.edgeprune.torch.LibTorch.Report.Problem;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code edgeprune doctor}: checks the installation. */
@Command(
        name = "doctor",
        description = {
            "Check Java, libtorch, the tokenizers library and the bundled model, and name a remedy for each problem.",
            "Exits with 1 if edgeprune cannot work."
        },
        footerHeading = "%nExamples:%n",
        footer = {"  edgeprune doctor", "  edgeprune doctor --libtorch ~/venv/lib/python3.12/site-packages/torch/lib"})
final class DoctorCommand implements Callable<Integer> {
    @Mixin
    private ComputeOptions compute;

    @Mixin
    private Results results;

    @Override
    public Integer call() {
        compute.prepare();
        LibTorch.Report libtorch = LibTorch.info();
        List<Problem> problems = new ArrayList<>(libtorch.problems());
        Optional<Bundled> model = checkModel(problems);
        boolean healthy = problems.stream().noneMatch(Problem::fatal);
        results.print(
                new Result(healthy, libtorch, model.map(Bundled::text).orElse(null), problems),
                () -> text(libtorch, model, problems, healthy));
        return healthy ? 0 : 1;
    }

    /** Reads the bundled model's configuration and tokenizer, and with it the tokenizers library. */
    private static Optional<Bundled> checkModel(List<Problem> problems) {
        try {
            String sizes = Models.sizes(BundledModel.directory()).architecture();
            try (PromptTokenizer tokenizer = PromptTokenizer.open(BundledModel.directory())) {
                return Optional.of(
                        new Bundled(sizes + ", " + tokenizer.vocabSize() + " tokens", BundledModel.directory()));
            }
        } catch (InputException e) {
            problems.add(new Problem(
                    e.getMessage(), "build edgeprune again (mvn clean verify), or name a model with --model", true));
            return Optional.empty();
        }
    }

    private static String text(
            LibTorch.Report libtorch, Optional<Bundled> model, List<Problem> problems, boolean healthy) {
        Table table = new Table()
                .row("Java", libtorch.java())
                .row("libtorch", known(libtorch.version()))
                .row("  from", known(libtorch.origin()))
                .row("  in", libtorch.directory() == null ? "not found" : libtorch.directory())
                .row("  BLAS", known(libtorch.blas()))
                .row("  CPU kernels", known(libtorch.cpuCapability()))
                .row("  allocator", known(libtorch.allocator()))
                .row("  threads", Integer.toString(libtorch.threads()))
                .row("  devices", String.join(", ", libtorch.devices()))
                .row(
                        "  functions",
                        libtorch.functions() - libtorch.missing().size() + " of " + libtorch.functions()
                                + (libtorch.missing().isEmpty()
                                        ? ""
                                        : "; missing: " + String.join(", ", libtorch.missing())))
                .row("  self-test", libtorch.selfTest() ? "passed" : "not passed")
                .row("bundled model", known(model.map(Bundled::contents).orElse(null)))
                .row("  in", model.map(found -> found.directory().toString()).orElse("not found"));
        StringBuilder text = new StringBuilder(table.toString()).append('\n');
        for (Problem problem : problems) {
            text.append(problem.fatal() ? "PROBLEM: " : "note: ")
                    .append(problem.what())
                    .append("\n    ")
                    .append(problem.remedy())
                    .append('\n');
        }
        return text.append(healthy ? "edgeprune works on this machine." : "edgeprune does not work on this machine.")
                .toString();
    }

    private static String known(String value) {
        return value == null ? "unknown" : value;
    }

    private record Bundled(String contents, Path directory) {
        String text() {
            return contents + ", in " + directory;
        }
    }

    private record Result(boolean healthy, LibTorch.Report libtorch, String bundledModel, List<Problem> problems) {}
}
