package org.edgeprune.draw;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.edgeprune.draw.DrawnGraph.LinkKind;
import org.edgeprune.io.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DrawnGraphTest {
    private static final DrawOptions DEFAULTS = DrawOptions.defaults();

    @TempDir
    Path dir;

    private static DrawnGraph graph(DrawOptions options, boolean implicitInputs, String... edges) {
        List<DrawnEdge> list = java.util.Arrays.stream(edges)
                .map(e -> new DrawnEdge(e.split(">", -1)[0], e.split(">", -1)[1]))
                .toList();
        return DrawnGraph.of(list, options, implicitInputs);
    }

    private static Set<String> links(DrawnGraph graph, LinkKind kind) {
        return graph.links().stream()
                .filter(link -> link.kind() == kind)
                .map(link -> graph.nodes().get(link.from()).name() + ">"
                        + graph.nodes().get(link.to()).name())
                .collect(Collectors.toSet());
    }

    private static List<String> nodes(DrawnGraph graph) {
        return graph.nodes().stream().map(DrawnNode::name).toList();
    }

    @Test
    void headInputsThatAreReadFeedTheirHead() {
        DrawnGraph graph = graph(DEFAULTS, false, "tok_embeds>a0.h1.q", "tok_embeds>a0.h1.v", "a0.h1>resid_post");
        assertEquals(Set.of("a0.h1.q>a0.h1", "a0.h1.v>a0.h1"), links(graph, LinkKind.HEAD_INPUT));
        assertEquals(List.of("tok_embeds", "a0.h1.q", "a0.h1.v", "a0.h1", "resid_post"), nodes(graph));
    }

    @Test
    void nodesWithoutPathFromAnInputOrToTheOutputAreRemoved() {
        String[] edges = {
            "tok_embeds>a0.h0.v",
            "a0.h0>m1",
            "m1>resid_post", // a path through
            "tok_embeds>a0.h1.q",
            "a0.h1>a1.h3.k", // a1.h3 writes to nothing: a0.h1 goes too
            "m0>m1", // m0 reads nothing
        };
        DrawnGraph graph = graph(DEFAULTS, false, edges);
        assertEquals(Set.of("tok_embeds>a0.h0.v", "a0.h0>m1", "m1>resid_post"), links(graph, LinkKind.EDGE));
        assertEquals(3, graph.removedEdges());

        DrawnGraph whole = graph(DEFAULTS.withSanitize(false), false, edges);
        assertEquals(Set.of(edges), links(whole, LinkKind.EDGE));
        assertEquals(0, whole.removedEdges());
    }

    @Test
    void everyNodeSeesAnInputWhereEmbeddingsAreNoNodes() {
        String[] edges = {"m0>m1", "m1>resid_post", "a0.h0>a1.h0.q"};
        assertEquals(Set.of("m0>m1", "m1>resid_post"), links(graph(DEFAULTS, true, edges), LinkKind.EDGE));
        assertEquals(Set.of(), links(graph(DEFAULTS, false, edges), LinkKind.EDGE));
        // from the bare file, this is inferred
        List<DrawnEdge> bare = List.of(new DrawnEdge("m0", "m1"), new DrawnEdge("m1", "resid_post"));
        assertEquals(2, CircuitDrawing.of(bare, DEFAULTS).edgeCount());
    }

    @Test
    void sharedKeysAndValuesFeedAllHeadsOfTheirGroup() {
        DrawnGraph graph = graph(
                DEFAULTS.withHeadsPerKv(2),
                false,
                "embeds>a0.h1.k",
                "embeds>a0.h3.q",
                "a0.h2>resid_post",
                "a0.h3>resid_post");
        assertEquals(Set.of("a0.h1.k>a0.h2", "a0.h1.k>a0.h3", "a0.h3.q>a0.h3"), links(graph, LinkKind.HEAD_INPUT));
        assertTrue(graph.isCell(DrawnNode.parse("a0.h3.q")));
        assertFalse(graph.isCell(DrawnNode.parse("a0.h1.k")));
    }

    @Test
    void constantsFeedEveryReaderAndCountAsInputs() {
        DrawnGraph graph = graph(DEFAULTS.withConstants(List.of("BOS")), false, "m0>a1.h0.q", "a1.h0>resid_post");
        assertEquals(Set.of("m0>a1.h0.q", "a1.h0>resid_post"), links(graph, LinkKind.EDGE));
        assertEquals(Set.of("BOS>m0", "BOS>a1.h0.q", "BOS>resid_post"), links(graph, LinkKind.CONSTANT));
        assertEquals(NodeType.CONSTANT, graph.nodes().get(0).type());

        // a constant that is a writer keeps its kind, and its own edges
        DrawnGraph named =
                graph(DEFAULTS.withConstants(List.of("tok_embeds")), false, "tok_embeds>m0", "m0>resid_post");
        assertEquals(Set.of("tok_embeds>resid_post"), links(named, LinkKind.CONSTANT));
        assertEquals(Set.of("tok_embeds>m0", "m0>resid_post"), links(named, LinkKind.EDGE));
    }

    @Test
    void fileOfPairsAndOfTriples() throws IOException {
        Path file = dir.resolve("edges.json");
        Files.writeString(file, "[[\"tok_embeds\", \"m0\"], [\"m0\", \"resid_post\", 0.25], [\"m0\", \"resid_post\"]]");
        assertEquals(
                List.of(
                        new DrawnEdge("tok_embeds", "m0"),
                        new DrawnEdge("m0", "resid_post", 0.25),
                        new DrawnEdge("m0", "resid_post")),
                DrawnEdge.read(file));
        assertEquals(
                2, CircuitDrawing.of(DrawnEdge.read(file), DEFAULTS).edgeCount(), "an edge given twice is drawn once");
    }

    @Test
    void badEntriesAreNamed() throws IOException {
        assertMessage("[[\"tok_embeds\", \"m0\"], [\"x9\", \"m1\"]]", "entry 1: unknown writer 'x9'");
        assertMessage("[[\"m0\", \"a0.h0\"]]", "entry 0: unknown reader 'a0.h0'");
        assertMessage("[[\"resid_post\", \"m1\"]]", "entry 0: unknown writer 'resid_post'");
        assertMessage("[[\"m1\", \"a1.h0.q\"]]", "entry 0: m1 is computed after the input of a1.h0.q");
        assertMessage("[[\"m1\", \"m1\"]]", "entry 0: m1 is computed after the input of m1");
        assertMessage("[[\"m1\"]]", "entry 0 is [\"m1\"]: expected a pair [writer, reader]");
        assertMessage("{\"edges\": []}", "expected a list of [writer, reader] pairs, or a graph file");
        assertMessage("[[", "not JSON");
        assertMessage("[[\"a99999.h0\", \"resid_post\"]]", "unknown writer 'a99999.h0'");
    }

    private void assertMessage(String json, String part) throws IOException {
        Path file = Files.writeString(dir.resolve("bad.json"), json);
        String message =
                assertThrows(InputException.class, () -> DrawnEdge.read(file)).getMessage();
        assertTrue(message.startsWith(file.toString()) && message.contains(part), message);
    }
}
