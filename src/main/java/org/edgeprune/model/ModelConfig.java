package org.edgeprune.model;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.edgeprune.InputException;

/** A checkpoint's {@code config.json}: typed access, and errors that name the file and the field. */
public final class ModelConfig {
    private final Path file;
    private final JsonNode root;

    private ModelConfig(Path file, JsonNode root) {
        this.file = file;
        this.root = root;
    }

    /** Reads {@code config.json} of a model directory. */
    public static ModelConfig read(Path modelDirectory) {
        Path file = modelDirectory.resolve("config.json");
        try {
            return of(file, Files.readString(file));
        } catch (NoSuchFileException e) {
            throw new InputException(file + ": missing: a model directory holds config.json, *.safetensors and tokenizer files", e);
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
            return new ModelConfig(file, root);
        } catch (JsonProcessingException e) {
            throw new InputException(file + ": not JSON: " + e.getOriginalMessage(), e);
        }
    }

    /** The architecture's name, {@code model_type}. */
    public String modelType() {
        return text("model_type", "");
    }

    boolean has(String field) {
        return root.hasNonNull(field);
    }

    JsonNode node(String field) {
        return root.path(field);
    }

    /** A positive integer that must be there. */
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
        if (!value.isInt() || value.intValue() < 1) {
            throw error(field, "is " + value + ", expected a positive integer");
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
                .orElseThrow(() -> error(field, "is '" + name + "', which is not supported: known are " + Activation.known()));
    }

    InputException error(String field, String what) {
        return new InputException(file + ": field '" + field + "' " + what);
    }

    @Override
    public String toString() {
        return file.toString();
    }
}
