package org.edgeprune.attribute;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;
import org.edgeprune.graph.Circuit;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.graph.EapIgFile;
import org.edgeprune.graph.EapIgGraph;
import org.edgeprune.graph.Edge;
import org.edgeprune.graph.GraphShape;
import org.edgeprune.graph.Reader;
import org.edgeprune.graph.Writer;
import org.edgeprune.io.InputException;
import org.edgeprune.io.Json;
import org.edgeprune.mask.MaskParameters;
import org.edgeprune.model.ModelSizes;
import org.edgeprune.prune.RunDirectory;
import org.edgeprune.prune.RunRecord;
import org.edgeprune.prune.SavedMasks;

/**
 * A file or folder that a user named where a circuit or scores are wanted. What it is, is seen from its content.
 *
 * @param path the file, or the folder of a run or checkpoint
 * @param kind what it is
 */
public record CircuitInput(Path path, Kind kind) {
    /** Name of the file of scores in a folder of an attribution. */
    public static final String SCORES_FILE = "scores.safetensors";

    private static final int LENGTH_BYTES = 8;

    /** What a path can be. */
    public enum Kind {
        /** A folder of a pruning run, or of a checkpoint of the published implementation. */
        MASKS,
        /** {@code scores.safetensors}. */
        SCORES,
        /** A graph file of EAP-IG. */
        EAP_IG,
        /** A list of {@code [writer, reader]} pairs. */
        EDGES
    }

    /**
     * Looks at what is there.
     *
     * @param path a file, or a folder of a run, of an attribution or of a checkpoint
     * @return the input; for a folder that holds scores, its file of scores
     */
    public static CircuitInput of(Path path) {
        if (Files.isDirectory(path)) {
            Path scores = path.resolve(SCORES_FILE);
            return Files.isRegularFile(scores)
                    ? new CircuitInput(scores, Kind.SCORES)
                    : new CircuitInput(path, Kind.MASKS);
        }
        if (isSafeTensors(path)) {
            return new CircuitInput(path, Kind.SCORES);
        }
        return new CircuitInput(path, EapIgFile.isOne(path) ? Kind.EAP_IG : Kind.EDGES);
    }

    /** A safetensors file begins with the length of its header in eight bytes, then the header's brace. */
    private static boolean isSafeTensors(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] start = in.readNBytes(LENGTH_BYTES + 1);
            return start.length > LENGTH_BYTES
                    && start[LENGTH_BYTES - 1] == 0
                    && start[LENGTH_BYTES - 2] == 0
                    && start[LENGTH_BYTES] == '{';
        } catch (IOException e) {
            return false; // whoever reads it says why it cannot be read
        }
    }

    /**
     * The name of the model that a run or an attribution was made with.
     *
     * @return empty for anything else
     * @throws InputException if its {@code run.json} is damaged
     */
    public Optional<String> model() {
        if (kind == Kind.MASKS) {
            return SavedMasks.runOf(path).map(RunRecord::model);
        }
        Path record = new RunDirectory(path.toAbsolutePath().getParent()).runFile();
        if (kind != Kind.SCORES || !Files.exists(record)) {
            return Optional.empty();
        }
        JsonNode model = Json.read(record, "is it of an attribution? Name the model with --model")
                .path("model");
        return Optional.of(model).filter(JsonNode::isTextual).map(JsonNode::textValue);
    }

    /**
     * The circuit: the binary masks of a run, the edges of a list, or those that are {@code in_graph}.
     *
     * @param model the model's sizes
     * @param noted told what is noteworthy about it
     * @return a circuit of the model's graph, with or without embedding nodes
     * @throws InputException if it holds scores and no circuit, is damaged, or is of another model's graph
     */
    public Circuit circuit(ModelSizes model, Consumer<String> noted) {
        return switch (kind) {
            case MASKS -> SavedMasks.open(path, model, noted).circuit();
            case EDGES -> Circuit.read(path, model.graph());
            case EAP_IG -> circuit(eapIg(model), model.graph());
            case SCORES -> throw scoresOnly();
        };
    }

    private Circuit circuit(EapIgFile file, GraphShape model) {
        for (float score : file.scores()) {
            if (file.circuit().size() == 0 && score != 0) {
                throw scoresOnly();
            }
        }
        return file.circuitOf(path, new ComputationGraph(model));
    }

    private InputException scoresOnly() {
        return new InputException(path + ": holds scores and no circuit: choose edges with edgeprune edges " + path
                + " --edges-kept N --out edges.json, or evaluate all sizes with edgeprune eval --curve");
    }

    /**
     * The scores, in the graph that they are of: the model's with or without embedding nodes, or EAP-IG's graph of it.
     * Of masks these are the log_alphas, that of an edge or of its writer, whichever is lower, because either cuts it.
     *
     * @param model the model's sizes
     * @param noted told what is noteworthy about them
     * @return a finite score for every edge
     * @throws InputException if it is a list of edges, has an edge without a score, is damaged, or is of another
     *     model's graph
     */
    public EdgeScores scores(ModelSizes model, Consumer<String> noted) {
        return switch (kind) {
            case MASKS -> {
                try (MaskParameters parameters = SavedMasks.parameters(path, model, noted)) {
                    yield logAlphas(parameters);
                }
            }
            case SCORES -> EdgeScores.read(path, model.graph());
            case EAP_IG -> scores(eapIg(model));
            case EDGES ->
                throw new InputException(
                        path + ": is a list of edges without scores: name a scores.safetensors, a graph"
                                + " file of EAP-IG, or the folder of a run");
        };
    }

    private static EdgeScores logAlphas(MaskParameters parameters) {
        ComputationGraph graph = parameters.layout().graph();
        float[] values = parameters.edgeLogAlphas();
        float[] nodes = parameters.nodes().toFloats();
        for (int i = 0; i < values.length; i++) {
            values[i] = Math.min(values[i], nodes[graph.edge(i).writer().index()]);
        }
        return EdgeScores.of(graph, values);
    }

    private EdgeScores scores(EapIgFile file) {
        ComputationGraph graph = file.graph().graph();
        for (int i = 0; i < file.scores().length; i++) {
            if (Float.isNaN(file.scores()[i])) {
                Edge edge = graph.edge(i);
                Writer writer = edge.writer();
                Reader reader = edge.reader();
                throw new InputException(path + ": edge '" + EapIgGraph.name(writer, reader)
                        + "' has no score (NaN or infinite), so that edges cannot be ranked: compute the scores again");
            }
        }
        return EdgeScores.of(graph, file.scores());
    }

    private EapIgFile eapIg(ModelSizes model) {
        EapIgFile file = EapIgFile.read(path);
        file.requireModel(path, model.graph());
        if (file.hidden() != model.hidden()) {
            throw new InputException(path + ": field 'cfg.d_model': is " + file.hidden() + ", and the model's width is "
                    + model.hidden() + ": name the model that it was made for");
        }
        return file;
    }
}
