package org.edgeprune.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.edgeprune.eval.Evaluation;
import org.edgeprune.fixture.Fixtures;
import org.edgeprune.mask.MaskValues;
import org.edgeprune.prune.LoadedModel;
import org.edgeprune.prune.PruneSession;
import org.edgeprune.prune.RunDirectory;
import org.edgeprune.prune.RunRecord;
import org.edgeprune.prune.SavedMasks;
import org.edgeprune.task.Records;
import org.edgeprune.task.Split;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.LibTorch;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Ablations that need other prompts, from {@code prune} to what uses its run. */
class AblationCommandsTest {
    private static final Path MODEL = Fixtures.golden("methods/tiny-llama-gqa");
    private static final Path PAIRS = Fixtures.golden("methods/ioi40.jsonl");
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private Path folder;

    private Path data;

    @BeforeAll
    static void load() {
        LibTorch.load();
    }

    /** All pairs in every split, so that each prompt has others of its length. */
    @BeforeEach
    void data() throws IOException {
        data = Files.createDirectory(folder.resolve("data"));
        for (String split : new String[] {"train", "validation", "test"}) {
            Files.copy(PAIRS, data.resolve(split + ".jsonl"));
        }
    }

    private Tool prune(String ablation, Object... more) {
        Object[] arguments = {
            "prune",
            "--published",
            "--model",
            MODEL,
            "--task",
            "ioi",
            "--data",
            data,
            "--ablation",
            ablation,
            "--steps",
            4,
            "--batch-size",
            16,
            "--initial-log-alpha",
            -1,
            "--edge-sparsity",
            0.5,
            "--out",
            folder.resolve("run")
        };
        Object[] all = Arrays.copyOf(arguments, arguments.length + more.length);
        System.arraycopy(more, 0, all, arguments.length, more.length);
        return InProcess.run(all);
    }

    private static JsonNode json(Tool run) throws IOException {
        return JSON.readTree(run.ok().out());
    }

    @ParameterizedTest
    @ValueSource(strings = {"mean", "mean-positional", "resample"})
    void aRunIsEvaluatedResumedAndReportedWithItsOwnAblation(String ablation) throws IOException {
        Path run = folder.resolve("run");
        prune(ablation).ok();
        JsonNode record = JSON.readTree(run.resolve("run.json").toFile());
        assertEquals(
                ablation.toUpperCase(Locale.ROOT),
                record.at("/options/ablation").textValue());
        JsonNode metrics = JSON.readTree(run.resolve("metrics.json").toFile());
        assertTrue(metrics.get("num_edges").asInt() < 82, "something is cut: " + metrics);

        JsonNode own = json(InProcess.run("eval", run, "--json"));
        assertEquals(ablation, own.get("ablation").textValue());
        assertEquals(metrics.get("kl"), own.get("kl"));
        JsonNode list = json(InProcess.run(
                "eval",
                run.resolve("edges.json"),
                "--model",
                MODEL,
                "--task",
                "ioi",
                "--data",
                data,
                "--ablation",
                ablation,
                "--batch-size",
                16,
                "--json"));
        assertEquals(own.get("kl").asDouble(), list.get("kl").asDouble(), 1e-6, "means of the same training prompts");
        JsonNode other = json(InProcess.run("eval", run, "--ablation", "interchange", "--json"));
        assertNotEquals(own.get("kl"), other.get("kl"));

        String refused = prune("zero", "--resume").refused();
        assertTrue(refused.contains("changed: ablation"), refused);
        prune(ablation, "--resume").ok();
        InProcess.run("report", run).ok();
        String page = Files.readString(run.resolve("report.html"));
        assertTrue(page.contains(ablation.toUpperCase(Locale.ROOT)));
    }

