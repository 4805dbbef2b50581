package org.edgeprune.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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
