package org.edgeprune.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.spi.ToolProvider;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** The example extension in {@code src/it/extension}, compiled, in a jar, and used through the launcher. */
@Execution(ExecutionMode.CONCURRENT)
class ExtensionTest {
    private static final Path SOURCE = Path.of("src/it/extension");

    @TempDir
    static Path shared;

    private static Path jar;

    @TempDir
    Path folder;

    @BeforeAll
    static void build() throws IOException {
        Path classes = shared.resolve("classes");
        List<String> arguments =
                new ArrayList<>(List.of("-d", classes.toString(), "-cp", System.getProperty("java.class.path")));
        try (Stream<Path> files = Files.walk(SOURCE.resolve("src/main/java"))) {
            files.map(Path::toString).filter(name -> name.endsWith(".java")).forEach(arguments::add);
        }
        run("javac", arguments.toArray(String[]::new));
        jar = shared.resolve("extension.jar");
        run(
                "jar",
                "--create",
                "--file",
                jar.toString(),
                "-C",
                classes.toString(),
                ".",
                "-C",
                SOURCE.resolve("src/main/resources").toString(),
                ".");
    }

    private static void run(String tool, String... arguments) {
        assertEquals(0, ToolProvider.findFirst(tool).orElseThrow().run(System.out, System.err, arguments));
    }

    @Test
    void itsArchitectureAndTaskMakeACircuit() {
        Path model = folder.resolve("model");
        Tool.run(
                        "--class-path",
                        jar,
                        "init",
                        "--config",
                        SOURCE.resolve("nano_relu.json"),
                        "--tokenizer",
                        "mini-gpt2",
                        "-o",
                        model)
                .ok();
        String info = Tool.run("--class-path=" + jar, "info", model).ok().out();
        assertTrue(info.contains("nano_relu") && info.contains("2 of 4 heads"), info);
        Path run = folder.resolve("run");
        ProcessBuilder process = new ProcessBuilder();
        process.environment().put("EDGEPRUNE_CLASS_PATH", jar.toString());
        Tool.run(
                        process,
                        "prune",
                        "--published",
                        "--model",
                        model,
                        "--task",
                        "repeat",
                        "--steps",
                        3,
                        "--batch-size",
                        4,
                        "--out",
                        run)
                .ok();
        assertTrue(Files.exists(run.resolve("edges.json")));
        Tool without = Tool.run("eval", run);
        assertEquals(2, without.exit());
        assertEquals(1, without.err().lines().count(), without.err());
    }

    @Test
    void itsScorerJudgesTheUsersOwnPrompts() throws IOException {
        Path data = folder.resolve("prompts.jsonl");
        Files.writeString(data, """
                {"clean": " Anna Carl Anna<predict> Carl</predict>", "corrupted": " Anna David Anna David"}
                """);
        Path run = folder.resolve("run");
        Tool.run(
                        "--class-path",
                        jar,
                        "prune",
                        "--published",
                        "--task",
                        "custom:rank",
                        "--data",
                        data,
                        "--steps",
                        2,
                        "--batch-size",
                        1,
                        "--out",
                        run)
                .ok();
        String metrics = Files.readString(run.resolve("metrics.json"));
        assertTrue(metrics.contains("reciprocal_rank"), metrics);
    }

    @Test
    void whatIsFoundIsListedWithItsJar() {
        String listed =
                Tool.run("--class-path", jar, "info", "--extensions").ok().out();
        for (String name : List.of("nano_relu", "repeat", "rank")) {
            assertTrue(
                    listed.lines().anyMatch(line -> line.contains(" " + name + " ") && line.endsWith("extension.jar")),
                    listed);
        }
        assertTrue(listed.contains("gpt_neox"), listed);
        String help = Tool.run("--class-path", jar, "prune", "--help").ok().out();
        assertTrue(help.contains("repeat"), help);
    }

    @Test
    void aNameThatIsClaimedTwiceIsOneLineWithBothJars() throws IOException {
        Path again = Files.copy(jar, folder.resolve("again.jar"));
        Path classes = Files.createDirectories(folder.resolve("services/META-INF/services"));
        Files.writeString(
                classes.resolve("org.edgeprune.task.Task"),
                "org.edgeprune.task.GenderedPronounTask\norg.example.Same\n");
        Path source = folder.resolve("Same.java");
        Files.writeString(source, """
                package org.example;
                import org.edgeprune.task.*;
                public final class Same implements Task {
                    public String name() { return "repeat"; }
                    public String summary() { return ""; }
                    public Example example(Row row, PromptTokenizer tokenizer) { throw row.wrong(""); }
                    public Scorer scorer(PromptTokenizer tokenizer) { return new TokenScorer(); }
                }
                """);
        run(
                "javac",
                "-d",
                folder.resolve("services").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                source.toString());
        Tool tool = Tool.run(
                "--class-path",
                again + ":" + folder.resolve("services"),
                "data",
                "repeat",
                "--out",
                folder.resolve("d"));
        assertEquals(2, tool.exit());
        assertEquals(1, tool.err().lines().count(), tool.err());
        assertTrue(
                tool.err().contains("task 'repeat' is claimed twice")
                        && tool.err().contains("again.jar")
                        && tool.err().contains("services"),
                tool.err());
    }

    @Test
    void aClassThatCannotBeLoadedIsOneLineWithItsJar() throws IOException {
        Path services = Files.createDirectories(folder.resolve("META-INF/services"));
        Files.writeString(services.resolve("org.edgeprune.task.Task"), "org.example.NotThere\n");
        Path broken = folder.resolve("broken.jar");
        run("jar", "--create", "--file", broken.toString(), "-C", folder.toString(), "META-INF");
        Tool tool = Tool.run("--class-path", broken, "data", "gp", "--out", folder.resolve("d"));
        assertEquals(2, tool.exit());
        assertEquals(1, tool.err().lines().count(), tool.err());
        assertTrue(
                tool.err().contains("broken.jar: ")
                        && tool.err().contains("org.example.NotThere")
                        && tool.err().contains("leave it out"),
                tool.err());
    }

    @Test
    void aJarThatIsNotThereIsNamed() {
        Tool tool = Tool.run("--class-path", folder.resolve("no.jar"), "--version");
        assertEquals(2, tool.exit());
        assertTrue(tool.err().contains("no.jar") && tool.err().contains("--class-path"), tool.err());
    }
}
