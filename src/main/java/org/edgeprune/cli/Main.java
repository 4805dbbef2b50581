package org.edgeprune.cli;

import java.io.PrintWriter;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.function.Function;
import java.util.stream.Stream;
import org.edgeprune.Version;
import org.edgeprune.attribute.AttributionMethod;
import org.edgeprune.attribute.Objective;
import org.edgeprune.graph.Ablation;
import org.edgeprune.io.InputException;
import org.edgeprune.io.OneLine;
import org.edgeprune.prune.MaskLevel;
import org.edgeprune.prune.Pruner;
import org.edgeprune.torch.DType;
import org.edgeprune.torch.TorchException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.TypeConversionException;

/** The command {@code edgeprune}. Exit codes: 0 success, 1 a bug in edgeprune, 2 invalid input. */
@Command(
        subcommands = {
            DemoCommand.class,
            PruneCommand.class,
            AttributeCommand.class,
            MattrCommand.class,
            AcdcCommand.class,
            MethodsCommand.class,
            SweepCommand.class,
            EvalCommand.class,
            EdgesCommand.class,
            HeadsCommand.class,
            CompareCommand.class,
            ValidateCommand.class,
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
            "  edgeprune demo --out out/demo              find a first circuit within minutes",
            "  edgeprune prune --task gt --out out/gt     find the circuit of another task",
            "  edgeprune eval out/gt                      measure its faithfulness",
            "  edgeprune COMMAND --help                   show options and examples of a command"
        })
public final class Main extends OptionsOfAll {
    private static final int NARROWEST_HELP = 60;
    private static final int WIDEST_HELP = 110;

    Main() {}

    /**
     * Runs a command line and exits with its code.
     *
     * @param args the command line
     */
    public static void main(String[] args) {
        // Numbers are formatted the same way everywhere.
        Locale.setDefault(Locale.ROOT);
        System.exit(run(args));
    }

    /** Runs a command line and returns its exit code. */
    static int run(String... args) {
        CommandLine line = commandLine(args.length == 0 ? "" : args[0]);
        try {
            Defaults defaults = Defaults.ofUser();
            line.setExecutionStrategy(parsed -> isShown(parsed) ? show(parsed, defaults, args) : helpOrExecute(parsed));
            // what is only to be shown needs no required options
            line.setParameterExceptionHandler((e, given) -> e instanceof MissingParameterException
                            && e.getCommandLine().getUnmatchedArguments().isEmpty()
                            && isShown(e.getCommandLine().getParseResult())
                    ? show(e.getCommandLine().getParseResult(), defaults, args)
                    : misuse(e));
            return run(line, defaults.before(args));
        } catch (InputException e) {
            return failure(e, line.getErr());
        }
    }

    private static int helpOrExecute(ParseResult parsed) {
        Integer helped = CommandLine.executeHelpRequest(parsed);
        return helped != null
                ? helped
                : RankedCommand.refuse(last(parsed).commandSpec().commandLine())
                        .orElseGet(() -> new CommandLine.RunLast().execute(parsed));
    }

    private static boolean isShown(ParseResult parsed) {
        return last(parsed).hasMatchedOption("--show-config");
    }

    /** That of the command itself. */
    private static ParseResult last(ParseResult parsed) {
        return parsed.hasSubcommand() ? last(parsed.subcommand()) : parsed;
    }

    private static int show(ParseResult parsed, Defaults defaults, String... args) {
        PrintWriter out = last(parsed).commandSpec().commandLine().getOut();
        out.println(defaults.show(last(parsed), args).stripTrailing());
        out.flush();
        return CommandLine.ExitCode.OK;
    }

    /** All commands. */
    static CommandLine commandLine() {
        return readable(new CommandLine(new Main()));
    }

    /**
     * The command with a name, or all if there is none of that name: to read the options of all takes longer than many
     * a command runs.
     */
    private static CommandLine commandLine(String name) {
        return Stream.of(Main.class.getAnnotation(Command.class).subcommands())
                .filter(command -> command.getAnnotation(Command.class).name().equals(name))
                .findFirst()
                .map(command -> readable(new CommandLine(new OptionsOfAll()).addSubcommand(command)))
                .orElseGet(Main::commandLine);
    }

