package org.edgeprune.cli;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.edgeprune.io.InputException;
import picocli.CommandLine.Option;

/** {@code --shard-size}: the largest size of a file of weights. */
final class ShardOption {
    private static final Pattern SIZE = Pattern.compile("(\\d{1,12})\\s*(KB|MB|GB)?", Pattern.CASE_INSENSITIVE);

    @Option(
            names = "--shard-size",
            paramLabel = "BYTES",
            defaultValue = "5GB",
            description =
                    "Largest size of a file of weights; KB, MB and GB may follow the number (default: ${DEFAULT-VALUE}).")
    private String size;

    /** @throws InputException if it is not a positive number of bytes */
    long bytes() {
        Matcher matcher = SIZE.matcher(size.strip());
        long number = matcher.matches() ? Long.parseLong(matcher.group(1)) : 0;
        if (number < 1) {
            throw new InputException(
                    "--shard-size " + size + ": must be a number of bytes, such as 500000000 or 500MB");
        }
        if (number > Long.MAX_VALUE / 1_000_000_000) {
            throw new InputException("--shard-size " + size + ": is too large");
        }
        String unit = matcher.group(2) == null ? "" : matcher.group(2).toUpperCase(Locale.ROOT);
        return number
                * switch (unit) {
                    case "KB" -> 1_000L;
                    case "MB" -> 1_000_000L;
                    case "GB" -> 1_000_000_000L;
                    default -> 1L;
                };
    }
}
