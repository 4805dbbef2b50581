package org.edgeprune.cli;

import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** Suggestions for options that a command does not have. */
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

    /** The end of a message about unknown options: empty, or their names here. */
    static String suggestion(ParameterException e) {
        if (!(e instanceof UnmatchedArgumentException unmatched)) {
            return "";
        }
        Set<String> known = e.getCommandLine().getCommandSpec().optionsMap().keySet();
        String meant = unmatched.getUnmatched().stream()
                .filter(argument -> argument.startsWith("--"))
                .map(argument -> argument.replaceFirst("=.*", "").replace('_', '-'))
                .map(name -> known.contains(name) ? name : PUBLISHED.getOrDefault(name, name))
                .filter(known::contains)
                .distinct()
                .collect(Collectors.joining(", "));
        return meant.isEmpty() ? "" : ": did you mean " + meant + "?";
    }
}
