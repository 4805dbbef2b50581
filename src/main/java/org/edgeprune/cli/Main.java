package org.edgeprune.cli;

import java.io.PrintWriter;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.stream.Stream;
import org.edgeprune.Version;
import org.edgeprune.attribute.AttributionMethod;
import org.edgeprune.attribute.Objective;
import org.edgeprune.graph.Ablation;
import org.edgeprune.io.InputException;
import org.edgeprune.io.OneLine;
import org.edgeprune.model.DeviceMap;
import org.edgeprune.prune.Pruner;
import org.edgeprune.torch.DType;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.TorchException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** The tool {@code edgeprune}. Exit codes: 0 done, 1 a fault of edgeprune's, 2 input that cannot be used. */
@Command(
        name = "edgeprune",
        description = "Find circuits in transformers by edge pruning.",
        synopsisSubcommandLabel = "COMMAND",
        versionProvider = Main.VersionLine.class,
        subcommands = {
            DemoCommand.class,
            PruneCommand.class,
            AttributeCommand.class,
            SweepCommand.class,
            EvalCommand.class,
            EdgesCommand.class,
            CompareCommand.class,
            ReportCommand.class,
            DrawCommand.class,
            BenchCommand.class,
            DataCommand.class,
            DownloadCommand.class,
            ConvertCommand.class,
            InfoCommand.class,
            InitCommand.class,
            GenerateCommand.class,
            DoctorCommand.class,
            TracrCommand.class,
            TrainMiniCommand.class
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  edgeprune demo --out out/demo              a first circuit, in minutes",
            "  edgeprune prune --task gt --out out/gt     the circuit of another task",
            "  edgeprune eval out/gt                      how faithful it is",
            "  edgeprune COMMAND --help                   options and examples of a command"
        })
