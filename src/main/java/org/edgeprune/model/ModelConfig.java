package org.edgeprune.model;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import org.edgeprune.io.InputException;

/**
 * A checkpoint's {@code config.json}: typed access, and errors that name the file and the field. It remembers which
 * fields it was asked for, so that {@link #refuseOthers} finds those that nobody understands.
 */
public final class ModelConfig {
    /** Beyond the tokens, positions and widths of any model. */
    private static final int MAX_COUNT = 1 << 24;

    /** Fields that do not change what a frozen model computes. */
    private static final Set<String> WITHOUT_EFFECT = Set.of(
            "_attn_implementation",
            "_name_or_path",
            "architectures",
            "attention_dropout",
            "attn_pdrop",
            "auto_map",
            "bos_token_id",
            "cache_implementation",
            "chunk_size_feed_forward",
            "classifier_dropout",
            "dtype",
            "embd_pdrop",
            "eos_token_id",
            "gradient_checkpointing",
            "hidden_dropout",
            "id2label",
            "initializer_range",
            "label2id",
            "model_type",
            "n_ctx",
            "output_past",
            "pad_token_id",
            "pretraining_tp",
            "problem_type",
            "reorder_and_upcast_attn",
            "resid_pdrop",
            "summary_activation",
            "summary_first_dropout",
            "summary_proj_to_labels",
            "summary_type",
            "summary_use_proj",
            "task_specific_params",
            "torch_dtype",
            "transformers_version",
            "unk_token_id",
            "unsloth_version",
            "use_cache");

    private final Path file;
    private final String prefix;
    private final JsonNode root;
    private final Set<String> asked = new HashSet<>();

    private ModelConfig(Path file, String prefix, JsonNode root) {
        this.file = file;
        this.prefix = prefix;
        this.root = root;
    }

    /** Reads {@code config.json} of a model directory. */
    public static ModelConfig read(Path modelDirectory) {
        Path file = modelDirectory.resolve("config.json");
        try {
            return of(file, Files.readString(file));
        } catch (NoSuchFileException e) {
            throw new InputException(
                    file + ": missing: a model directory holds config.json, *.safetensors and tokenizer files", e);
        } catch (IOException e) {
            throw new InputException(file + ": cannot be read: " + e, e);
        }
    }

    static ModelConfig of(Path file, String json) {
        try {
            JsonNode root = new ObjectMapper().readTree(json);
            if (!root.isObject()) {
                throw new InputException(file + ": not a JSON object");
            }
            return new ModelConfig(file, "", root);
        } catch (JsonProcessingException e) {
            throw new InputException(file + ": not JSON: " + e.getOriginalMessage(), e);
        }
    }

    /** The architecture's name, {@code model_type}. */
    public String modelType() {
        return text("model_type", "");
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

    /** Whether the field is there and not null. */
    boolean has(String field) {
        asked.add(field);
        return root.hasNonNull(field);
    }

    /** Whether the field is there, even if null. */
    boolean states(String field) {
        asked.add(field);
        return root.has(field);
    }

    /** A field that must be an object, for access to its own fields. */
    ModelConfig object(String field) {
        JsonNode value = node(field);
        if (!value.isObject()) {
            throw error(field, "is " + value + ", expected an object");
        }
        return new ModelConfig(file, prefix + field + ".", value);
    }

    JsonNode node(String field) {
        asked.add(field);
        return root.path(field);
    }

    /**
     * To be called once everything understood has been asked for.
     *
     * @throws InputException naming a field that was not asked for, is switched on, and may change what the model
     *     computes
     */
    void refuseOthers() {
        root.properties().forEach(entry -> {
            JsonNode value = entry.getValue();
            boolean off = value.isNull()
                    || value.isBoolean() && !value.booleanValue()
                    || value.isContainerNode() && value.isEmpty();
            if (!off && !asked.contains(entry.getKey()) && !WITHOUT_EFFECT.contains(entry.getKey())) {
                throw error(
                        entry.getKey(),
                        "is " + value + ": edgeprune does not know this field for model_type '" + modelType()
                                + "'; if it does not change what the model computes, take it out");
            }
        });
    }

    /** A positive integer up to {@value #MAX_COUNT} that must be there. */
    int count(String field) {
        if (!has(field)) {
            throw error(field, "is missing");
        }
        return count(field, 0);
    }

    /** A positive integer, or the default where the field is absent or null. */
    int count(String field, int otherwise) {
        JsonNode value = root.path(field);
        if (!has(field)) {
            return otherwise;
        }
        if (!value.isInt() || value.intValue() < 1 || value.intValue() > MAX_COUNT) {
            throw error(field, "is " + value + ", expected a positive integer up to " + MAX_COUNT);
        }
        return value.intValue();
    }

    double number(String field, double otherwise) {
        JsonNode value = root.path(field);
        if (!has(field)) {
            return otherwise;
        }
        if (!value.isNumber() || !Double.isFinite(value.doubleValue())) {
            throw error(field, "is " + value + ", expected a number");
        }
        return value.doubleValue();
    }

    boolean flag(String field, boolean otherwise) {
        JsonNode value = root.path(field);
        if (!has(field)) {
            return otherwise;
        }
        if (!value.isBoolean()) {
            throw error(field, "is " + value + ", expected true or false");
        }
        return value.booleanValue();
    }

    String text(String field, String otherwise) {
        JsonNode value = root.path(field);
        if (!has(field)) {
            return otherwise;
        }
        if (!value.isTextual()) {
            throw error(field, "is " + value + ", expected a string");
        }
        return value.textValue();
    }

    Activation activation(String field, String otherwise) {
        String name = text(field, otherwise);
        return Activation.named(name)
                .orElseThrow(() ->
                        error(field, "is '" + name + "', which is not supported: known are " + Activation.known()));
    }

    InputException error(String field, String what) {
        return new InputException(file + ": field '" + prefix + field + "' " + what);
    }

    @Override
    public String toString() {
        return file.toString();
    }
}
