package org.edgeprune.attribute;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.edgeprune.eval.AblationStates;
import org.edgeprune.fixture.Fixtures;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.graph.Reader;
import org.edgeprune.graph.Writer;
import org.edgeprune.hub.Hub;
import org.edgeprune.hub.ModelDirectories;
import org.edgeprune.prune.LoadedModel;
import org.edgeprune.safetensors.SafeTensorsFile;
import org.edgeprune.task.Example;
import org.edgeprune.task.PromptTokenizer;
import org.edgeprune.task.Split;
import org.edgeprune.task.Tasks;
import org.edgeprune.torch.TensorScope;

/**
 * Scores of the genuine EAP-IG library, by the names of edgeprune: see {@code golden/methods/README.md}.
 *
 * @param folder of one model's numbers
 */
record GoldenScores(Path folder) {
    private static final Path ALL = Fixtures.golden("methods");

    static GoldenScores of(String model) {
        return new GoldenScores(ALL.resolve(model));
    }

    /** The checkpoint: the bundled model is no copy. */
    Path model() {
        String name = folder.getFileName().toString();
        return name.equals("mini-gpt2") ? ModelDirectories.locate(name, Hub.Listener.NONE) : folder;
    }

    /** IOI in the model's graph, under interchange ablation. */
    static AttributionSetting setting(LoadedModel model, Objective objective, int batchSize) {
        return setting(model, objective, AblationStates.INTERCHANGE, batchSize);
    }

    /** IOI in the model's graph. */
    static AttributionSetting setting(LoadedModel model, Objective objective, AblationStates ablation, int batchSize) {
        return new AttributionSetting(
                model.model(),
                new ComputationGraph(model.model().graphShape()),
                Tasks.named("ioi").scorer(model.tokenizer()),
                objective,
                ablation,
                batchSize);
    }

    JsonNode names() throws IOException {
        return new ObjectMapper().readTree(folder.resolve("scores/names.json").toFile());
    }

    /** The prompts that the scores are of. */
    List<Example> examples(PromptTokenizer tokenizer) throws IOException {
        return Tasks.named("ioi")
                .read(ALL.resolve("ioi40.jsonl"), tokenizer)
                .part(Split.TRAIN)
                .subList(0, names().path("examples").asInt());
    }

    /** The library's matrix, {@code [writers, readers]} in its order. */
    double[][] matrix(String method) throws IOException {
        return matrix("scores.safetensors", method + ".f64");
    }

    /** Scores under mean ablation, of {@link #examplesOfMeans}. */
    double[][] matrixOfMeans(String method) throws IOException {
        return matrix("means.safetensors", method);
    }

    /** The prompts that {@link #matrixOfMeans} is of: those of one length. */
    List<Example> examplesOfMeans(PromptTokenizer tokenizer) throws IOException {
        List<Example> all = examples(tokenizer);
        try (SafeTensorsFile file = SafeTensorsFile.open(folder.resolve("scores/means.safetensors"));
                TensorScope _ = TensorScope.open()) {
            return java.util.Arrays.stream(file.tensor("lines").toLongs())
                    .mapToObj(line -> all.get(Math.toIntExact(line)))
                    .toList();
        }
    }

    private double[][] matrix(String name, String tensor) throws IOException {
        try (SafeTensorsFile file =
                        SafeTensorsFile.open(folder.resolve("scores").resolve(name));
                TensorScope _ = TensorScope.open()) {
            double[] flat = file.tensor(tensor).toDoubles();
            int columns = (int) file.tensor(tensor).size(1);
            return IntStream.range(0, flat.length / columns)
                    .mapToObj(row -> java.util.Arrays.copyOfRange(flat, row * columns, (row + 1) * columns))
                    .toArray(double[][]::new);
        }
    }

    /**
     * The score of one of our edges: of a key or value that several heads share, the sum over these heads; of position
     * embeddings, which are no source of the library's, zero. NaN where it was not computed.
     */
    double score(double[][] matrix, ComputationGraph graph, Writer writer, Reader reader) throws IOException {
        if (writer.name().equals("pos_embeds")) {
            return 0;
        }
        int row = list("src_nodes").indexOf(writer.kind() == Writer.Kind.EMBEDDING ? "input" : writer.name());
        List<String> columns = list("dst_nodes");
        return theirs(graph, reader).stream()
                .mapToDouble(name -> matrix[row][columns.indexOf(name)])
                .sum();
    }

    private List<String> list(String key) throws IOException {
        return StreamSupport.stream(names().path(key).spliterator(), false)
                .map(JsonNode::asText)
                .toList();
    }

    private static List<String> theirs(ComputationGraph graph, Reader reader) {
        if (reader.kind() == Reader.Kind.RESID_POST) {
            return List.of("logits");
        }
        if (reader.kind() == Reader.Kind.MLP) {
            return List.of(reader.name());
        }
        List<String> names = new ArrayList<>();
        String kind = reader.name().substring(reader.name().length() - 1);
        graph.fedBy(reader).forEach(head -> names.add(head.name() + "<" + kind + ">"));
        return names;
    }
}
