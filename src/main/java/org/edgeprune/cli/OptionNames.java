package org.edgeprune.cli;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.edgeprune.io.CloseNames;
import picocli.CommandLine;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** What is said about options and commands that are not there. */
final class OptionNames {
    /** Options of the published scripts with other names here. */
    private static final Map<String, String> PUBLISHED = Map.ofEntries(
            Map.entry("--edge-learning-rate", "--edge-lr"),
            Map.entry("--node-learning-rate", "--node-lr"),
            Map.entry("--layer-learning-rate", "--node-lr"),
            Map.entry("--reg-edge-learning-rate", "--edge-reg-lr"),
            Map.entry("--reg-node-learning-rate", "--node-reg-lr"),
            Map.entry("--reg-layer-learning-rate", "--node-reg-lr"),
            Map.entry("--max-steps", "--steps"),
            Map.entry("--per-device-train-batch-size", "--batch-size"),
            Map.entry("--per-device-eval-batch-size", "--batch-size"),
            Map.entry("--dataset-path", "--data"),
            Map.entry("--initialize-from", "--model"),
            Map.entry("--output-dir", "--out"),
            Map.entry("--num-sparsity-warmup-steps", "--sparsity-warmup-steps"),
            Map.entry("--target-edge-sparsity", "--edge-sparsity"),
            Map.entry("--target-node-sparsity", "--node-sparsity"));

    private OptionNames() {}

    /**
     * The line about a command line that cannot be used.
     *
     * <p>A misspelled option is named before all else: that a required one is missing is often its consequence.
     */
    static String message(ParameterException e) {
        CommandLine command = e.getCommandLine();
        List<String> unmatched = command.getUnmatchedArguments();
        if (e instanceof MissingParameterException && !unmatched.isEmpty()) {
            return unmatched(command, unmatched);
        }
        return e instanceof UnmatchedArgumentException u ? unmatched(command, u.getUnmatched()) : e.getMessage();
    }

    private static String unmatched(CommandLine command, List<String> arguments) {
        String first = arguments.getFirst();
        if (!first.startsWith("-")) {
            boolean needsCommand = !command.getSubcommands().isEmpty();
            return needsCommand
                    ? "unknown command '" + first + "'"
                            + CloseNames.question(
                                    first, command.getSubcommands().keySet())
                    : "too many arguments: "
                            + arguments.stream().map(a -> "'" + a + "'").collect(Collectors.joining(", "));
        }
        List<String> options = arguments.stream().filter(a -> a.startsWith("-")).toList();
        String meant = options.stream()
                .flatMap(option -> meant(option, command).stream())
                .distinct()
                .collect(Collectors.joining(", "));
        return (options.size() == 1 ? "Unknown option: " : "Unknown options: ")
                + options.stream().map(option -> "'" + option + "'").collect(Collectors.joining(", "))
                + (meant.isEmpty() ? "" : ": did you mean " + meant + "?");
    }

    /** The options that a misspelled one may stand for: of the published scripts, or of a close name. */
    private static List<String> meant(String option, CommandLine command) {
        Set<String> known = command.getCommandSpec().optionsMap().keySet();
        String name = option.replaceFirst("=.*", "").replace('_', '-');
        String published = known.contains(name) ? name : PUBLISHED.getOrDefault(name, name);
        return known.contains(published) ? List.of(published) : CloseNames.to(name, longNames(known));
    }

    /** One letter is close to every other. */
    private static List<String> longNames(Set<String> known) {
        return known.stream().filter(name -> name.startsWith("--")).toList();
    }
}
