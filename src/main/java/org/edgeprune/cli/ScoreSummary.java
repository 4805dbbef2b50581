package org.edgeprune.cli;

import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.edgeprune.attribute.EdgeScores;
import org.edgeprune.attribute.LevelScores;
import org.edgeprune.attribute.Ranking;
import org.edgeprune.graph.Edge;
import org.edgeprune.graph.Writer;

/**
 * What a user wants to see of scores: the strongest edges and heads.
 *
 * @param all scores of edges, and of what was scored beside them
 * @param ranking what makes an edge strong; where it is signed, scores only rank, and sums over a head's edges mean
 *     nothing
 * @param facts what they were made from, by name
 * @param file where they are
 */
record ScoreSummary(LevelScores all, Ranking ranking, Map<String, Object> facts, Path file) {
    private static final int SHOWN = 10;
    private static final Map<String, String> TITLES = Map.of(
            "strongest_nodes", "Strongest nodes",
            "strongest_neurons", "Strongest MLP neurons (m1.n5: the sixth of layer 1)",
            "strongest_positions", "Strongest edges at one position (from 0)");

    private record ScoredEdge(String writer, String reader, float score) {}

    private record ScoredHead(String head, float score) {}

    private record Scored(String name, float score) {}

    private EdgeScores scores() {
        return all.edges();
    }

    void print(Results results) {
        Map<String, Object> printed = new LinkedHashMap<>(facts);
        printed.put("num_edges", scores().size());
        printed.put("scores", file.toString());
        printed.put("strongest_edges", edges());
        if (ranking == Ranking.ABSOLUTE) {
            printed.put("strongest_heads", heads());
        }
        levels().forEach(printed::put);
        results.print(printed, this::text);
    }

    private List<ScoredEdge> edges() {
        return IntStream.of(scores().ranked(ranking))
                .limit(SHOWN)
                .mapToObj(i -> {
                    Edge edge = scores().graph().edge(i);
                    return new ScoredEdge(edge.writer().name(), edge.reader().name(), scores().at(i));
                })
                .toList();
    }

    private List<ScoredHead> heads() {
        float[] byWriter = scores().byWriter();
        return scores().graph().writers().stream()
                .filter(writer -> writer.kind() == Writer.Kind.HEAD)
                .map(writer -> new ScoredHead(writer.name(), byWriter[writer.index()]))
                .sorted(Comparator.comparingDouble((ScoredHead head) -> -Math.abs(head.score())))
                .limit(SHOWN)
                .toList();
    }

    /** The strongest of each level that was asked for, by the name of what is printed. */
    private Map<String, List<Scored>> levels() {
        Map<String, List<Scored>> levels = new LinkedHashMap<>();
        all.nodes()
                .ifPresent(nodes -> levels.put(
                        "strongest_nodes",
                        strongest(scores().graph().writers().stream()
                                .map(writer -> new Scored(writer.name(), nodes[writer.index()])))));
        all.neurons()
                .ifPresent(neurons -> levels.put(
                        "strongest_neurons",
                        strongest(IntStream.range(0, neurons.length).boxed().flatMap(layer -> IntStream.range(
                                        0, neurons[layer].length)
                                .mapToObj(i -> new Scored("m" + layer + ".n" + i, neurons[layer][i]))))));
        if (!all.positions().isEmpty()) {
            levels.put("strongest_positions", strongest(positions()));
        }
        return levels;
    }

    private Stream<Scored> positions() {
        List<EdgeScores> each = all.positions();
        return IntStream.range(0, each.size()).boxed().flatMap(p -> IntStream.range(0, scores().size())
                .mapToObj(i -> {
                    Edge edge = scores().graph().edge(i);
                    String name = edge.writer().name() + " -> " + edge.reader().name() + " @ " + p;
                    return new Scored(name, each.get(p).at(i));
                }));
    }

    private static List<Scored> strongest(Stream<Scored> scored) {
        return scored.sorted(Comparator.comparingDouble((Scored one) -> -Math.abs(one.score())))
                .limit(SHOWN)
                .toList();
    }

    private String text() {
        Table table = new Table();
        facts.forEach(table::row);
        table.row("num_edges", scores().size());
        Table strongest = new Table();
        edges().forEach(edge -> strongest.row(edge.writer() + " -> " + edge.reader(), (double) edge.score()));
        String edges = table + "\nStrongest edges\n" + strongest;
        StringBuilder more = new StringBuilder();
        levels().forEach((name, best) -> {
            Table rows = new Table();
            best.forEach(one -> rows.row(one.name(), (double) one.score()));
            more.append('\n').append(TITLES.get(name)).append('\n').append(rows);
        });
        String place = more + "\nThe scores are in " + file;
        if (ranking == Ranking.SIGNED) {
            return edges + place;
        }
        Table strongestHeads = new Table();
        heads().forEach(head -> strongestHeads.row(head.head(), (double) head.score()));
        return edges + "\nStrongest heads (sum over the edges out of each)\n" + strongestHeads + place;
    }
}
