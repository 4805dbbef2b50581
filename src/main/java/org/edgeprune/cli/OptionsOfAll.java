package org.edgeprune.cli;

import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** {@code edgeprune} without a command: the options that all commands have, or that stand before them. */
@Command(
        name = "edgeprune",
        description = "Find circuits in transformers by edge pruning.",
        synopsisSubcommandLabel = "COMMAND",
        versionProvider = Main.VersionLine.class)
class OptionsOfAll {
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
            names = "--show-config",
            scope = ScopeType.INHERIT,
            description = "Show the options of a command, with those of edgeprune.toml, instead of running it.")
    @SuppressWarnings("unused") // its presence is looked up
    private boolean showConfig;

    @Option(
            names = "--class-path",
            paramLabel = "JAR",
            split = ":",
            description =
                    "Before the command: jars with more architectures, tasks and scorers; also read from EDGEPRUNE_CLASS_PATH.")
    private void classPath(List<String> jars) {
        // The launcher removes this option, since the class path cannot be changed after Java has started.
        throw new ParameterException(
                spec.commandLine(),
                "--class-path " + String.join(":", jars)
                        + ": only the launcher edgeprune reads this option, before all others; if you start java directly, add the jars to its -cp");
    }
}
