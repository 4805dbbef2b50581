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
    /** The {@code model_type} of the whole file, even if this is an object inside it. */
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

    /**
     * Reads {@code config.json} of a model directory.
     *
     * @param modelDirectory the directory
     * @return the configuration
     * @throws InputException if there is no such file, or it is not a JSON object
     */
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

    /**
     * The architecture's name, {@code model_type}.
     *
     * @return the name
     * @throws InputException if it is absent
     */
    public String modelType() {
        return modelType;
    }

    /** The tokens that end a text, {@code eos_token_id}: none, one or several. */
    Set<Integer> endTokens() {
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
     * @return a configuration that finds fields under both names
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

    /**
     * Whether a field has a value.
     *
     * @param field its name
     * @return true if it is there and not null
     */
    public boolean has(String field) {
        asked.add(field);
        return fields.has(field);
    }

    /**
     * Whether a field is there, even if null.
     *
     * @param field its name
     * @return whether the file names it
     */
    public boolean states(String field) {
        asked.add(field);
        return fields.node().has(field);
    }

    /**
     * A field that must be an object, for access to its own fields.
     *
     * @param field its name
     * @return the object's fields
     * @throws InputException if it is absent or not an object
     */
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
     * @param classDefaults values by field: strings, numbers, truth values
     * @return a new configuration
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

    /**
     * Notes an assumption about the model, which is shown once to whoever opens it.
     *
     * @param what a whole sentence
     */
    public void note(String what) {
        String note = fields.file() + " " + what;
        if (!notes.contains(note)) {
            notes.add(note);
        }
    }

    /**
     * What was assumed so far.
     *
     * @return whole sentences that name the file
     */
    public List<String> notes() {
        return List.copyOf(notes);
    }

    /**
     * A field as it is.
     *
     * @param field its name
     * @return its value; {@link JsonNode#isMissingNode missing} if it is absent
     */
    public JsonNode node(String field) {
        asked.add(field);
        return fields.node().path(field);
    }

    /**
     * The shape of the computation graph, from {@code num_hidden_layers}, {@code num_attention_heads} and
     * {@code num_key_value_heads}, which defaults to the number of heads.
     *
     * @param embeddings names of the embedding nodes
     * @param parallel whether a layer's MLP reads the same residual stream as its attention
     * @return the shape
     * @throws InputException if a field is absent, or the numbers do not go together
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
     * The width of a head if all heads together are as wide as the residual stream.
     *
     * @param hidden the field with the width of the residual stream
     * @param heads the field with the number of heads
     * @return the width
     * @throws InputException if one does not divide the other
     */
    public int headShare(String hidden, String heads) {
        if (count(hidden) % count(heads) != 0) {
            throw error(heads, "is " + count(heads) + ", which does not divide " + hidden + " = " + count(hidden));
        }
        return count(hidden) / count(heads);
    }

    /**
     * A digest of the architecture that this configuration describes: of all its fields except null ones and those that
     * do not change what a frozen model computes. It does not depend on the order of the fields or on the notation of
     * numbers.
     *
     * @return SHA-256 in hex
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
     * Refuses fields that were not asked for. To be called once everything that is understood has been asked for.
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

    /**
     * A positive integer that must be there.
     *
     * @param field its name
     * @return 1 to {@value #MAX_COUNT}
     * @throws InputException if it is absent or has another value
     */
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

    /**
     * A positive integer with a default.
     *
     * @param field its name
     * @param otherwise the value if it is absent or null
     * @return 1 to {@value #MAX_COUNT}, or the default
     * @throws InputException if it has another value
     */
    public int count(String field, int otherwise) {
        return has(field) ? count(field) : otherwise;
    }

    /**
     * A finite number with a default.
     *
     * @param field its name
     * @param otherwise the value if it is absent or null
     * @return the number
     * @throws InputException if it has another value
     */
    public double number(String field, double otherwise) {
        return has(field) ? fields.number(field) : otherwise;
    }

    /**
     * A truth value with a default.
     *
     * @param field its name
     * @param otherwise the value if it is absent or null
     * @return the truth value
     * @throws InputException if it has another value
     */
    public boolean flag(String field, boolean otherwise) {
        return has(field) ? fields.flag(field) : otherwise;
    }

    /**
     * A string with a default.
     *
     * @param field its name
     * @param otherwise the value if it is absent or null
     * @return the string
     * @throws InputException if it has another value
     */
    public String text(String field, String otherwise) {
        return has(field) ? fields.text(field) : otherwise;
    }

    /**
     * An activation function by its HuggingFace name.
     *
     * @param field the field with the name
     * @param otherwise the name if it is absent or null
     * @return the function
     * @throws InputException if no function has that name
     */
    public Activation activation(String field, String otherwise) {
        String name = text(field, otherwise);
        return Activation.named(name)
                .orElseThrow(() ->
                        error(field, "is '" + name + "', which is not supported: known are " + Activation.known()));
    }

    /**
     * An error about a field, for the caller to throw.
     *
     * @param field its name
     * @param what what is wrong with it
     * @return an exception that names the file and the field
     */
    public InputException error(String field, String what) {
        return fields.error(field, what);
    }

    @Override
    public String toString() {
        return fields.file().toString();
    }
}
