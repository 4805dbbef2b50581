package org.edgeprune.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.edgeprune.attribute.CircuitInput;
import org.edgeprune.io.CloseNames;
import org.edgeprune.io.InputException;
import org.edgeprune.io.Toml;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/**
 * Options from {@code edgeprune.toml}: of the current directory, then of the user's configuration directory. Keys are
 * names of options; those in a table such as {@code [prune]} are for that command, those before all tables for every
 * command that has the option.
 *
 * <p>They are put before the options of the command line, without those that are given there. Where {@code prune}
 * continues a run that exists, or a command reads a run or an attribution, its {@code run.json} says what it was made
 * with, so that only those options count that say where and how to compute.
 */
final class Defaults {
    /** The name of the file. */
    static final String FILE = "edgeprune.toml";

    private static final String SHOW = "--show-config";
    private static final String OUT = "--out";
    private static final String PRUNE = "prune";

    /** What may differ between a run and its evaluation. */
    private static final Set<String> OF_THE_MACHINE = Set.of(
            "--device", "--device-map", "--threads", "--workers", "--libtorch", "--offload", "--recompute", "--json");

    private final List<Source> sources;

    /** A file with its content. */
    private record Source(Path file, JsonNode root) {}

    /**
     * An option that a file sets.
     *
     * @param name with its dashes
     * @param value a text, a number or a truth value
     * @param file that says so
     */
    record Value(String name, String value, Path file) {}

    private Defaults(List<Source> sources) {
        this.sources = sources;
    }

    /** The files of this directory and user that exist. */
    static Defaults ofUser() {
        return of(places().filter(Files::exists).toList());
    }

    /** Where files are looked for, the one that counts most first. */
    static Stream<Path> places() {
        String given = System.getenv("XDG_CONFIG_HOME");
        Path home = Path.of(System.getProperty("user.home"), ".config");
        Path config = given == null || given.isBlank() ? home : Path.of(given);
        return Stream.of(Path.of(FILE), config.resolve("edgeprune").resolve(FILE));
    }

    /**
     * Reads files.
     *
     * @param files the one that counts most first
     * @throws InputException naming file and line of what is not TOML, or the key that no command knows
     */
    static Defaults of(List<Path> files) {
        List<Source> sources = new ArrayList<>();
        for (Path file : files) {
            Source source = new Source(file, Toml.read(file));
            requireKnown(source, source.root(), Main.commandLine(), "");
            sources.add(source);
        }
        return new Defaults(sources);
    }

    private static void requireKnown(Source source, JsonNode table, CommandLine command, String path) {
        for (Map.Entry<String, JsonNode> entry : table.properties()) {
            String key = path + entry.getKey();
            if (entry.getValue().isObject()) {
                CommandLine sub = command.getSubcommands().get(entry.getKey());
                if (sub == null) {
                    throw new InputException(source.file() + ": [" + key + "]: no such command"
                            + CloseNames.question(
                                    entry.getKey(), command.getSubcommands().keySet()));
                }
                requireKnown(source, entry.getValue(), sub, key + ".");
                continue;
            }
            Set<String> known = path.isEmpty() ? allOptions(command) : options(command);
            if (!known.contains(entry.getKey())) {
                throw new InputException(source.file() + ": " + key + ": no such option"
                        + (path.isEmpty() ? "" : " of this command") + CloseNames.question(entry.getKey(), known));
            }
            if (!entry.getValue().isValueNode()) {
                throw new InputException(source.file() + ": " + key + ": must be a text, a number, true or false");
            }
        }
    }

    /** Long names without dashes. */
    private static Set<String> options(CommandLine command) {
        Set<String> names = new TreeSet<>();
        for (OptionSpec option : command.getCommandSpec().options()) {
            if (!option.usageHelp()
                    && !option.versionHelp()
                    && !option.longestName().equals(SHOW)) {
                longNames(option).map(name -> name.substring(2)).forEach(names::add);
            }
        }
        return names;
    }

    /** Old spellings come last. */
    private static Stream<String> longNames(OptionSpec option) {
        return Stream.of(option.names()).filter(name -> name.startsWith("--"));
    }

    private static Set<String> allOptions(CommandLine command) {
        Set<String> names = options(command);
        command.getSubcommands().values().forEach(sub -> names.addAll(allOptions(sub)));
        return names;
    }

    /** The command line with the options of the files before its own. */
    String[] before(String... args) {
        if (sources.isEmpty()) {
            return args;
        }
        CommandLine command = Main.commandLine();
        int at = 0;
        List<String> path = new ArrayList<>();
        while (at < args.length && command.getSubcommands().containsKey(args[at])) {
            command = command.getSubcommands().get(args[at]);
            path.add(args[at++]);
        }
        if (path.isEmpty()) {
            return args;
        }
        List<String> all = new ArrayList<>(List.of(args).subList(0, at));
        for (Value value : values(command, path, List.of(args).subList(at, args.length))) {
            arguments(command, value).forEach(all::add);
        }
        all.addAll(List.of(args).subList(at, args.length));
        return all.toArray(String[]::new);
    }

    private static Stream<String> arguments(CommandLine command, Value value) {
        OptionSpec option = command.getCommandSpec().findOption(value.name());
        boolean flag = option.arity().max() == 0;
        if (!flag) {
            return Stream.of(value.name() + "=" + value.value());
        }
        if (value.value().equals("true")) {
            return Stream.of(value.name());
        }
        if (!value.value().equals("false")) {
            throw new InputException(value.file() + ": " + value.name().substring(2) + " = " + value.value()
                    + ": must be true or false");
        }
        return option.negatable() ? Stream.of(value.name().replaceFirst("^--", "--no-")) : Stream.of();
    }

