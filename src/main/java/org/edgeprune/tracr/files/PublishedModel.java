package org.edgeprune.tracr.files;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.edgeprune.io.InputException;
import org.edgeprune.tracr.CompiledModel;
import org.edgeprune.tracr.Output;
import org.edgeprune.tracr.TransformerConfig;
import org.edgeprune.tracr.Vocabulary;
import org.edgeprune.tracr.rasp.Value;

/**
 * Reads models of the published compiler, converted to a JSON file with {@code config}, {@code vocab} and tensor
 * {@code shapes}, and a safetensors file of the same name with the weights.
 */
public final class PublishedModel {
    private PublishedModel() {}

    /**
     * Reads a model.
     *
     * @param json the JSON file; the weights are in the {@code .safetensors} file of the same name in the same
     *     directory
     * @param output the meaning of the outputs, which the files do not give
     * @return the model; its residual dimensions are labelled by their numbers, as the files do not name them
     * @throws InputException naming the file and the field that is missing or wrong
     */
    public static CompiledModel read(Path json, Output output) {
        TracrFields root = TracrFields.read(json);
        TracrFields options = root.object("config");
        options.require("layer_norm", "false");
        TracrFields shapes = root.object("shapes");
        int[] positions = shapes.shape("pos_embed_embeddings", 2);
        int heads = options.count("num_heads");
        TransformerConfig config = new TransformerConfig(
                positions[1],
                options.count("num_layers"),
                heads,
                shapes.shape("transformer/layer_0/attn/query_w", 2)[1] / heads,
                options.count("mlp_hidden_size"),
                shapes.shape("token_embed_embeddings", 2)[0],
                positions[0],
                shapes.shape("unembedding_mtx", 2)[1],
                options.text("causal").equals("true"));
        TracrFields ids = root.object("vocab");
        List<Value> tokens =
                new ArrayList<>(ids.names().stream().map(Value::parse).toList());
        tokens.sort(Comparator.comparingInt(token -> ids.index(token.toString())));
        String name = json.getFileName().toString().replaceFirst("\\.json$", ".safetensors");
        return new CompiledModel(
                config,
                WeightFiles.read(json.resolveSibling(name), WeightFiles.Naming.PUBLISHED, config),
                new Vocabulary(tokens, options.value("bos"), options.value("pad"), config.maxPositions() - 1),
                output,
                IntStream.range(0, config.modelSize())
                        .mapToObj(Integer::toString)
                        .toList());
    }
}
