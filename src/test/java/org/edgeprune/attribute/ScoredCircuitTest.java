package org.edgeprune.attribute;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import javax.xml.parsers.DocumentBuilderFactory;
import org.edgeprune.graph.Circuit;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.graph.EapIgFile;
import org.edgeprune.graph.EapIgMapping;
import org.edgeprune.graph.GraphShape;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

class ScoredCircuitTest {
    private static final GraphShape GROUPED = new GraphShape(2, 4, 2, List.of("embeds"), false);
    private static final ComputationGraph GRAPH = new ComputationGraph(GROUPED);

    /** embeds -> a1.h0.k -> (heads 0 and 1) -> resid_post, and an MLP. */
    private static Circuit circuit() {
        BitSet kept = new BitSet();
        kept.set(edge("embeds", "a1.h0.k"));
        kept.set(edge("a1.h1", "resid_post"));
        kept.set(edge("embeds", "m0"));
        kept.set(edge("m0", "resid_post"));
        return Circuit.of(GRAPH, kept);
    }

    private static int edge(String writer, String reader) {
        return GRAPH.edgeIndex(GRAPH.writer(writer), GRAPH.reader(reader));
    }

    private static EdgeScores scores() {
        float[] values = new float[GRAPH.edgeCount()];
        values[edge("embeds", "a1.h0.k")] = -2.5f;
        values[edge("m0", "resid_post")] = 1e-7f;
        return EdgeScores.of(GRAPH, values);
    }

    @Test
    void csvHasARowForEachEdgeAndNoScoreWhereThereIsNone() {
        ScoredCircuit scored = new ScoredCircuit(Optional.of(circuit()), Optional.of(scores()));
        assertEquals("""
                writer,reader,score
                embeds,m0,0.0
                embeds,a1.h0.k,-2.5
                m0,resid_post,1.0e-7
                a1.h1,resid_post,0.0
                """, scored.toCsv(scored.listed(Ranking.ABSOLUTE)));
        ScoredCircuit bare = new ScoredCircuit(Optional.of(circuit()), Optional.empty());
        assertTrue(bare.toCsv(bare.listed(Ranking.SIGNED)).contains("embeds,a1.h0.k,\n"));
    }

    @Test
    void scoresAloneAreListedFromTheBest() {
        ScoredCircuit scored = new ScoredCircuit(Optional.empty(), Optional.of(scores()));
        assertEquals(
                "embeds -> a1.h0.k", scored.listed(Ranking.ABSOLUTE).getFirst().toString());
        assertEquals(
                "m0 -> resid_post", scored.listed(Ranking.SIGNED).getFirst().toString());
        assertEquals(GRAPH.edgeCount(), scored.listed(Ranking.SIGNED).size());
    }

    @Test
    void graphMlLinksInputsToTheHeadsThatTheyFeed() throws Exception {
        ScoredCircuit scored = new ScoredCircuit(Optional.of(circuit()), Optional.of(scores()));
        String text = GraphMl.write(scored, scored.listed(Ranking.ABSOLUTE));
        Document xml = DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)));
        List<String> edges = new ArrayList<>();
        NodeList all = xml.getElementsByTagName("edge");
        for (int i = 0; i < all.getLength(); i++) {
            Element edge = (Element) all.item(i);
            edges.add(edge.getAttribute("source") + " " + edge.getAttribute("target") + " " + edge.getTextContent());
        }
        assertEquals(
                List.of(
                        "embeds m0 0.0",
                        "embeds a1.h0.k -2.5",
                        "m0 resid_post 1.0e-7",
                        "a1.h1 resid_post 0.0",
                        "a1.h0.k a1.h0 true",
                        "a1.h0.k a1.h1 true"),
                edges);
        // embeds, m0, heads 0 and 1, the key, resid_post
        assertEquals(6, xml.getElementsByTagName("node").getLength());
    }

    @Test
    void aBareCircuitIsItsOwnScore() {
        EapIgFile file = new ScoredCircuit(Optional.of(circuit()), Optional.empty()).toEapIg(GROUPED, 32);
        assertEquals(5, file.circuit().size(), "the shared key is two edges there");
        for (int i = 0; i < file.scores().length; i++) {
            assertEquals(file.circuit().contains(i) ? 1 : 0, file.scores()[i]);
        }
        ScoredCircuit back = new ScoredCircuit(Optional.of(file.circuit()), Optional.empty()).inModel(GROUPED);
        assertEquals(circuit(), back.circuit().orElseThrow());
    }

    @Test
    void scoresAloneHaveNoEdgeInTheGraph() {
        EapIgFile file = new ScoredCircuit(Optional.empty(), Optional.of(scores())).toEapIg(GROUPED, 32);
        assertEquals(0, file.circuit().size());
        assertEquals(
                -1.25f,
                file.scores()[
                        EapIgMapping.of(GRAPH)
                                .eapIg()
                                .graph()
                                .edgeIndex(
                                        file.graph().graph().writer("embeds"),
                                        file.graph().graph().reader("a1.h1.k"))]);
    }
}
