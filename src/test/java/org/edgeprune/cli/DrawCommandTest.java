package org.edgeprune.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.edgeprune.graph.Circuit;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.graph.GraphShape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

@Execution(ExecutionMode.CONCURRENT)
class DrawCommandTest {
    @TempDir
    Path folder;

    @Test
    void drawsSeveralFormatsAtOnce() throws IOException {
        Files.writeString(folder.resolve("edges.json"), """
                [["tok_embeds", "a0.h1.v"], ["a0.h1", "resid_post"], ["tok_embeds", "m1"]]""");
        Path svg = folder.resolve("c.svg");
        Path dot = folder.resolve("c.dot");
        JsonNode result =
                Tool.run("draw", folder, "-o", svg, "--out", dot, "--json").ok().json();
        assertEquals(2, result.get("edges").asInt());
        assertEquals(1, result.get("dangling_edges").asInt());
        assertTrue(Files.readString(svg).contains("<svg"));
        assertTrue(Files.readString(dot).contains("digraph"));
    }

    /** Key and value head 1 of four query heads with two key/value heads is that of heads 2 and 3. */
    @Test
    void groupedQueryModelsAreDrawnByTheGraphBesideTheList() throws IOException {
        ComputationGraph graph = new ComputationGraph(new GraphShape(1, 4, 2, List.of("embeds"), false));
        Path edges = folder.resolve("edges.json");
        Circuit.full(graph)
                .filter(edge -> edge.toString().matches("embeds -> a0.h1.v|a0.h3 -> resid_post"))
                .write(edges);
        Path dot = folder.resolve("c.dot");
        Tool drawn = InProcess.run("draw", edges, "-o", dot).ok();
        assertEquals("2 edges drawn", drawn.outLines().getFirst());
        assertEquals(
                List.of(
                        "0 edges drawn",
                        "2 left out, on no path from an input to the output (--no-sanitize keeps them)"),
                InProcess.run("draw", edges, "-o", dot, "--heads-per-kv", 1)
                        .ok()
                        .outLines()
                        .subList(0, 2));
    }

    @Test
    void refusesUnknownNodesAndFormats() throws IOException {
        Path edges = Files.writeString(folder.resolve("edges.json"), "[[\"tok_embeds\", \"nose\"]]");
        assertTrue(
                Tool.run("draw", edges, "-o", folder.resolve("c.svg")).refused().contains("edges.json: entry 0"));
        Files.writeString(edges, "[[\"tok_embeds\", \"m0\"]]");
        assertTrue(
                Tool.run("draw", edges, "-o", folder.resolve("c.gif")).refused().contains("c.gif"));
    }
}
