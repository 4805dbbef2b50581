package org.edgeprune.attribute;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.graph.GraphShape;
import org.edgeprune.graph.Reader;
import org.edgeprune.graph.Writer;
import org.edgeprune.io.Complaint;
import org.edgeprune.io.InputException;
import org.edgeprune.io.Json;
import org.edgeprune.safetensors.SafeTensorsFile;
import org.edgeprune.safetensors.SafeTensorsWriter;
import org.edgeprune.torch.DType;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;

/**
 * The format of {@code scores.safetensors}.
 *
 * <ul>
 *   <li>tensor {@code scores}, F32 {@code [writers, readers]}: zero where there is no edge
 *   <li>tensor {@code is_edge}, BOOL {@code [writers, readers]}
 *   <li>metadata {@code format}: {@code edgeprune-scores-1}
 *   <li>metadata {@code graph}: the {@link GraphShape} as JSON, which says which graph it is of
 *   <li>metadata {@code writers} and {@code readers}: JSON lists of the names of rows and columns
 *   <li>a digest of tensors and metadata, by which damage is found
 * </ul>
 */
final class ScoresFile {
    private static final String FORMAT = "format";
    private static final String VERSION = "edgeprune-scores-1";
    private static final String GRAPH = "graph";
    private static final String SCORES = "scores";
    private static final String IS_EDGE = "is_edge";
    private static final String REMEDY = "name a scores.safetensors that edgeprune wrote";

    private ScoresFile() {}

    static void write(Path file, EdgeScores scores) {
        ComputationGraph graph = scores.graph();
        int readers = graph.readers().size();
        float[] matrix = new float[Math.multiplyExact(graph.nodeCount(), readers)];
        boolean[] isEdge = new boolean[matrix.length];
        for (Reader reader : graph.readers()) {
            for (Writer writer : visible(graph, reader)) {
                int place = writer.index() * readers + reader.index();
                matrix[place] = scores.at(writer, reader);
                isEdge[place] = true;
            }
        }
        try (TensorScope _ = TensorScope.open()) {
            SafeTensorsWriter.writeWithDigest(
                    file,
                    Map.of(
                            SCORES,
                            Tensor.of(matrix, graph.nodeCount(), readers),
                            IS_EDGE,
                            Tensor.of(isEdge, graph.nodeCount(), readers)),
                    Map.of(
                            FORMAT,
                            VERSION,
                            GRAPH,
                            Json.SNAKE_CASE.tree(graph.shape()).toString(),
                            "writers",
                            names(graph.writers().stream().map(Writer::name).toList()),
                            "readers",
                            names(graph.readers().stream().map(Reader::name).toList())));
        }
    }

    private static String names(List<String> names) {
        return Json.PLAIN.tree(names).toString();
    }

    private static List<Writer> visible(ComputationGraph graph, Reader reader) {
        return graph.writers().subList(0, graph.groupOf(reader).visibleWriters());
    }

    static EdgeScores read(Path file) {
        Complaint complaint = new Complaint(file);
        try (SafeTensorsFile open = SafeTensorsFile.open(file);
                TensorScope _ = TensorScope.open()) {
            Map<String, String> metadata = open.metadata();
            if (!VERSION.equals(metadata.get(FORMAT)) || !metadata.containsKey(GRAPH)) {
                throw complaint.about("is no file of edge scores (its metadata lack format " + VERSION + ")", REMEDY);
            }
            open.requireDigest();
            ComputationGraph graph = graph(file, metadata.get(GRAPH));
            long[] shape = {graph.nodeCount(), graph.readers().size()};
            if (!Arrays.equals(open.info(SCORES).shape(), shape)) {
                throw complaint.damaged("tensor 'scores' has shape "
                        + Arrays.toString(open.info(SCORES).shape()) + ", and the graph in its metadata "
                        + Arrays.toString(shape));
            }
            return scores(file, graph, open.load(SCORES, DType.F32, Device.CPU).toFloats());
        }
    }

    private static ComputationGraph graph(Path file, String json) {
        String source = file + ": metadata field '" + GRAPH + "'";
        JsonNode tree = Json.parse(source, json, REMEDY);
        GraphShape shape = tree.isObject() ? Json.SNAKE_CASE.value(source, tree, GraphShape.class, REMEDY) : null;
        if (shape == null || shape.isTooLarge()) {
            throw new InputException(source + ": describes no graph that a model can have: " + REMEDY);
        }
        return new ComputationGraph(shape);
    }

    private static EdgeScores scores(Path file, ComputationGraph graph, float[] matrix) {
        float[] values = new float[graph.edgeCount()];
        int readers = graph.readers().size();
        for (Reader reader : graph.readers()) {
            for (Writer writer : visible(graph, reader)) {
                values[graph.edgeIndex(writer, reader)] = matrix[writer.index() * readers + reader.index()];
            }
        }
        try {
            return EdgeScores.of(graph, values);
        } catch (InputException e) {
            throw new InputException(file + ": " + e.getMessage(), e);
        }
    }
}
