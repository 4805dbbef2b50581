package org.edgeprune.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.edgeprune.graph.GraphShape;
import org.edgeprune.io.Digest;
import org.edgeprune.io.InputException;
import org.edgeprune.io.Json;
import org.edgeprune.io.JsonFields;
import org.edgeprune.safetensors.ForeignWeights;

/**
 * A checkpoint's {@code config.json}: typed access, and errors that name the file and the field. It remembers which
 * fields it was asked for, so that {@link #refuseOthers} finds those that the architecture does not know.
 */
public final class ModelConfig {
    /** Beyond the tokens, positions and widths of any model. */
    private static final int MAX_COUNT = 1 << 24;

    private static final String TIED = "tie_word_embeddings";

    private final JsonFields fields;
    /** Values of absent fields that have been set for them. */
    private final Set<String> defaulted;
    /** Of the whole file, also where this is an object inside it. */
    private final String modelType;

    private final List<String> notes;
    private final Set<String> asked = new HashSet<>();

    private ModelConfig(JsonFields fields) {
        this(fields, Set.of(), fields.node().path("model_type").asText(""), new ArrayList<>());
    }

    private ModelConfig(JsonFields fields, Set<String> defaulted, String modelType, List<String> notes) {
        this.fields = fields;
        this.defaulted = defaulted;
        this.modelType = modelType;
        this.notes = notes;
    }

    /** Reads {@code config.json} of a model directory. */
    public static ModelConfig read(Path modelDirectory) {
        if (Files.isRegularFile(modelDirectory)) {
            throw ForeignWeights.refuseAsModel(modelDirectory);
        }
        Path file = modelDirectory.resolve("config.json");
        if (Files.isDirectory(modelDirectory) && Files.notExists(file)) {
            Optional<InputException> foreign = ForeignWeights.refuseAllIn(modelDirectory);
            if (foreign.isPresent()) {
                throw foreign.get();
            }
        }
        return new ModelConfig(
                JsonFields.read(file, "a model directory holds config.json, *.safetensors and tokenizer files"));
    }

    /** The configuration in an object that came from {@code file}. */
    static ModelConfig of(Path file, JsonNode json) {
        return new ModelConfig(new JsonFields(file, "", json));
    }

    /** The architecture's name, {@code model_type}. */
    public String modelType() {
        return modelType;
    }

    /** The tokens that end a text, {@code eos_token_id}: none, one or several. */
    public Set<Integer> endTokens() {
        JsonNode value = node("eos_token_id");
        Set<Integer> tokens = new HashSet<>();
        if (value.isArray()) {
            value.forEach(token -> tokens.add(token.asInt()));
        } else if (value.isInt()) {
            tokens.add(value.intValue());
        }
        return tokens;
    }

    /**
     * The same with other names that the fields may have, {@code attribute_map} of a HuggingFace class.
     *
     * @param pairs another name, then the one that is read, and so on
     * @throws InputException if both are there with different values
     */
    public ModelConfig withNames(String... pairs) {
        ObjectNode renamed = fields.node().deepCopy();
        for (int i = 0; i < pairs.length; i += 2) {
            String name = pairs[i + 1];
            JsonNode value = renamed.remove(pairs[i]);
            if (value != null
                    && renamed.hasNonNull(name)
                    && !value.isNull()
                    && !renamed.get(name).equals(value)) {
                throw error(
                        pairs[i],
                        "is " + value + ", but " + name + ", another name of it, is " + renamed.get(name)
                                + ": take one of them out");
            }
            if (value != null && !renamed.hasNonNull(name)) {
                renamed.set(name, value);
            }
        }
        return new ModelConfig(new JsonFields(fields.file(), fields.prefix(), renamed), defaulted, modelType, notes);
    }

    /** Whether the field is there and not null. */
    public boolean has(String field) {
        asked.add(field);
        return fields.has(field);
    }

    /** Whether the field is there, even if null. */
    public boolean states(String field) {
        asked.add(field);
        return fields.node().has(field);
    }

    /** A field that must be an object, for access to its own fields. */
    public ModelConfig object(String field) {
        asked.add(field);
        return new ModelConfig(fields.object(field), Set.of(), modelType, notes);
    }

    /** The same with a {@code model_type} that it does not state. */
    ModelConfig withModelType(String name) {
        return new ModelConfig(fields, defaulted, name, notes);
    }

    /** The text model of a multimodal one: {@code text_config}, whose embeddings are tied as the whole says. */
    ModelConfig textConfig() {
        JsonFields text = fields.object("text_config");
        ObjectNode json = text.node().deepCopy();
        if (!json.has(TIED) && fields.node().has(TIED)) {
            json.set(TIED, fields.node().get(TIED));
        }
        return new ModelConfig(
                new JsonFields(text.file(), text.prefix(), json),
                Set.of(),
                json.path("model_type").asText(""),
                notes);
    }

    /** In place of an object that is absent: one without fields. */
    ModelConfig emptyObject(String field) {
        return inside(field, JsonNodeFactory.instance.objectNode());
    }

    /** This object with the fields of another over its own. */
    ModelConfig overlaid(ModelConfig other) {
        ObjectNode both = fields.node().deepCopy();
        both.setAll((ObjectNode) other.fields.node());
        return new ModelConfig(new JsonFields(fields.file(), other.fields.prefix(), both), Set.of(), modelType, notes);
    }

    private ModelConfig inside(String field, ObjectNode json) {
        return new ModelConfig(
                new JsonFields(fields.file(), fields.prefix() + field + ".", json), Set.of(), modelType, notes);
    }

