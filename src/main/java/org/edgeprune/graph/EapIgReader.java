package org.edgeprune.graph;

import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import org.edgeprune.io.Complaint;
import org.edgeprune.io.InputException;
import org.edgeprune.io.StrictJson;

/** Reads one graph file of EAP-IG, token by token: a file of Llama-3.1-8B's graph has 1.6 million edges. */
final class EapIgReader {
    private final Path file;
    private final byte[] text;

    EapIgReader(Path file, byte[] text) {
        this.file = file;
        this.text = text;
    }

    private record Config(GraphShape shape, int hidden) {}

    /** Two passes, because cfg may stand behind the edges. */
    EapIgFile read() {
        Config config = config();
        EapIgGraph graph = new EapIgGraph(config.shape());
        float[] scores = new float[graph.graph().edgeCount()];
        BitSet kept = new BitSet(scores.length);
        boolean nodes = false;
        boolean edges = false;
        try (StrictJson json = EapIgFile.open(text, file)) {
            for (String key = json.nextKey(); key != null; key = json.nextKey()) {
                switch (key) {
                    case "nodes" -> {
                        nodes(json, graph);
                        nodes = true;
                    }
                    case "edges" -> {
                        edges(json, graph, scores, kept);
                        edges = true;
                    }
                    default -> json.skip();
                }
            }
            json.end();
        }
        if (!nodes || !edges) {
            throw EapIgFile.wrong(file, "field '" + (nodes ? "edges" : "nodes") + "'", "is not there");
        }
        return new EapIgFile(graph, config.hidden(), scores, Circuit.of(graph.graph(), kept));
    }

    private Config config() {
        try (StrictJson json = EapIgFile.open(text, file)) {
            for (String key = json.nextKey(); key != null; key = json.nextKey()) {
                if (key.equals("cfg")) {
                    return config(json);
                }
                json.skip();
            }
            json.end();
        }
        throw new InputException(file + ": field 'cfg' is not there, so it is not a graph file of EAP-IG: expected a"
                + " list of [writer, reader] pairs, or a graph file");
    }

    private Config config(StrictJson json) {
        long layers = -1;
        long heads = -1;
        long hidden = -1;
        Optional<Boolean> parallel = Optional.empty();
        json.enterObject("field 'cfg'");
        for (String key = json.nextKey(); key != null; key = json.nextKey()) {
            String field = "field 'cfg." + key + "'";
            switch (key) {
                case "n_layers" -> layers = json.count(field);
                case "n_heads" -> heads = json.count(field);
                case "d_model" -> hidden = json.count(field);
                case "parallel_attn_mlp" -> parallel = Optional.of(json.truth(field));
                default -> json.skip();
            }
        }
        int n = size("n_layers", layers);
        int h = size("n_heads", heads);
        int width = size("d_model", hidden);
        if (parallel.isEmpty()) {
            throw EapIgFile.wrong(file, "field 'cfg.parallel_attn_mlp'", "is not there");
        }
        GraphShape shape = EapIgGraph.shape(new GraphShape(n, h, h, List.of(), parallel.get()));
        if (shape.isTooLarge()) {
            throw EapIgFile.wrong(
                    file, "field 'cfg'", "describes " + n + " layers of " + h + " heads, more than a model can have");
        }
        return new Config(shape, width);
    }

    private int size(String key, long value) {
        String field = "field 'cfg." + key + "'";
        if (value < 0) {
            throw EapIgFile.wrong(file, field, "is not there");
        }
        if (value < 1 || value > 1 << 20) {
            throw EapIgFile.wrong(file, field, "is " + value + ", not between 1 and " + (1 << 20));
        }
        return (int) value;
    }

    private void nodes(StrictJson json, EapIgGraph graph) {
        json.enterObject("field 'nodes'");
        for (String name = json.nextKey(); name != null; name = json.nextKey()) {
            String node = "node " + Complaint.quote(name);
            if (!graph.hasNode(name)) {
                throw EapIgFile.wrong(file, node, "is not in the graph of its cfg");
            }
            json.enterObject(node);
            for (String key = json.nextKey(); key != null; key = json.nextKey()) {
                switch (key) {
                    case "in_graph" -> json.truth("'in_graph' of " + node);
                    case "neurons" -> wholeNode(json, node);
                    default -> json.skip();
                }
            }
        }
    }

    /** A circuit of neurons would silently become one of whole nodes. */
    private void wholeNode(StrictJson json, String node) {
        json.enterArray("'neurons' of " + node);
        while (json.nextElement()) {
            if (!json.truth("'neurons' of " + node)) {
                throw EapIgFile.wrong(
                        file, "'neurons' of " + node, "leaves neurons out, and edgeprune reads circuits of edges");
            }
        }
    }

    private void edges(StrictJson json, EapIgGraph graph, float[] scores, BitSet kept) {
        json.enterObject("field 'edges'");
        for (String name = json.nextKey(); name != null; name = json.nextKey()) {
            String label = "edge " + Complaint.quote(name);
            Edge edge =
                    graph.edge(name).orElseThrow(() -> EapIgFile.wrong(file, label, "is not in the graph of its cfg"));
            int number = graph.graph().edgeIndex(edge.writer(), edge.reader());
            boolean scored = false;
            boolean member = false;
            json.enterObject(label);
            for (String key = json.nextKey(); key != null; key = json.nextKey()) {
                switch (key) {
                    case "score" -> {
                        float score = (float) json.number("'score' of " + label);
                        scores[number] = Float.isFinite(score) ? score : Float.NaN;
                        scored = true;
                    }
                    case "in_graph" -> {
                        kept.set(number, json.truth("'in_graph' of " + label));
                        member = true;
                    }
                    default -> json.skip();
                }
            }
            if (!scored || !member) {
                throw EapIgFile.wrong(file, label, "has no '" + (scored ? "in_graph" : "score") + "'");
            }
        }
    }
}
