package org.edgeprune.cli;

import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.edgeprune.attribute.EdgeScores;
import org.edgeprune.attribute.Ranking;
import org.edgeprune.graph.Edge;
import org.edgeprune.graph.Writer;

/**
 * What a user wants to see of scores: the strongest edges and heads.
 *
 * @param scores of every edge
 * @param ranking what makes an edge strong; where it is signed, scores only rank, and sums over a head's edges mean
 *     nothing
 * @param facts what they were made from, by name
 * @param file where they are
 */
record ScoreSummary(EdgeScores scores, Ranking ranking, Map<String, Object> facts, Path file) {
    private static final int SHOWN = 10;

    private record ScoredEdge(String writer, String reader, float score) {}

    private record ScoredHead(String head, float score) {}

    void print(Results results) {
        Map<String, Object> all = new LinkedHashMap<>(facts);
        all.put("num_edges", scores.size());
        all.put("scores", file.toString());
        all.put("strongest_edges", edges());
        if (ranking == Ranking.ABSOLUTE) {
            all.put("strongest_heads", heads());
        }
        results.print(all, this::text);
    }

    private List<ScoredEdge> edges() {
        return IntStream.of(scores.ranked(ranking))
                .limit(SHOWN)
                .mapToObj(i -> {
                    Edge edge = scores.graph().edge(i);
                    return new ScoredEdge(edge.writer().name(), edge.reader().name(), scores.at(i));
                })
                .toList();
    }

    private List<ScoredHead> heads() {
        float[] byWriter = scores.byWriter();
        return scores.graph().writers().stream()
                .filter(writer -> writer.kind() == Writer.Kind.HEAD)
                .map(writer -> new ScoredHead(writer.name(), byWriter[writer.index()]))
                .sorted(Comparator.comparingDouble((ScoredHead head) -> -Math.abs(head.score())))
                .limit(SHOWN)
                .toList();
    }

    private String text() {
        Table table = new Table();
        facts.forEach(table::row);
        table.row("num_edges", scores.size());
        Table strongest = new Table();
        edges().forEach(edge -> strongest.row(edge.writer() + " -> " + edge.reader(), (double) edge.score()));
        String edges = table + "\nStrongest edges\n" + strongest;
        String place = "\nThe scores are in " + file;
        if (ranking == Ranking.SIGNED) {
            return edges + place;
        }
        Table strongestHeads = new Table();
        heads().forEach(head -> strongestHeads.row(head.head(), (double) head.score()));
        return edges + "\nStrongest heads (sum over the edges out of each)\n" + strongestHeads + place;
    }
}