    /**
     * The same with values for fields that are absent, as the constructor of a HuggingFace class sets them. A field
     * that is there and null stays null.
     *
     * @param classDefaults by field: strings, numbers, truth values
     */
    public ModelConfig withDefaults(Map<String, ?> classDefaults) {
        ObjectNode filled = fields.node().deepCopy();
        Set<String> absent = new TreeSet<>(defaulted);
        classDefaults.forEach((field, value) -> {
            if (!filled.has(field)) {
                filled.set(field, Json.PLAIN.tree(value));
                absent.add(field);
            }
        });
        return new ModelConfig(new JsonFields(fields.file(), fields.prefix(), filled), absent, modelType, notes);
    }

    /** To be told to whoever opens the model, once: what was assumed about it. */
    public void note(String what) {
        String note = fields.file() + " " + what;
        if (!notes.contains(note)) {
            notes.add(note);
        }
    }

    /** What reading it has assumed so far, in whole sentences that name the file. */
    public List<String> notes() {
        return List.copyOf(notes);
    }

    /** A field as it is; {@link JsonNode#isMissingNode missing} where it is absent. */
    public JsonNode node(String field) {
        asked.add(field);
        return fields.node().path(field);
    }

    /**
     * The shape of the computation graph, from {@code num_hidden_layers}, {@code num_attention_heads} and
     * {@code num_key_value_heads}, which is the number of heads where it is absent.
     *
     * @param embeddings names of the embedding nodes
     * @param parallel whether a layer's MLP reads what its attention reads, rather than after it
     */
    public GraphShape graph(List<String> embeddings, boolean parallel) {
        int heads = count("num_attention_heads");
        int kvHeads = count("num_key_value_heads", heads);
        if (heads % kvHeads != 0) {
            throw error(
                    "num_key_value_heads", "is " + kvHeads + ", which does not divide num_attention_heads = " + heads);
        }
        return new GraphShape(count("num_hidden_layers"), heads, kvHeads, embeddings, parallel);
    }

    /**
     * The width of a head where all heads together are as wide as the residual stream.
     *
     * @param hidden the field with the width of the residual stream
     * @param heads the field with the number of heads
     */
    public int headShare(String hidden, String heads) {
        if (count(hidden) % count(heads) != 0) {
            throw error(heads, "is " + count(heads) + ", which does not divide " + hidden + " = " + count(hidden));
        }
        return count(hidden) / count(heads);
    }

    /**
     * Identity of the architecture that this configuration describes: a digest of all its fields but those that do not
     * change what a frozen model computes, and those that are null. The order of the fields and the way that numbers
     * are written do not change it.
     */
    public String sha256() {
        return Digest.sha256(modelType() + Json.canonical(withEffect(fields.node())));
    }

    private static JsonNode withEffect(JsonNode value) {
        if (!(value instanceof ObjectNode object)) {
            return value;
        }
        ObjectNode kept = Json.object();
        object.properties().forEach(field -> {
            if (!field.getValue().isNull() && !FieldsWithoutEffect.contains(field.getKey())) {
                kept.set(field.getKey(), withEffect(field.getValue()));
            }
        });
        return kept;
    }

    /**
     * To be called once everything understood has been asked for.
     *
     * @throws InputException naming all fields that were not asked for, are switched on, and may change what the model
     *     computes
     */
    public void refuseOthers() {
        Map<String, JsonNode> unknown = new LinkedHashMap<>();
        fields.node().properties().forEach(entry -> {
            String field = entry.getKey();
            if (!defaulted.contains(field)
                    && !asked.contains(field)
                    && !FieldsWithoutEffect.contains(field, entry.getValue())) {
                unknown.put(field, entry.getValue());
            }
        });
        if (unknown.size() == 1) {
            unknown.forEach((field, value) -> {
                throw error(
                        field,
                        "is " + value + ": edgeprune does not know this field for model_type '" + modelType()
                                + "'; if it does not change what the model computes, take it out");
            });
        }
        if (!unknown.isEmpty()) {
            String list = unknown.entrySet().stream()
                    .map(entry -> "'" + fields.prefix() + entry.getKey() + "' (" + entry.getValue() + ")")
                    .collect(Collectors.joining(", "));
            throw new InputException(
                    fields.file() + ": fields " + list + ": edgeprune does not know them for model_type '" + modelType()
                            + "'; take out those that do not change what the model computes");
        }
    }

    /** A positive integer up to {@value #MAX_COUNT} that must be there. */
    public int count(String field) {
        if (!has(field)) {
            throw error(field, "is missing");
        }
        int count = fields.integer(field, 1, MAX_COUNT);
        if (defaulted.contains(field)) {
            note("states no " + field + ": " + count + ", the default of " + modelType + ", is taken");
        }
        return count;
    }

    /** A positive integer, or the default where the field is absent or null. */
    public int count(String field, int otherwise) {
        return has(field) ? count(field) : otherwise;
    }

    /** A finite number, or the default where the field is absent or null. */
    public double number(String field, double otherwise) {
        return has(field) ? fields.number(field) : otherwise;
    }

    /** A truth value, or the default where the field is absent or null. */
    public boolean flag(String field, boolean otherwise) {
        return has(field) ? fields.flag(field) : otherwise;
    }

    /** A string, or the default where the field is absent or null. */
    public String text(String field, String otherwise) {
        return has(field) ? fields.text(field) : otherwise;
    }

    /** An activation function by its name, or by the default name where the field is absent or null. */
    public Activation activation(String field, String otherwise) {
        String name = text(field, otherwise);
        return Activation.named(name)
                .orElseThrow(() ->
                        error(field, "is '" + name + "', which is not supported: known are " + Activation.known()));
    }

    /** An error about a field, which names the file and the field. */
    public InputException error(String field, String what) {
        return fields.error(field, what);
    }

    @Override
    public String toString() {
        return fields.file().toString();
    }
}