public final class Main {
    @Spec
    private CommandSpec spec;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            scope = ScopeType.INHERIT,
            description = "Show this help.")
    @SuppressWarnings("unused") // picocli acts on it
    private boolean help;

    @Option(
            names = {"-V", "--version"},
            versionHelp = true,
            description = "Show the version.")
    @SuppressWarnings("unused") // picocli acts on it
    private boolean version;

    @Option(
            names = "--class-path",
            paramLabel = "JAR",
            split = ":",
            description =
                    "Before the command: jars with architectures, tasks and scorers of your own, also in EDGEPRUNE_CLASS_PATH.")
    private void classPath(List<String> jars) {
        // The launcher takes the option out: no class path can be changed once Java runs.
        throw new ParameterException(
                spec.commandLine(),
                "--class-path " + String.join(":", jars)
                        + ": the launcher edgeprune reads this option, before all others; where you start java yourself, add the jars to its -cp");
    }

    public static void main(String[] args) {
        // Numbers look the same everywhere.
        Locale.setDefault(Locale.ROOT);
        System.exit(run(args));
    }

    /** Runs a command line and returns its exit code. */
    static int run(String... args) {
        return run(commandLine(), args);
    }

    /** The commands, with how arguments are read and what is said where a command fails. */
    static CommandLine commandLine() {
        return new CommandLine(new Main())
                .setUsageHelpWidth(110)
                .setCaseInsensitiveEnumValuesAllowed(true)
                // scripts give options, their caller others in their place
                .setOverwrittenOptionsAllowed(true)
                .registerConverter(Path.class, Main::path)
                .registerConverter(Ablation.class, text -> read(Ablation::named, text))
                .registerConverter(AttributionMethod.class, text -> read(AttributionMethod::named, text))
                .registerConverter(Objective.class, text -> read(Objective::named, text))
                .registerConverter(Device.class, text -> read(Device::parse, text))
                .registerConverter(DeviceMap.class, text -> read(DeviceMap::parse, text))
                .registerConverter(DType.class, text -> read(Main::floating, text))
                .setParameterExceptionHandler((e, given) -> misuse(e))
                .setExecutionExceptionHandler((e, command, parsed) -> failure(e, command.getErr()));
    }

    static int run(CommandLine line, String... args) {
        try {
            return line.execute(args);
        } catch (StackOverflowError e) {
            return exhausted(
                    line,
                    "an input is nested too deeply: check it, or give Java more stack (JAVA_TOOL_OPTIONS=-Xss16m)"
                            + place(e));
        } catch (OutOfMemoryError e) {
            return exhausted(
                    line,
                    "Java ran out of memory (" + e.getMessage() + "; it may use "
                            + Runtime.getRuntime().maxMemory() / (1 << 20)
                            + " MiB): check the size of the inputs, or give it more (JAVA_TOOL_OPTIONS=-Xmx8g)"
                            + place(e));
        }
    }

    /** Java's own limits are met by what a user gave: no fault of edgeprune's can be told from the trace. */
    private static int exhausted(CommandLine line, String message) {
        line.getErr().println("edgeprune: " + OneLine.of(message));
        line.getErr().flush();
        return CommandLine.ExitCode.USAGE;
    }

    /** The first of our methods in a trace, for a report of the problem. */
    private static String place(Error e) {
        return Stream.of(e.getStackTrace())
                .filter(frame -> frame.getClassName().startsWith("org.edgeprune."))
                .findFirst()
                .map(frame -> " [" + frame + "]")
                .orElse("");
    }

    /** An empty path, as of a variable that is not set, would be the folder one happens to be in. */
    private static Path path(String text) {
        if (text.isEmpty()) {
            throw new TypeConversionException("the path is empty: name one; . is the current folder");
        }
        try {
            return Path.of(text);
        } catch (InvalidPathException e) {
            throw new TypeConversionException("'" + text + "' is no path (" + e.getReason()
                    + "): check it; where it has letters beyond ASCII, set LC_ALL=C.UTF-8");
        }
    }

    private static <T> T read(Function<String, T> reader, String text) {
        try {
            return reader.apply(text);
        } catch (InputException e) {
            throw new TypeConversionException(e.getMessage());
        }
    }

    /** Those of {@link DType} that weights and computations can be in. */
    private static DType floating(String text) {
        return Stream.of(DType.F32, DType.BF16, DType.F16)
                .filter(type -> type.name().equalsIgnoreCase(text))
                .findFirst()
                .orElseThrow(() -> new InputException("unknown type of numbers '" + text + "': use f32, bf16 or f16"));
    }

    private static int misuse(ParameterException e) {
        CommandLine command = e.getCommandLine();
        command.getErr().println("edgeprune: " + OneLine.of(e.getMessage() + OptionNames.suggestion(e)));
        command.getErr().println("Try '" + command.getCommandSpec().qualifiedName() + " --help'.");
        return CommandLine.ExitCode.USAGE;
    }

    private static int failure(Exception e, PrintWriter err) {
        if (e instanceof InputException) {
            err.println("edgeprune: " + e.getMessage());
            return CommandLine.ExitCode.USAGE;
        }
        if (e instanceof Pruner.DivergedException) {
            err.println("edgeprune: " + OneLine.of(e.getMessage()));
            return CommandLine.ExitCode.USAGE;
        }
        if (e instanceof InvalidPathException path) {
            err.println("edgeprune: "
                    + OneLine.of("'" + path.getInput() + "' is no path (" + path.getReason()
                            + "): check it; where it has letters beyond ASCII, set LC_ALL=C.UTF-8"));
            return CommandLine.ExitCode.USAGE;
        }
        if (e instanceof TorchException torch && torch.isOutOfMemory()) {
            err.println(
                    "edgeprune: "
                            + OneLine.of(
                                    e.getMessage()
                                            + ": smaller batches need less memory (--batch-size), and so do --recompute and --offload where they exist"));
            return CommandLine.ExitCode.USAGE;
        }
        err.println("edgeprune: this is a fault of edgeprune's own:");
        e.printStackTrace(err);
        return CommandLine.ExitCode.SOFTWARE;
    }

    /** For {@code --version}. */
    static final class VersionLine implements CommandLine.IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {"edgeprune " + Version.number() + " (Java " + Runtime.version() + ")"};
        }
    }
}
