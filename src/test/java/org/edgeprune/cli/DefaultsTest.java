package org.edgeprune.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.edgeprune.io.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Options from edgeprune.toml. */
class DefaultsTest {
    @TempDir
    private Path folder;

    private Path file(String name, String text) throws IOException {
        return Files.writeString(folder.resolve(name), text);
    }

    private static String[] args(String line) {
        return line.split(" ");
    }

    @Test
    void ofTheCommandThenOfAllThenOfTheSecondFile() throws IOException {
        Path first = file("a.toml", "threads = 2\nmodel = \"gpt2\"\n[prune]\nsteps = 100\nnode-loss = false\n");
        Path second =
                file("b.toml", "seed = 7\n[prune]\nsteps = 5\nedge-sparsity = 0.9\n[tracr.check]\nexamples = 1\n");
        Defaults defaults = Defaults.of(List.of(first, second));
        assertArrayEquals(
                args("prune --edge-sparsity=0.9 --model=gpt2 --no-node-loss --seed=7 --steps=100 --threads=2 --out x"),
                sorted(defaults.before("prune", "--out", "x"), 6));
        assertArrayEquals(args("doctor --threads=2"), defaults.before("doctor"));
        assertArrayEquals(
                args("tracr check --model=gpt2 --threads=2 --examples=1 x"), defaults.before("tracr", "check", "x"));
        assertArrayEquals(new String[] {"--help"}, defaults.before("--help"));
    }

    private static String[] sorted(String[] args, int count) {
        Arrays.sort(args, 1, 1 + count);
        return args;
    }

    @Test
    void runsThatExistSayThemselvesWhatTheyWereMadeWith() throws IOException {
        Defaults defaults = Defaults.of(List.of(file("a.toml", "threads = 2\nmodel = \"gpt2\"\n[prune]\nsteps = 3\n")));
        Path run = Files.createDirectory(folder.resolve("run"));
        assertArrayEquals(
                args("prune --model=gpt2 --steps=3 --threads=2 --resume --out " + run),
                sorted(defaults.before("prune", "--resume", "--out", run.toString()), 3),
                "no run yet");
        Files.writeString(run.resolve("run.json"), "{}");
        assertArrayEquals(args("eval --threads=2 " + run), defaults.before("eval", run.toString()));
        assertArrayEquals(
                args("eval --threads=2 " + run + "/scores.safetensors"),
                defaults.before("eval", run + "/scores.safetensors"));
        assertArrayEquals(args("eval --model=gpt2 --threads=2"), sorted(defaults.before("eval"), 2));
        assertArrayEquals(
                args("prune --threads=2 --out " + run + " --resume"),
                defaults.before("prune", "--out", run.toString(), "--resume"));
        assertArrayEquals(
                args("generate --threads=2 --run " + run + " --max-new-tokens 1"),
                defaults.before("generate", "--run", run.toString(), "--max-new-tokens", "1"));
    }

    @Test
    void listsOfEdgesAndAttributionsThatContinueDoNotSayTheirModel() throws IOException {
        Defaults defaults = Defaults.of(List.of(file("a.toml", "threads = 2\nmodel = \"gpt2\"\n")));
        for (String line : List.of("eval edges.json", "validate edges.json")) {
            String[] all = defaults.before(args(line));
            assertTrue(List.of(all).contains("--model=gpt2"), line);
        }
        Path run = Files.createDirectory(folder.resolve("run"));
        Files.writeString(run.resolve("run.json"), "{}");
        assertArrayEquals(
                args("attribute --model=gpt2 --threads=2 --resume --out " + run),
                sorted(defaults.before("attribute", "--resume", "--out", run.toString()), 2));
    }

    /** heads --max-samples was --max-examples. */
    @Test
    void oldAndNewNamesAreKnown() throws IOException {
        for (String name : List.of("max-samples", "max-examples")) {
            Defaults defaults = Defaults.of(List.of(file("a.toml", "[heads]\n" + name + " = 7\n")));
            assertArrayEquals(args("heads --" + name + "=7 run"), defaults.before("heads", "run"));
        }
    }

    @Test
    void aRunInTheFilesFolderIsContinued() throws IOException {
        Path run = Files.createDirectory(folder.resolve("run"));
        Files.writeString(run.resolve("run.json"), "{}");
        Defaults defaults = Defaults.of(List.of(file("a.toml", "steps = 3\nout = \"" + run + "\"\n")));
        assertArrayEquals(args("prune --out=" + run + " --resume"), defaults.before("prune", "--resume"));
    }

    /** picocli would add the values of an option that may be repeated to those of the file. */
    @Test
    void theCommandLineReplacesAlsoListsOfValues() throws IOException {
        Defaults defaults = Defaults.of(
                List.of(file("a.toml", "[attribute]\nlevel = \"edges,neurons\"\n[draw]\nout = \"a.svg\"\n")));
        assertArrayEquals(
                args("attribute --level edges --out x"), defaults.before(args("attribute --level edges --out x")));
        assertArrayEquals(
                args("attribute --level=edges --out x"), defaults.before(args("attribute --level=edges --out x")));
        assertArrayEquals(args("draw x -o b.svg"), defaults.before(args("draw x -o b.svg")));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "stepz = 3 | stepz: no such option; did you mean steps?",
                "[prunee]@steps = 3 | [prunee]: no such command; did you mean prune?",
                "[eval]@steps = 3 | eval.steps: no such option of this command",
                "steps = | 1: not TOML",
                "a = 1@@b | 3: not TOML",
                "steps = [1, 2] | steps: must be a text, a number, true or false",
            })
    void mistakesAreNamed(String text, String message) throws IOException {
        Path file = file("edgeprune.toml", text.replace('@', '\n'));
        String said = assertThrows(InputException.class, () -> Defaults.of(List.of(file)))
                .getMessage();
        assertTrue(said.startsWith(file.toString()) && said.contains(message), said);
    }

    @Test
    void flagsAreTrueOrFalse() throws IOException {
        Defaults defaults = Defaults.of(List.of(file("a.toml", "json = true\noffload = \"maybe\"\n")));
        assertArrayEquals(args("draw --json x -o y.svg"), defaults.before("draw", "x", "-o", "y.svg"));
        assertTrue(assertThrows(InputException.class, () -> defaults.before("info"))
                .getMessage()
                .contains("offload = maybe: must be true or false"));
    }

    @Test
    void theToolReadsThemAndShowsThem() throws IOException {
        Path config = Files.createDirectories(folder.resolve("config/edgeprune"));
        Files.writeString(config.resolve("edgeprune.toml"), "[prune]\nsteps = 77\nbatch-size = 3\n");
        file("edgeprune.toml", "[prune]\nsteps = 99\n");
        ProcessBuilder process = new ProcessBuilder().directory(folder.toFile());
        process.environment().put("XDG_CONFIG_HOME", folder.resolve("config").toString());
        String shown = Tool.run(process, "prune", "--batch-size", 4, "--show-config")
                .ok()
                .out();
        assertTrue(shown.startsWith("read edgeprune.toml and " + config.resolve("edgeprune.toml")), shown);
        assertTrue(shown.matches("(?s).*--steps +99 +edgeprune.toml\n.*"), shown);
        assertTrue(shown.matches("(?s).*--batch-size +4 +command line\n.*"), shown);
        assertTrue(shown.matches("(?s).*--evaluate-every +64 +default\n.*"), shown);
        file("edgeprune.toml", "stepz = 99\n");
        assertEquals(
                "edgeprune: edgeprune.toml: stepz: no such option; did you mean steps?",
                Tool.run(process, "info").refused());
    }
}