    /** How arguments are read, and what is said where a command fails. */
    private static CommandLine readable(CommandLine commands) {
        return HelpText.readable(commands)
                .setUsageHelpWidth(helpWidth())
                .setCaseInsensitiveEnumValuesAllowed(true)
                // a script's callers may override its options
                .setOverwrittenOptionsAllowed(true)
                .registerConverter(Path.class, Main::path)
                .registerConverter(Ablation.class, text -> read(Ablation::named, text))
                .registerConverter(AttributionMethod.class, text -> read(AttributionMethod::named, text))
                .registerConverter(MaskLevel.class, text -> read(MaskLevel::named, text))
                .registerConverter(Objective.class, text -> read(Objective::named, text))
                .registerConverter(EdgesFormat.class, text -> read(EdgesFormat::named, text))
                .registerConverter(Devices.class, text -> read(Devices::parse, text))
                .registerConverter(DeviceMaps.class, text -> read(DeviceMaps::parse, text))
                .registerConverter(DType.class, text -> read(Main::floating, text))
                .setParameterExceptionHandler((e, given) -> misuse(e))
                .setExecutionExceptionHandler((e, command, parsed) -> failure(e, command.getErr()));
    }

    /** As wide as the terminal, whose width the launcher tells, so that lines break between words. */
    private static int helpWidth() {
        return Math.clamp(Integer.getInteger("edgeprune.columns", WIDEST_HELP), NARROWEST_HELP, WIDEST_HELP);
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

    /** Java's limits are usually exceeded because of the input; a stack trace would not tell whether it is a bug. */
    private static int exhausted(CommandLine line, String message) {
        line.getErr().println("edgeprune: " + OneLine.of(message));
        line.getErr().flush();
        return CommandLine.ExitCode.USAGE;
    }

    /** The first method of edgeprune in a stack trace, for bug reports. */
    private static String place(Error e) {
        return Stream.of(e.getStackTrace())
                .filter(frame -> frame.getClassName().startsWith("org.edgeprune."))
                .findFirst()
                .map(frame -> " [" + frame + "]")
                .orElse("");
    }

    /** An empty path, such as that of an unset variable, would be the current directory. */
    private static Path path(String text) {
        if (text.isEmpty()) {
            throw new TypeConversionException("the path is empty: name one; . is the current directory");
        }
        try {
            return Path.of(text);
        } catch (InvalidPathException e) {
            throw new TypeConversionException(invalid(e));
        }
    }

    private static String invalid(InvalidPathException e) {
        return "'" + e.getInput() + "' is not a valid path (" + e.getReason()
                + "): check it; if it has letters beyond ASCII, set LC_ALL=C.UTF-8";
    }

    private static <T> T read(Function<String, T> reader, String text) {
        try {
            return reader.apply(text);
        } catch (InputException e) {
            throw new TypeConversionException(e.getMessage());
        }
    }

    /** The types of weights and computations. */
    private static DType floating(String text) {
        return Stream.of(DType.F32, DType.BF16, DType.F16)
                .filter(type -> type.name().equalsIgnoreCase(text))
                .findFirst()
                .orElseThrow(() -> new InputException("unknown dtype '" + text + "': use f32, bf16 or f16"));
    }

    private static int misuse(ParameterException e) {
        CommandLine command = e.getCommandLine();
        command.getErr().println("edgeprune: " + OneLine.of(OptionNames.message(e)));
        command.getErr().println("Try '" + command.getCommandSpec().qualifiedName() + " --help'.");
        return CommandLine.ExitCode.USAGE;
    }

    private static int failure(Exception e, PrintWriter err) {
        return failure(e, "edgeprune: ", err);
    }

    /** Prints what went wrong, after who says so, and returns the exit code. */
    static int failure(Throwable e, String who, PrintWriter err) {
        if (e instanceof InputException) {
            err.println(who + e.getMessage());
            return CommandLine.ExitCode.USAGE;
        }
        if (e instanceof Pruner.DivergedException) {
            err.println(who + OneLine.of(e.getMessage()));
            return CommandLine.ExitCode.USAGE;
        }
        if (e instanceof InvalidPathException path) {
            err.println(who + OneLine.of(invalid(path)));
            return CommandLine.ExitCode.USAGE;
        }
        if (e instanceof TorchException torch && torch.isOutOfMemory()) {
            err.println(
                    who
                            + OneLine.of(
                                    e.getMessage()
                                            + ": use smaller batches (--batch-size), or --recompute or --offload where the command has them"));
            return CommandLine.ExitCode.USAGE;
        }
        err.println(who + "internal error, please report it:");
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
