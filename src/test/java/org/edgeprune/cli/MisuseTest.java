package org.edgeprune.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** What mistyped names lead to, and that run, circuit and output are given in one way everywhere. */
class MisuseTest {
    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "prun | unknown command 'prun'; did you mean prune?",
                "tracr chekc x | unknown command 'chekc'; did you mean check?",
                "sing | unknown command 'sing'",
                "prune --oout x | Unknown option: '--oout': did you mean --out?",
                "prune --out x --edge-sparsty 1 | Unknown option: '--edge-sparsty': did you mean --edge-sparsity?",
                "data ioi --outt=x --sed 1 | Unknown options: '--outt=x', '--sed': did you mean --out, --seed?",
                "report a b | too many arguments: 'b'",
            })
    void closeNamesAreSuggested(String line, String message) {
        assertEquals(
                "edgeprune: " + message,
                InProcess.run((Object[]) line.split(" ")).refused());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "prunne | 'prunne' | Try 'edgeprune --help'.",
                "info --wings | Unknown option: '--wings' | Try 'edgeprune info --help'.",
                "data ioi | --out | Try 'edgeprune data --help'.",
                "data ioi --out x --train many | --train | Try 'edgeprune data --help'.",
                "doctor --device tpu | unknown device 'tpu' | Try 'edgeprune doctor --help'.",
            })
    void misuseHasAHint(String line, String fault, String hint) {
        Tool misused = InProcess.run((Object[]) line.split(" "));
        assertTrue(misused.refused().contains(fault), misused.err());
        assertEquals(hint, misused.errLines().getLast());
    }

    @Test
    void badInputIsOneLine() throws Exception {
        Path broken = Files.createDirectory(folder.resolve("broken"));
        Files.writeString(broken.resolve("config.json"), "{\"model_type\": \"gpt2\", \"n_layer\": ");
        Path strange = Files.createDirectory(folder.resolve("strange"));
        Files.writeString(strange.resolve("config.json"), "{\"model_type\": \"abacus\"}");
        assertOneLine(folder.resolve("nowhere") + "/config.json", "info", folder.resolve("nowhere"));
        assertOneLine("config.json: not JSON", "info", broken);
        assertOneLine("'abacus'", "info", strange);
        assertOneLine("task \"chess\" is unknown", "data", "chess", "--out", folder.resolve("data"));
        assertOneLine(
                "none.txt: not there",
                "data",
                "ioi",
                "--out",
                folder.resolve("data"),
                "--templates",
                folder.resolve("none.txt"));
    }

    private static void assertOneLine(String expected, Object... command) {
        Tool wrong = InProcess.run(command);
        assertTrue(wrong.refused().contains(expected), wrong.err());
        assertEquals(1, wrong.errLines().size(), wrong.err());
    }

    @Test
    void closeTasksAreSuggested() {
        String message =
                InProcess.run("data", "oii", "--out", folder.resolve("x")).refused();
        assertTrue(message.endsWith("; did you mean ioi?"), message);
    }

    @Test
    void filtersNameNodesThatExistAndSayWhatTheyDoNotFind() throws Exception {
        Path edges = Files.writeString(folder.resolve("edges.json"), "[[\"a0.h1\", \"m2\"], [\"m2\", \"resid_post\"]]");
        assertTrue(InProcess.run("edges", edges, "--reader", "a1.h2.x")
                .refused()
                .contains("--reader a1.h2.x: no such node"));
        assertTrue(InProcess.run("edges", edges, "--writer", "a0h1").refused().endsWith("; did you mean a0.h1?"));
        Tool none = InProcess.run("edges", edges, "--writer", "a0.*", "--reader", "m3")
                .ok();
        assertEquals(List.of(""), none.outLines());
        assertEquals(edges + ": no edge from a writer 'a0.*' into a reader 'm3'", none.said(edges.toString()));
        assertEquals(
                List.of("a0.h1 -> m2"),
                InProcess.run("edges", edges, "--writer", "a0.*").ok().outLines());
        Path unknown = Files.writeString(folder.resolve("unknown.json"), "[[\"a0.h1\", \"m22\"]]");
        assertTrue(InProcess.run("edges", unknown).refused().contains("did you mean m2?"));
    }

    @Test
    void everyOutputHasBothNames() {
        allCommands(Main.commandLine()).forEach(command -> {
            List<String> names = command.getCommandSpec().optionsMap().keySet().stream()
                    .filter(name -> name.equals("--out") || name.equals("-o"))
                    .sorted()
                    .toList();
            assertTrue(names.isEmpty() || names.size() == 2, command.getCommandName() + names);
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"eval", "edges", "compare", "draw", "generate", "tracr check"})
    void everyCommandOnACircuitTakesItAsItsArgument(String name) {
        CommandLine command = Main.commandLine();
        for (String part : name.split(" ", -1)) {
            command = command.getSubcommands().get(part);
        }
        assertEquals(
                List.of("CIRCUIT"),
                command.getCommandSpec().positionalParameters().stream()
                        .map(CommandLine.Model.PositionalParamSpec::paramLabel)
                        .toList());
    }

    /** The synopsis names what has to be given; options have examples; no name is broken at the end of a line. */
    @Test
    void everyCommandExplainsItself() {
        for (CommandLine command : allCommands(Main.commandLine())) {
            String name = command.getCommandSpec().qualifiedName();
            String help = command.getUsageMessage();
            String synopsis = help.lines().findFirst().orElseThrow();
            assertTrue(synopsis.startsWith("Usage: " + name), help);
            assertTrue(!command.getSubcommands().isEmpty() || help.contains("Examples:\n  " + name), help);
            if (synopsis.contains("[OPTIONS]")) {
                command.getCommandSpec().requiredArgs().stream()
                        .filter(CommandLine.Model.ArgSpec::isOption)
                        .forEach(option -> assertTrue(
                                synopsis.contains(((CommandLine.Model.OptionSpec) option).longestName() + "="),
                                synopsis));
            }
            String paragraph = String.join(
                            " ", command.getCommandSpec().usageMessage().description())
                    .formatted();
            assertTrue(help.replace('\n', ' ').contains(paragraph), help);
        }
    }

    private static List<CommandLine> allCommands(CommandLine command) {
        List<CommandLine> all = new ArrayList<>(List.of(command));
        command.getSubcommands().values().forEach(sub -> all.addAll(allCommands(sub)));
        return all;
    }

    @Test
    void helpFitsTheTerminal() {
        System.setProperty("edgeprune.columns", "80");
        try {
            for (CommandLine command : allCommands(Main.commandLine())) {
                command.getUsageMessage()
                        .lines()
                        .forEach(line -> assertTrue(line.length() <= 80, command.getCommandName() + ": " + line));
            }
        } finally {
            System.clearProperty("edgeprune.columns");
        }
    }
}
