package org.edgeprune.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.edgeprune.hub.LocalHub;
import org.edgeprune.report.TinyRun;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** sweep, report and compare, and models from a Hub. */
class ToolsOnRunsTest {
    @TempDir
    private static Path dir;

    private static Path model;
    private static Path data;

    @BeforeAll
    static void prepare() {
        model = TinyRun.model(dir.resolve("model"));
        data = TinyRun.data("ioi", model, dir.resolve("data"));
    }

    private static Tool sweep(String targets, Object out) {
        return sweep(targets, out, "--json");
    }

    private static Tool sweep(String targets, Object out, String last) {
        return InProcess.run(
                "sweep",
                "--published",
                "--model",
                model,
                "--task",
                "ioi",
                "--data",
                data,
                "--target-edge-sparsity",
                targets,
                "--steps",
                8,
                "--batch-size",
                4,
                "--sparsity-warmup-steps",
                4,
                "--warmup-steps",
                0,
                "--threads",
                1,
                "--out",
                out,
                last);
    }

    @Test
    void aSweepGrowsSkipsWhatIsDoneAndItsRunsAreComparedAndReported() throws IOException {
        Path out = dir.resolve("sweep");
        assertEquals(1, sweep("0.3", out).ok().json().get("runs").size());
        Path first = out.resolve("edge-sparsity-0.3");
        var made = Files.getLastModifiedTime(first.resolve("metrics.json"));
        Tool second = sweep("0.6,0.3", out).ok();
        assertEquals(made, Files.getLastModifiedTime(first.resolve("metrics.json")), "not run again");
        assertTrue(second.err().contains("edge-sparsity-0.3: already finished"), second.err());
        List<String> csv = Files.readAllLines(out.resolve("sweep.csv"));
        assertEquals(3, csv.size());
        assertTrue(csv.get(1).startsWith("0.3,") && csv.get(2).startsWith("0.6,"), csv.toString());
        assertTrue(Files.exists(out.resolve("sweep.md")) && Files.exists(out.resolve("sweep.svg")));
        List<String> table = sweep("0.6,0.3", out, "--threads=1").ok().outLines();
        assertEquals(
                List.of("target", "sparsity", "edges", "on", "paths", "accuracy", "logit_difference", "kl"),
                List.of(table.getFirst().strip().split(" +")));
        assertTrue(table.get(1).startsWith("0.3 ") && table.get(3).startsWith("full model "), table.toString());
        assertTrue(table.subList(0, 4).stream().noneMatch(line -> line.length() > 80), table.toString());

        Path both = dir.resolve("both.json");
        Path any = dir.resolve("any.json");
        JsonNode compared = InProcess.run(
                        "compare",
                        first,
                        out.resolve("edge-sparsity-0.6"),
                        first.resolve("edges.json"),
                        "--intersection",
                        both,
                        "--union",
                        any,
                        "--json")
                .ok()
                .json();
        assertEquals(1, compared.get("overlap").get(0).get(2).asDouble());
        assertTrue(compared.get("metrics").get("kl").get(0).isNumber()
                && compared.get("metrics").get("kl").get(2).isNull());
        Path picture = out.resolve("both.svg");
        JsonNode again = InProcess.run("compare", both, any, "--json", "--picture", picture)
                .ok()
                .json();
        assertTrue(Files.readString(picture).contains(">in both: "));
        String text = InProcess.run("compare", first, out.resolve("edge-sparsity-0.6"))
                .ok()
                .out();
        assertTrue(text.matches("(?s).*num_edges +[\\d,]+ +[\\d,]+\n.*"), text);
        assertEquals(compared.get("intersection"), again.get("edges").get(0));
        assertEquals(compared.get("union"), again.get("edges").get(1));

        Path page = first.resolve("report.html");
        assertEquals(page + "\n", InProcess.run("report", first).ok().out());
        assertTrue(Files.readString(page).contains("Sparsity against target"));
    }

    @Test
    void aSweepDoesNotMixRunsOfOtherOptions() {
        Path out = dir.resolve("other");
        sweep("0.3", out).ok();
        String message = InProcess.run(
                        "sweep",
                        "--published",
                        "--model",
                        model,
                        "--task",
                        "ioi",
                        "--data",
                        data,
                        "--target-edge-sparsity",
                        0.3,
                        "--steps",
                        9,
                        "--out",
                        out)
                .refused();
        assertTrue(message.contains("was run with another model, data or options"), message);
    }

    /** The scripts' options are the paper's; what is given behind them holds instead. */
    @ParameterizedTest
    @ValueSource(strings = {"ioi", "gt", "gp"})
    void sweepScriptsPassArgumentsOn(String task) throws IOException {
        Path out = dir.resolve("script-" + task);
        ProcessBuilder script = new ProcessBuilder(
                "run_scripts/" + task + "_sweep.sh",
                "--model",
                model.toString(),
                "--data",
                TinyRun.data(task, model, dir.resolve("data-" + task)).toString(),
                "--out",
                out.toString(),
                "--steps",
                "4",
                "--target-edge-sparsity",
                "0.3",
                "--json");
        assertEquals(1, Tool.start(script).ok().json().get("runs").size());
        JsonNode options = new ObjectMapper()
                .readTree(out.resolve("edge-sparsity-0.3/run.json").toFile())
                .get("options");
        assertEquals(4, options.get("steps").asInt());
        assertEquals(32, options.get("batch_size").asInt());
        assertEquals(
                task.equals("ioi") ? 0.72 : task.equals("gt") ? 0.68 : 0.69,
                options.at("/node_sparsity/target").asDouble());
        assertEquals(2500, options.at("/edge_sparsity/warmup_steps").asInt());
        assertTrue(options.get("embedding_nodes").asBoolean()
                && !options.get("node_loss").asBoolean());
    }

    /** A name that is no directory is a repository: downloaded once, then taken from the cache. */
    @Test
    void modelsHaveNamesOnTheHub() throws IOException {
        try (LocalHub hub = new LocalHub()) {
            for (String file : List.of("config.json", "model.safetensors", "tokenizer.json")) {
                hub.files.put(file, Files.readAllBytes(model.resolve(file)));
            }
            String first = info(hub, LocalHub.REPOSITORY).ok().out();
            assertTrue(first.contains("gpt2"), first);
            hub.requests.clear();
            String same = info(hub, LocalHub.REPOSITORY + "@" + LocalHub.COMMIT)
                    .ok()
                    .out()
                    .replace("@" + LocalHub.COMMIT, "");
            assertEquals(withoutAvailable(first), withoutAvailable(same));
            assertEquals(List.of(), hub.requests, "from the cache");
            assertTrue(info(hub, "no/model")
                    .refused()
                    .startsWith("edgeprune: no/model: no such directory; on the Hub: no/model: not found"));
        }
    }

    /** How much memory is free changes from one call to the next. */
    private static String withoutAvailable(String info) {
        return info.replaceAll("available  .*", "");
    }

    private static Tool info(LocalHub hub, String name) {
        ProcessBuilder process = new ProcessBuilder();
        process.environment()
                .keySet()
                .removeIf(v -> v.startsWith("HF_") || v.toLowerCase(Locale.ROOT).endsWith("_proxy"));
        process.environment().put("HF_ENDPOINT", hub.endpoint().toString());
        process.environment().put("HF_HOME", dir.resolve("hf").toString());
        return Tool.run(process, "info", name);
    }
}
