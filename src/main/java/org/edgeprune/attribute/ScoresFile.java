package org.edgeprune.attribute;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
 *   <li>where nodes were scored, tensor {@code nodes}, F32 {@code [writers]}; where neurons were, {@code neurons}, F32
 *       {@code [layers, inner]}; where positions were, {@code positions}, F32 {@code [positions, writers, readers]}
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
    private static final String NODES = "nodes";
    private static final String NEURONS = "neurons";
    private static final String POSITIONS = "positions";
    private static final String REMEDY = "name a scores.safetensors that edgeprune wrote";

    private ScoresFile() {}

    static void write(Path file, LevelScores scores) {
        ComputationGraph graph = scores.edges().graph();
        int readers = graph.readers().size();
        boolean[] isEdge = new boolean[Math.multiplyExact(graph.nodeCount(), readers)];
        for (Reader reader : graph.readers()) {
            for (Writer writer : visible(graph, reader)) {
                isEdge[writer.index() * readers + reader.index()] = true;
            }
        }
        try (TensorScope _ = TensorScope.open()) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            tensors.put(SCORES, matrix(scores.edges()));
            tensors.put(IS_EDGE, Tensor.of(isEdge, graph.nodeCount(), readers));
            scores.nodes().ifPresent(nodes -> tensors.put(NODES, Tensor.of(nodes, nodes.length)));
            scores.neurons()
                    .ifPresent(neurons -> tensors.put(
                            NEURONS,
                            Tensor.stack(
                                    0,
                                    Arrays.stream(neurons)
                                            .map(row -> Tensor.of(row, row.length))
                                            .toList())));
            if (!scores.positions().isEmpty()) {
                tensors.put(
                        POSITIONS,
                        Tensor.stack(
                                0,
                                scores.positions().stream()
                                        .map(ScoresFile::matrix)
                                        .toList()));
            }
            SafeTensorsWriter.writeWithDigest(
                    file,
                    tensors,
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

    /** {@code [writers, readers]}, zero where there is no edge. */
    private static Tensor matrix(EdgeScores scores) {
        ComputationGraph graph = scores.graph();
        int readers = graph.readers().size();
        float[] matrix = new float[graph.nodeCount() * readers];
        for (Reader reader : graph.readers()) {
            for (Writer writer : visible(graph, reader)) {
                matrix[writer.index() * readers + reader.index()] = scores.at(writer, reader);
            }
        }
        return Tensor.of(matrix, graph.nodeCount(), readers);
    }

    private static String names(List<String> names) {
        return Json.PLAIN.tree(names).toString();
    }

    private static List<Writer> visible(ComputationGraph graph, Reader reader) {
        return graph.writers().subList(0, graph.groupOf(reader).visibleWriters());
    }

    static EdgeScores read(Path file) {
        return readAll(file).edges();
    }

    static LevelScores readAll(Path file) {
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
            return new LevelScores(
                    scores(file, graph, floats(open, SCORES)),
                    open.contains(NODES) ? Optional.of(floats(open, NODES)) : Optional.empty(),
                    open.contains(NEURONS) ? Optional.of(rows(open, NEURONS)) : Optional.empty(),
                    open.contains(POSITIONS)
                            ? Arrays.stream(rows(open, POSITIONS))
                                    .map(row -> scores(file, graph, row))
                                    .toList()
                            : List.of());
        }
    }

    private static float[] floats(SafeTensorsFile file, String name) {
        return file.load(name, DType.F32, Device.CPU).toFloats();
    }

    /** A tensor by its first dimension, the others flat. */
    private static float[][] rows(SafeTensorsFile file, String name) {
        float[] all = floats(file, name);
        int count = Math.toIntExact(file.info(name).shape()[0]);
        int length = all.length / count;
        float[][] rows = new float[count][];
        Arrays.setAll(rows, i -> Arrays.copyOfRange(all, i * length, (i + 1) * length));
        return rows;
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