    /**
     * What the files say for a command.
     *
     * @param path the names of the command, such as tracr and compile
     * @param rest the arguments after them
     */
    List<Value> values(CommandLine command, List<String> path, List<String> rest) {
        Map<String, Value> values = new LinkedHashMap<>();
        boolean continues = continuesRun(path, rest);
        boolean exists = continues || readsRun(path, rest);
        for (Source source : sources) {
            Optional<JsonNode> own = Optional.of(source.root());
            for (String name : path) {
                own = own.map(table -> table.get(name)).filter(JsonNode::isObject);
            }
            Stream.concat(own.stream(), Stream.of(source.root())).forEach(table -> {
                for (String name : options(command)) {
                    JsonNode value = table.get(name);
                    String option = "--" + name;
                    boolean counts = !exists || OF_THE_MACHINE.contains(option) || (continues && option.equals(OUT));
                    if (value != null
                            && value.isValueNode()
                            && counts
                            && !isGiven(command.getCommandSpec().findOption(option), rest)) {
                        values.putIfAbsent(option, new Value(option, value.asText(), source.file()));
                    }
                }
            });
        }
        return List.copyOf(values.values());
    }

    /** The arguments, as far as they can be understood without those that the files add. */
    private static Optional<ParseResult> parsed(List<String> path, List<String> rest) {
        try {
            ParseResult parsed = Main.commandLine()
                    .parseArgs(Stream.concat(path.stream(), rest.stream()).toArray(String[]::new));
            while (parsed.hasSubcommand()) {
                parsed = parsed.subcommand();
            }
            return Optional.of(parsed);
        } catch (ParameterException e) {
            return Optional.empty();
        }
    }

    /**
     * Whether {@code prune} continues a run. Attributions do not take their options from their record: those have to be
     * given again.
     */
    private boolean continuesRun(List<String> path, List<String> rest) {
        if (!path.equals(List.of(PRUNE)) || !rest.contains("--resume")) {
            return false;
        }
        return parsed(path, rest)
                .map(parsed -> parsed.matchedOptionValue(OUT, Path.of("")).toString())
                .or(() -> sources.stream()
                        .flatMap(source -> Stream.of(source.root().path(PRUNE), source.root()))
                        .map(table -> table.path(OUT.substring(2)))
                        .filter(JsonNode::isValueNode)
                        .map(JsonNode::asText)
                        .findFirst())
                .filter(Defaults::isOfRun)
                .isPresent();
    }

    /** Whether the command reads a run or an attribution. */
    private static boolean readsRun(List<String> path, List<String> rest) {
        return parsed(path, rest).stream()
                .flatMap(parsed -> Stream.concat(
                        parsed.matchedPositionals().stream()
                                .filter(parameter -> Set.of("CIRCUIT", "RUN").contains(parameter.paramLabel())),
                        parsed.matchedOptions().stream()
                                .filter(option -> Set.of("--run", "--edges").contains(option.longestName()))))
                .flatMap(given -> given.stringValues().stream())
                .anyMatch(Defaults::isOfRun);
    }

    /** Whether a {@code run.json} says what a circuit or scores were made from; a list of edges alone has none. */
    private static boolean isOfRun(String given) {
        Path path = Path.of(given);
        Path folder =
                path.endsWith(CircuitInput.SCORES_FILE) ? path.toAbsolutePath().getParent() : path;
        return Files.isRegularFile(folder.resolve("run.json"));
    }

    /** Whether an option is on the command line. */
    private static boolean isGiven(OptionSpec option, List<String> rest) {
        return rest.stream().anyMatch(arg -> Stream.of(option.names())
                .anyMatch(name -> arg.equals(name)
                        || arg.startsWith(name + "=")
                        || (!name.startsWith("--") && arg.startsWith(name))
                        || (option.negatable() && arg.equals(name.replaceFirst("^--", "--no-")))));
    }

    /**
     * The table that {@code --show-config} prints.
     *
     * @param last what was parsed of the command itself
     * @param args the command line without what the files add
     */
    String show(ParseResult last, String... args) {
        String[] names = last.commandSpec().qualifiedName(" ").split(" ");
        List<String> path = List.of(names).subList(1, names.length);
        List<String> rest = List.of(args).subList(Math.min(path.size(), args.length), args.length);
        Map<String, Path> files = new LinkedHashMap<>();
        CommandLine command = last.commandSpec().commandLine();
        values(command, path, rest).forEach(value -> files.put(value.name(), value.file()));
        Table table = new Table();
        for (OptionSpec option : last.commandSpec().options()) {
            String name = longNames(option).findFirst().orElseGet(option::longestName);
            if (option.usageHelp() || option.versionHelp() || name.equals(SHOW)) {
                continue;
            }
            if (last.hasMatchedOption(option)) {
                Object value = option.getValue();
                table.row(
                        name,
                        value instanceof Optional<?> some
                                ? some.map(Object::toString).orElse("")
                                : value,
                        longNames(option)
                                .filter(files::containsKey)
                                .findFirst()
                                .<Object>map(files::get)
                                .orElse("command line"));
            } else if (option.defaultValue() != null) {
                table.row(name, option.defaultValue(), "default");
            }
        }
        String read = sources.isEmpty()
                ? "no " + FILE + ": looked for "
                        + String.join(" and ", places().map(Path::toString).toList())
                : "read "
                        + String.join(
                                " and ",
                                sources.stream().map(s -> s.file().toString()).toList());
        return read + "\n" + table;
    }
}
