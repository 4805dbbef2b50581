package org.edgeprune.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Model directories of random weights, as {@code edgeprune init} writes them. */
class InitCommandTest {
    @TempDir
    Path folder;

    private Path config;

    @BeforeEach
    void writeConfig() throws IOException {
        config = folder.resolve("small.json");
        Files.writeString(config, """
                {"model_type": "llama", "num_hidden_layers": 3, "num_attention_heads": 4, "num_key_value_heads": 2, "hidden_size": 64,
                 "intermediate_size": 96, "vocab_size": 2000, "max_position_embeddings": 64, "torch_dtype": "float32"}
                """);
    }

    @Test
    void writesAModelThatOtherCommandsTake() throws IOException {
        Path out = folder.resolve("deep/model");
        JsonNode result = InProcess.run(
                        "init", "--config", config, "--layers", 2, "--dtype", "bf16", "--json", "-o", out)
                .ok()
                .json();
        JsonNode info = InProcess.run("info", out, "--json").ok().json();
        // two embeddings, the last norm; and in a layer q and o, k and v, three of the MLP, two norms
        long expected = 2 * 2000 * 64 + 64 + 2 * (2 * 64 * 64 + 2 * 32 * 64 + 3 * 64 * 96 + 2 * 64);
        assertEquals(expected, result.get("parameters").asLong());
        assertEquals(expected, info.get("parameters").asLong());
        assertEquals(2 * expected, result.get("bytes").asLong());
        assertEquals("BF16", info.get("dtype").asText());
        assertEquals(2, info.get("layers").asInt());
        assertEquals(
                result.get("edges").asInt(),
                info.at("/graph_with_embeddings/edges").asInt());
        JsonNode written =
                new ObjectMapper().readTree(out.resolve("config.json").toFile());
        assertEquals("bfloat16", written.get("torch_dtype").asText());
        assertEquals(2, written.get("num_hidden_layers").asInt());
        assertEquals(List.of("model"), names(folder.resolve("deep")));
    }

    @Test
    void withATokenizerItCanBePruned() {
        Path out = init("model", "--tokenizer", "mini-gpt2");
        Path run = folder.resolve("run");
        InProcess.run(
                        "prune",
                        "--published",
                        "--model",
                        out,
                        "--task",
                        "ioi",
                        "--steps",
                        2,
                        "--batch-size",
                        2,
                        "--max-train-samples",
                        4,
                        "--out",
                        run)
                .ok();
        assertTrue(Files.exists(run.resolve("edges.json")));
    }

    @Test
    void whatCannotBeWrittenIsOneLineAndLeavesNothing() throws Exception {
        Path out = folder.resolve("out");
        Files.writeString(folder.resolve("strange.json"), "{\"model_type\": \"abacus\", \"num_hidden_layers\": 2}");
        Files.writeString(folder.resolve("broken.json"), "{\"model_type\": ");
        Path taken = Files.createDirectory(folder.resolve("taken"));
        Files.writeString(taken.resolve("mine.txt"), "keep");
        List<String> before = names(folder);
        assertOneLine("--config is missing", InProcess.run("init", "-o", out));
        assertOneLine(
                "nowhere.json: not there",
                InProcess.run("init", "--config", folder.resolve("nowhere.json"), "-o", out));
        assertOneLine("'abacus'", InProcess.run("init", "--config", folder.resolve("strange.json"), "-o", out));
        assertOneLine(
                "broken.json: not JSON", InProcess.run("init", "--config", folder.resolve("broken.json"), "-o", out));
        assertOneLine("--layers 0", InProcess.run("init", "--config", config, "--layers", 0, "-o", out));
        assertOneLine("--shard-size", InProcess.run("init", "--config", config, "--shard-size", "much", "-o", out));
        assertTrue(InProcess.run("init", "--config", config, "--dtype", "i64", "-o", out)
                .refused()
                .contains("'i64': use f32, bf16 or f16"));
        assertOneLine("no tokenizer", InProcess.run("init", "--config", config, "--tokenizer", taken, "-o", out));
        Files.writeString(folder.resolve("few.json"), Files.readString(config).replace("2000", "20"));
        assertOneLine(
                "the model only 20",
                InProcess.run("init", "--config", folder.resolve("few.json"), "--tokenizer", "mini-gpt2", "-o", out));
        Files.delete(folder.resolve("few.json"));
        assertOneLine("holds files already", InProcess.run("init", "--config", config, "-o", taken));
        assertOneLine(
                "MB free",
                InProcess.run("init", "--config", "codellama-13b", "--layers", 900, "--dtype", "f32", "-o", out));
        // the system refuses the bytes half-way, as a full disk does
        assertOneLine(
                "cannot be written",
                Tool.start(new ProcessBuilder(
                        "bash",
                        "-c",
                        "ulimit -f 100; exec \"$0\" init --config \"$1\" -o \"$2\"",
                        Tool.LAUNCHER.toString(),
                        config.toString(),
                        out.toString())));
        assertEquals(before, names(folder));
        assertEquals("keep", Files.readString(taken.resolve("mine.txt")));
    }

    @Test
    void interruptedItTakesItsFilesAway() throws IOException {
        Path parent = Files.createDirectory(folder.resolve("parent"));
        Tool interrupted = Tool.interrupt(
                "INT",
                () -> !names(parent).isEmpty(),
                "init",
                "--config",
                "codellama-13b",
                "--layers",
                1,
                "-o",
                parent.resolve("model"));
        assertEquals(130, interrupted.exit());
        assertEquals(List.of(), names(parent));
    }

    private Path init(String name, String... options) {
        Path out = folder.resolve(name);
        Stream<Object> arguments = Stream.concat(Stream.of("init", "--config", config, "-o", out), Stream.of(options));
        InProcess.run(arguments.toArray()).ok();
        return out;
    }

    private static List<String> names(Path directory) {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static void assertOneLine(String expected, Tool tool) {
        String message = tool.refused();
        assertTrue(message.startsWith("edgeprune: ") && message.contains(expected), message);
        assertEquals(1, message.lines().count(), message);
        assertFalse(message.contains(".tmp"), message);
    }
}
