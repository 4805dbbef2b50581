package org.edgeprune.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;
import java.util.SplittableRandom;
import org.edgeprune.fixture.Fixtures;
import org.edgeprune.graph.Circuit;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.model.Models;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/**
 * Gendered pronouns in a trained Llama of 260 thousand parameters, from templates to a circuit that still knows Lily
 * from Tim.
 */
@Execution(ExecutionMode.CONCURRENT)
class StoriesTest {
    /** The model continues each with "he" or "she". The last ones are held out. */
    private static final List<String> TEMPLATES = List.of(
            "{NAME} was very happy because",
            "{NAME} was so excited that",
            "{NAME} was playing in the park when",
            "{NAME} was tired, so",
            "{NAME} loved the toy because",
            "{NAME} was angry because",
            "{NAME} wanted to play, but",
            "{NAME} was so happy that",
            "{NAME} ran home because",
            "One day, {NAME} was sad because",
            "{NAME} smiled because",
            "{NAME} went to the park because",
            "{NAME} was scared because",
            "{NAME} wanted to play with the ball, but",
            "One day, {NAME} was so happy that",
            "{NAME} wanted to help, so");
    /** With as many tokens in pairs. */
    private static final List<String> NAMES =
            List.of("Lily f", "Mia f", "Sue f", "Lucy f", "Anna f", "Tim m", "Max m", "Jack m", "Bob m", "John m");

    @TempDir
    private Path folder;

    @Test
    void aSparseCircuitStillChoosesThePronoun() throws Exception {
        Path model = Fixtures.thirdPartyModel("stories260k");
        Path templates = Files.write(folder.resolve("templates.txt"), TEMPLATES);
        Path names = Files.write(folder.resolve("names.txt"), NAMES);
        Path data = folder.resolve("data");
        Path run = folder.resolve("run");
        Tool.run(
                        "data",
                        "gp",
                        "--model",
                        model,
                        "--templates",
                        templates,
                        "--names",
                        names,
                        "--train",
                        90,
                        "--validation",
                        10,
                        "--test",
                        30,
                        "--out",
                        data)
                .ok();
        JsonNode pruned = Tool.run(
                        "prune",
                        "--published",
                        "--model",
                        model,
                        "--task",
                        "gp",
                        "--data",
                        data,
                        "--out",
                        run,
                        "--json",
                        "--steps",
                        200,
                        "--batch-size",
                        16,
                        "--warmup-steps",
                        10,
                        "--sparsity-warmup-steps",
                        150,
                        "--edge-sparsity",
                        0.85,
                        "--edge-lr",
                        0.5,
                        "--edge-reg-lr",
                        0.1,
                        "--no-node-loss",
                        "--initial-log-alpha",
                        2)
                .ok()
                .json();
        assertTrue(pruned.get("edge_sparsity").asDouble() >= 0.85, pruned.toString());

        Path edges = run.resolve("edges.json");
        JsonNode found = evaluated(edges, model, data);
        assertEquals(30, found.get("examples").asInt());
        assertEquals(pruned.get("num_edges"), found.get("num_edges"));
        assertEquals(1, found.get("full_model_accuracy").asDouble());
        assertTrue(found.get("accuracy").asDouble() >= 0.9, found.toString());
        assertTrue(
                found.get("logit_difference").asDouble()
                        > 0.5 * found.get("full_model_logit_difference").asDouble(),
                found.toString());

        JsonNode random =
                evaluated(randomOf(Circuit.read(edges, Models.sizes(model).graph())), model, data);
        assertEquals(found.get("num_edges"), random.get("num_edges"));
        assertTrue(random.get("accuracy").asDouble() < 0.6, random.toString());
        assertTrue(found.get("kl").asDouble() < 0.3 * random.get("kl").asDouble(), found + " " + random);
    }

    private static JsonNode evaluated(Path edges, Path model, Path data) {
        return Tool.run("eval", "--edges", edges, "--model", model, "--task", "gp", "--data", data, "--json")
                .ok()
                .json();
    }

    /** As many edges, drawn at random. */
    private Path randomOf(Circuit circuit) throws Exception {
        ComputationGraph graph = circuit.graph();
        SplittableRandom random = new SplittableRandom(3);
        BitSet edges = new BitSet();
        while (edges.cardinality() < circuit.size()) {
            edges.set(random.nextInt(graph.edgeCount()));
        }
        return Files.writeString(
                folder.resolve("random.json"), Circuit.of(graph, edges).toJson());
    }
}