    /** Of 40 lines, 8 are for testing. */
    @Test
    void whatIsAskedOfARunOnOneFileUsesTheLinesThatItHeldOut() throws IOException {
        Path run = folder.resolve("run");
        Path file = Files.copy(PAIRS, folder.resolve("pairs.jsonl"));
        prune("mean", "--data", file).ok();
        JsonNode kl = JSON.readTree(run.resolve("metrics.json").toFile()).get("kl");

        assertEquals(
                kl, json(InProcess.run("eval", run, "--task", "ioi", "--json")).get("kl"));
        JsonNode page = json(InProcess.run("validate", run, "--draws", 19, "--json"));
        assertEquals(8, page.get("examples").asInt());
        String refused = InProcess.run("generate", run, "--example", 9, "--max-new-tokens", 1)
                .refused();
        assertTrue(refused.contains("the run has 8 test examples"), refused);

        Path heldOut = folder.resolve("test.jsonl");
        Files.write(
                heldOut,
                Records.divided(file).part(Split.TEST).stream()
                        .map(row -> row.json().toString())
                        .toList());
        JsonNode other = json(InProcess.run("eval", run, "--data", heldOut, "--json"));
        assertEquals(kl, other.get("kl"), "means of the run's prompts, not of those it is evaluated on");

        RunRecord record = new RunDirectory(run).readRecord();
        try (LoadedModel model = LoadedModel.open(MODEL.toString(), Device.CPU)) {
            PruneSession session = PruneSession.of(model, record);
            MaskValues masks =
                    SavedMasks.open(run, model.model().sizes(), note -> {}).binary();
            Evaluation evaluation = session.evaluate(
                    masks, session.dataset(new RunDirectory(run)).test());
            assertEquals(kl.asDouble(), evaluation.metrics().get("kl"));
        }

        Files.writeString(file, Files.readString(file) + Files.readString(heldOut));
        refused = InProcess.run("validate", run, "--draws", 19).refused();
        assertTrue(refused.contains("the test examples changed since the run was made"), refused);
    }

    @Test
    void generatingUsesTheMeansOfTheRunOrACorruptedPrompt() {
        Path run = folder.resolve("run");
        prune("mean-positional").ok();
        Object[] generate = {"generate", "--run", run, "--prompt", "Then", "--max-new-tokens", 2};
        InProcess.run(generate).ok();
        String refused = InProcess.run("generate", "--run", run, "--prompt", "Then", "--max-new-tokens", 30)
                .refused();
        assertTrue(refused.contains("means of 19 positions"), refused);
        InProcess.run("generate", "--run", run, "--prompt", "Then", "--corrupted", "When", "--max-new-tokens", 30)
                .ok();
    }

    @Test
    void generatingFromAResampledRunNeedsACorruptedPrompt() {
        prune("resample").ok();
        String refused = InProcess.run(
                        "generate", "--run", folder.resolve("run"), "--prompt", "Then", "--max-new-tokens", 2)
                .refused();
        assertTrue(refused.contains("was made with resample ablation"), refused);
        InProcess.run("generate", "--run", folder.resolve("run"), "--example", 3, "--max-new-tokens", 2)
                .ok();
    }

    /** Before the first step, not in the evaluation after the last one. */
    @Test
    void aTestPromptWithoutPartnerIsRefusedAtOnce() throws IOException {
        Path pairs = folder.resolve("pairs.jsonl");
        List<String> lines = Files.readAllLines(PAIRS).subList(0, 4);
        Files.writeString(
                pairs,
                lines.get(0).replaceFirst("\\{", "{\"split\": \"train\", ") + "\n"
                        + lines.get(1).replaceFirst("\\{", "{\"split\": \"test\", ") + "\n");
        String refused = InProcess.run(
                        "prune",
                        "--published",
                        "--model",
                        MODEL,
                        "--task",
                        "ioi",
                        "--data",
                        pairs,
                        "--ablation",
                        "resample",
                        "--out",
                        folder.resolve("none"))
                .refused();
        assertTrue(refused.contains("--ablation resample: no other reference prompt has as many tokens"), refused);
    }

