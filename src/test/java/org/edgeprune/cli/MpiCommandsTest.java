package org.edgeprune.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.edgeprune.fixture.Fixtures;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** Commands other than one prune under mpirun, on a tiny model: what they write has the bits of one process. */
@Execution(ExecutionMode.CONCURRENT)
class MpiCommandsTest {
    private static final Path MODEL = Fixtures.golden("methods/tiny-llama-gqa").toAbsolutePath();
    private static final Path PROMPTS = Fixtures.golden("methods/ioi40.jsonl").toAbsolutePath();

    @TempDir
    private static Path shared;

    private static Path library;

    @TempDir
    private Path folder;

    @TempDir
    private Path temporary;

    private Mpirun mpirun;

    @BeforeAll
    static void build() {
        library = Mpirun.buildLibrary(shared);
    }

    @BeforeEach
    void prepare() {
        mpirun = new Mpirun(library, temporary);
    }

    /** Batches are cut into several micro-batches. */
    private static List<Object> command(Object... words) {
        List<Object> line = new ArrayList<>(List.of(words));
        line.addAll(List.of("--task", "ioi", "--model", MODEL, "--data", PROMPTS));
        line.addAll(List.of("--json", "--micro-batch", 60, "--workers", 1));
        return line;
    }

    private static List<Object> to(Path out, List<Object> line) {
        return Stream.concat(line.stream(), Stream.of("--out", out)).toList();
    }

    /** What is printed, without times and places. */
    private static JsonNode printed(Tool tool) {
        JsonNode json = tool.ok().json();
        json.findParents("seconds").forEach(parent -> ((ObjectNode) parent).remove("seconds"));
        return ((ObjectNode) json).remove(List.of("scores", "out"));
    }

    /** The files of a folder: bits, or text without what depends on time, ranks and place. */
    private static Map<String, String> contents(Path folder) throws IOException {
        Map<String, String> contents = new TreeMap<>();
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                contents.put(
                        folder.relativize(file).toString(),
                        file.toString().endsWith(".safetensors")
                                ? HexFormat.of().formatHex(Files.readAllBytes(file))
                                : Files.readString(file)
                                        .replaceAll("\"(ranks|gathered_bytes|gather_seconds)\":[^,]*,", "")
                                        .replaceAll("\"(seconds|data)\" ?: ?[^,}\n]*", "")
                                        .replaceAll("[0-9.]+(,| \\| )(?=edge-sparsity-)", ""));
            }
        }
        return contents;
    }

    private void requireSame(int ranks, List<Object> line) throws IOException {
        Path alone = folder.resolve("alone/result");
        Path spread = folder.resolve("spread/result");
        JsonNode expected = printed(Tool.run(to(alone, line).toArray()));
        Tool tool = mpirun.run(ranks, to(spread, line));
        assertEquals(expected, printed(tool));
        assertTrue(tool.err().contains(ranks + " ranks on host "), tool.err());
        Map<String, String> written = contents(alone);
        Map<String, String> found = contents(spread);
        assertEquals(written.keySet(), found.keySet());
        written.forEach((name, content) -> assertEquals(content, found.get(name), name));
        mpirun.assertNothingIsLeft();
    }

    @Test
    void attributionIsSpread() throws IOException {
        requireSame(2, command("attribute", "--method", "eap-ig-inputs", "--steps", 3));
    }

    @Test
    void sweepsAreSpread() throws IOException {
        requireSame(
                2,
                command("sweep", "--published", "--target-edge-sparsity", "0.5,0.8", "--steps", 2, "--save-every", 1));
    }

    @Test
    void runsOfSeveralSeedsAreSpread() throws IOException {
        List<Object> line =
                new ArrayList<>(List.of("prune", "--published", "--seeds", 2, "--steps", 4, "--task", "ioi"));
        line.addAll(List.of("--model", MODEL, "--json", "--micro-batch", 60, "--workers", 1));
        requireSame(2, line);
    }

    private static List<Object> evaluation(Path circuit, Path examples) {
        return command("eval", circuit, "--split", "train", "--examples", examples);
    }

    @Test
    void evaluationIsSpread() throws IOException {
        Path circuit = MODEL.resolve("circuit.edges.json");
        Path alone = folder.resolve("alone.jsonl");
        Path spread = folder.resolve("spread.jsonl");
        JsonNode expected = printed(Tool.run(evaluation(circuit, alone).toArray()));
        assertEquals(expected, printed(mpirun.run(3, evaluation(circuit, spread))));
        assertEquals(Files.readString(alone), Files.readString(spread));

        Tool refused =
                Tool.start(mpirun.ranks(2, Mpirun.command(evaluation(circuit, spread)) + " --max-samples 1$RANK"));
        assertEquals(2, refused.exit(), refused.err());
        assertTrue(refused.said("edgeprune: rank 0 of 2 on host ").contains("by its examples_sha256 ("), refused.err());
    }

    /** A search that one process began and that was killed is continued by two. */
    @Test
    void anAttributionOfOneProcessIsContinuedByTwo() throws IOException {
        List<Object> line = command("mattr", "--steps", 150, "--save-every", 1);
        JsonNode expected = printed(Tool.run(to(folder.resolve("alone"), line).toArray()));
        Path killed = folder.resolve("killed");
        Tool.interrupt(
                "KILL",
                () -> Files.exists(killed.resolve("partial.safetensors")),
                to(killed, line).toArray());
        assertFalse(Files.exists(killed.resolve("scores.safetensors")), "the training had ended before");
        line.add("--resume");
        JsonNode found = printed(mpirun.run(2, to(killed, line)));
        assertEquals(expected.get("strongest_edges"), found.get("strongest_edges"));
        assertEquals(
                contents(folder.resolve("alone")).get("scores.safetensors"),
                contents(killed).get("scores.safetensors"));
        mpirun.assertNothingIsLeft();
    }

    @Test
    void whatIsNotSharedIsRefused() {
        Path out = folder.resolve("reverse");
        Tool tool =
                mpirun.run(2, List.of("tracr", "compile", "reverse", "--vocab", "1,2,3", "--max-len", 5, "--out", out));
        assertEquals(2, tool.exit(), tool.err());
        assertEquals(
                1,
                tool.errLines().stream()
                        .filter(line -> line.startsWith("edgeprune: "))
                        .count(),
                tool.err());
        assertTrue(tool.said("edgeprune: tracr compile: ").contains("leave out mpirun or srun"), tool.err());
        assertFalse(Files.exists(out));
    }
}
