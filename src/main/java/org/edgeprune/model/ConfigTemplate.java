package org.edgeprune.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.edgeprune.io.InputException;
import org.edgeprune.io.Json;
import org.edgeprune.io.TextReader;
import org.edgeprune.torch.DType;

/**
 * A {@code config.json} to make models of random weights from, in the size that it states or another.
 *
 * @param file where it comes from, for messages
 * @param json its contents
 */
public record ConfigTemplate(Path file, ObjectNode json) {
    /**
     * Shapes that come with edgeprune: GPT-2 small, CodeLlama-13B, and a Llama for which a step takes about a second.
     */
    public static final List<String> NAMES = List.of("gpt2", "codellama-13b", "llama-mid");

    private static final String REMEDY =
            "name a config.json, a directory that holds one, or one of " + String.join(", ", NAMES);

    private static final List<String> LAYERS = List.of("num_hidden_layers", "n_layer", "num_layers");
    /** Lists with an entry for each layer; {@code attention_types} of GPT-Neo has counts beside its lists. */
    private static final List<String> BY_LAYER = List.of("layer_types", "no_rope_layers", "attention_layers");

    /** What stands for no limit in a configuration. */
    private static final int MOST_POSITIONS = 1 << 20;

    private static final List<String> HEADS = List.of("num_attention_heads", "n_head", "num_heads");

    /**
     * Reads a configuration.
     *
     * @param name one of {@link #NAMES}, a file, or a directory that contains {@code config.json}
     * @return the template
     * @throws InputException if there is no such file, or it is not a JSON object
     */
    public static ConfigTemplate of(String name) {
        Path path = Path.of(name);
        Path file = Files.isDirectory(path) ? path.resolve("config.json") : path;
        if (Files.exists(file)) {
            return new ConfigTemplate(file, object(file, Json.read(file, REMEDY)));
        }
        if (!NAMES.contains(name)) {
            throw new InputException(file + ": not there: " + REMEDY);
        }
        String text = TextReader.resource(ConfigTemplate.class, "/org/edgeprune/shapes/" + name + ".json");
        return new ConfigTemplate(Path.of(name), object(file, Json.parse(name, text, REMEDY)));
    }

    /**
     * A Llama with as many layers, heads and tokens as a model, and of the smallest width.
     *
     * @param sizes the model's
     * @param headDim values of a head, even
     * @return the template
     */
    public static ConfigTemplate llama(ModelSizes sizes, int headDim) {
        int heads = sizes.graph().heads();
        ObjectNode json = Json.object()
                .put("model_type", "llama")
                .put("num_hidden_layers", sizes.graph().layers())
                .put("num_attention_heads", heads)
                .put("num_key_value_heads", sizes.graph().kvHeads())
                .put("hidden_size", heads * headDim)
                .put("head_dim", headDim)
                .put("intermediate_size", headDim)
                .put("vocab_size", sizes.vocabulary())
                .put("max_position_embeddings", Math.min(sizes.maxPositions(), MOST_POSITIONS))
                .put("hidden_act", "silu")
                .put("rms_norm_eps", 1e-5)
                .put("tie_word_embeddings", false);
        return new ConfigTemplate(Path.of("narrow"), json);
    }

    private static ObjectNode object(Path file, JsonNode json) {
        if (json instanceof ObjectNode object) {
            return object;
        }
        throw new InputException(file + ": not a JSON object: " + REMEDY);
    }

    /**
     * The same model with another number of layers. Lists with an entry for each layer are shortened to the first ones.
     *
     * @param layers number of layers
     * @return a new template
     */
    public ConfigTemplate withLayers(int layers) {
        ObjectNode changed = json.deepCopy();
        changed.put(field(LAYERS), layers);
        BY_LAYER.forEach(list -> shorten(changed.path(list), layers));
        if (changed.path("attention_types") instanceof ArrayNode counted) {
            ArrayNode types = changed.arrayNode();
            for (JsonNode entry : counted) {
                for (int i = 0; i < entry.path(1).asInt() && types.size() < layers; i++) {
                    entry.path(0).forEach(types::add);
                }
            }
            shorten(types, layers);
            changed.putArray("attention_types").addArray().add(types).add(1);
        }
        return new ConfigTemplate(file, changed);
    }

    private static void shorten(JsonNode list, int length) {
        while (list instanceof ArrayNode array && array.size() > length) {
            array.remove(array.size() - 1);
        }
    }

    /**
     * The same width split into another number of heads, with as many of them per key/value head as before.
     *
     * @param heads number of query heads
     * @return a new template
     */
    public ConfigTemplate withHeads(int heads) {
        ObjectNode changed = json.deepCopy();
        int before = changed.path(field(HEADS)).asInt();
        changed.put(field(HEADS), heads);
        JsonNode keyValue = changed.path("num_key_value_heads");
        if (keyValue.isInt() && before > 0) {
            changed.put("num_key_value_heads", Math.max(1, (int) ((long) heads * keyValue.intValue() / before)));
        }
        return new ConfigTemplate(file, changed);
    }

    /**
     * The same with the dtype of the weights stated, for other readers.
     *
     * @param dtype the weights' dtype
     * @return a new template
     */
    public ConfigTemplate withDtype(DType dtype) {
        ObjectNode changed = json.deepCopy();
        changed.put(
                changed.has("dtype") ? "dtype" : "torch_dtype",
                switch (dtype) {
                    case F32 -> "float32";
                    case BF16 -> "bfloat16";
                    case F16 -> "float16";
                    default -> throw new InputException("dtype " + dtype + ": checkpoints are F32, BF16 or F16");
                });
        return new ConfigTemplate(file, changed);
    }

    /**
     * The contents, for an architecture to read.
     *
     * @return the configuration
     */
    public ModelConfig config() {
        return ModelConfig.of(file, json);
    }

    private String field(List<String> names) {
        return names.stream()
                .filter(json::has)
                .findFirst()
                .orElseThrow(() -> new InputException(file + ": has none of the fields " + String.join(", ", names)));
    }
}