    @Test
    void groundTruthsAreKnownUnderTwoAblations() {
        String refused = InProcess.run("tracr", "suite", "--ablation", "mean", "--out", folder.resolve("suite"))
                .refused();
        assertTrue(refused.contains("known under zero and interchange ablation"), refused);
    }

    @Test
    void masksOfNodesAloneAreTrainedAndEvaluated() throws IOException {
        Path run = folder.resolve("run");
        Object[] nodes = {
            "prune",
            "--published",
            "--model",
            MODEL,
            "--task",
            "ioi",
            "--data",
            data,
            "--steps",
            4,
            "--batch-size",
            16,
            "--initial-log-alpha",
            -1,
            "--out",
            run,
            "--level",
            "nodes",
            "--node-sparsity",
            0.4
        };
        InProcess.run(nodes).ok();
        JsonNode metrics = JSON.readTree(run.resolve("metrics.json").toFile());
        assertEquals(0, metrics.get("edge_mask_sparsity").asDouble());
        assertTrue(metrics.get("num_nodes").asInt() < metrics.get("total_nodes").asInt(), metrics.toString());
        assertTrue(metrics.get("num_edges").asInt() < metrics.get("total_edges").asInt(), metrics.toString());
        JsonNode evaluated = json(InProcess.run("eval", run, "--json"));
        assertEquals(metrics.get("kl"), evaluated.get("kl"));
        assertEquals(metrics.get("num_nodes"), evaluated.get("num_nodes"));
        assertTrue(prune("interchange", "--edge-sparsity", 0.5, "--level", "nodes")
                .refused()
                .contains("--level nodes edges have no masks"));
        assertTrue(prune("interchange", "--level", "layers").refused().contains("no masks of 'layers'"));
    }

    @Test
    void neuronsAreMaskedEvaluatedAndRefusedWhereTheyCannotBe() throws IOException {
        Path run = folder.resolve("run");
        prune("mean", "--level", "edges,neurons", "--neuron-sparsity", 0.8, "--initial-log-alpha", -1)
                .ok();
        JsonNode metrics = JSON.readTree(run.resolve("metrics.json").toFile());
        assertTrue(
                metrics.get("num_neurons").asInt()
                        < metrics.get("total_neurons").asInt(),
                metrics.toString());
        JsonNode evaluated = json(InProcess.run("eval", run, "--json"));
        assertEquals(metrics.get("kl"), evaluated.get("kl"));
        assertEquals(metrics.get("num_neurons"), evaluated.get("num_neurons"));
        assertTrue(InProcess.run("generate", "--run", run, "--example", 1, "--max-new-tokens", 1)
                        .exit()
                == 0);
        Tool edges = InProcess.run("edges", run);
        assertTrue(edges.err().contains("also has masks of neurons"), () -> "" + edges);
        assertTrue(prune("interchange", "--neuron-sparsity", 0.5)
                .refused()
                .contains("--level edges,nodes neurons have no masks: add neurons to --level"));
        assertTrue(prune("interchange", "--level", "edges,neurons", "--node-sparsity", 0.5)
                .refused()
                .contains("--level edges,neurons nodes have no masks: add nodes to --level"));
        assertTrue(prune("interchange", "--level", "neurons", "--edge-sparsity", 0.5)
                .refused()
                .contains("ask for a --neuron-sparsity"));
        assertTrue(prune("interchange", "--level", "edges,neurons", "--minimal")
                .refused()
                .contains("--minimal: its search cuts edges of a circuit that keeps all neurons"));
    }

    /** Of 40 lines without splits a run has 8 for its test, and the means are of its 28 training lines. */
    @Test
    void generatingTakesAFileApartAsTheRunDid() {
        data = PAIRS;
        prune("mean").ok();
        assertTrue(InProcess.run("generate", "--run", folder.resolve("run"), "--example", 9, "--max-new-tokens", 1)
                .refused()
                .contains("has 8 test examples"));
        InProcess.run("generate", "--run", folder.resolve("run"), "--example", 8, "--max-new-tokens", 1)
                .ok();
    }
}
