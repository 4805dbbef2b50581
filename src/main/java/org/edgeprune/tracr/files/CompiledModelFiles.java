package org.edgeprune.tracr.files;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import org.edgeprune.io.Complaint;
import org.edgeprune.io.InputException;
import org.edgeprune.io.Json;
import org.edgeprune.tracr.CompiledModel;
import org.edgeprune.tracr.Output;
import org.edgeprune.tracr.TransformerConfig;
import org.edgeprune.tracr.Vocabulary;
import org.edgeprune.tracr.rasp.Encoding;
import org.edgeprune.tracr.rasp.Value;

/**
 * Directories of compiled models: {@code model.safetensors}; {@code config.json} with the reference's fields and, under
 * {@code tracr}, the meaning of inputs, outputs and residual dimensions; {@code vocab.json} from token to id; and a
 * {@code tokenizer.json} for texts of tokens separated by spaces.
 */
public final class CompiledModelFiles {
    /** {@code model_type} of compiled models in the published implementation of edge pruning. */
    public static final String MODEL_TYPE = "erazr";

    private CompiledModelFiles() {}

    /**
     * Writes a model into a directory.
     *
     * @param model the model
     * @param directory created if it is missing
     * @throws InputException if the directory cannot be created or written, or a token holds white space
     */
    public static void write(CompiledModel model, Path directory) {
        try {
            Files.createDirectories(directory);
        } catch (IOException e) {
            throw new InputException(directory + ": cannot be made: " + e.getMessage(), e);
        }
        WeightFiles.write(directory.resolve("model.safetensors"), model.weights());
        ObjectNode config = config(model.config());
        config.set("tracr", meaning(model));
        Json.write(directory.resolve("config.json"), config);
        ObjectNode ids = Json.object();
        for (int i = 0; i < model.vocabulary().tokens().size(); i++) {
            ids.put(model.vocabulary().tokens().get(i).toString(), i);
        }
        Json.write(directory.resolve("vocab.json"), ids);
        TokenizerFile.write(model.vocabulary(), directory.resolve("tokenizer.json"));
    }

    /**
     * Reads a model that {@link #write} wrote.
     *
     * @param directory the directory
     * @return the model
     * @throws InputException naming the file and the field that is missing or wrong
     */
    public static CompiledModel read(Path directory) {
        Path file = directory.resolve("config.json");
        TracrFields fields = TracrFields.read(file);
        TransformerConfig config = config(fields);
        TracrFields meaning = fields.object("tracr");
        List<Value> tokens = meaning.values("vocabulary");
        meaning.requireSize("vocabulary", "vocab_size", config.vocabSize());
        meaning.requireSize("residual_labels", "model_size", config.modelSize());
        for (String special : List.of("bos", "pad")) {
            if (!tokens.contains(meaning.value(special))) {
                throw meaning.error(special, "is " + meaning.value(special) + ", which is not in the vocabulary");
            }
        }
        if (new HashSet<>(tokens).size() < tokens.size() || meaning.value("bos").equals(meaning.value("pad"))) {
            throw meaning.error("vocabulary", "holds a token twice, or one that is both BOS and padding");
        }
        if (config.maxPositions() < 2) {
            throw fields.error("max_position_embeddings", "is 1: no position is left after BOS");
        }
        Vocabulary vocabulary =
                new Vocabulary(tokens, meaning.value("bos"), meaning.value("pad"), config.maxPositions() - 1);
        Encoding encoding = encoding(meaning);
        if (encoding == Encoding.CATEGORICAL) {
            meaning.requireSize("output_values", "unembed_size", config.unembedSize());
        } else if (config.unembedSize() != 1) {
            throw fields.error("unembed_size", "is " + config.unembedSize() + ", but a numerical output has 1");
        }
        return new CompiledModel(
                config,
                WeightFiles.read(directory.resolve("model.safetensors"), WeightFiles.Naming.ERAZR, config),
                vocabulary,
                new Output(encoding, meaning.values("output_values")),
                meaning.values("residual_labels").stream().map(Value::toString).toList());
    }

    private static Encoding encoding(TracrFields meaning) {
        String name = meaning.text("output_encoding");
        return Arrays.stream(Encoding.values())
                .filter(encoding -> encoding.toString().equals(name))
                .findFirst()
                .orElseThrow(() -> meaning.error(
                        "output_encoding",
                        "is " + Complaint.quote(name) + ": only " + Arrays.toString(Encoding.values()) + " are known"));
    }

    /**
     * Reads the shape in a {@code config.json}, written by edgeprune or by the reference.
     *
     * @param file the file
     * @return the shape
     * @throws InputException naming the file and the field that is missing or wrong
     */
    public static TransformerConfig readConfig(Path file) {
        return config(TracrFields.read(file));
    }

    private static ObjectNode config(TransformerConfig config) {
        return Json.object()
                .put("model_type", MODEL_TYPE)
                .put("model_size", config.modelSize())
                .put("num_layers", config.numLayers())
                .put("num_heads", config.numHeads())
                .put("key_size", config.keySize())
                .put("value_size", config.keySize())
                .put("mlp_hidden_size", config.mlpHiddenSize())
                .put("vocab_size", config.vocabSize())
                .put("max_position_embeddings", config.maxPositions())
                .put("unembed_size", config.unembedSize())
                .put("activation_function", "relu")
                .put("layer_norm", false)
                .put("causal", config.causal());
    }

    private static TransformerConfig config(TracrFields fields) {
        fields.require("model_type", MODEL_TYPE);
        fields.require("activation_function", "relu");
        fields.require("layer_norm", "false");
        fields.require("value_size", Integer.toString(fields.count("key_size")));
        return new TransformerConfig(
                fields.count("model_size"),
                fields.count("num_layers"),
                fields.count("num_heads"),
                fields.count("key_size"),
                fields.count("mlp_hidden_size"),
                fields.count("vocab_size"),
                fields.count("max_position_embeddings"),
                fields.count("unembed_size"),
                fields.text("causal").equals("true"));
    }

    private static ObjectNode meaning(CompiledModel model) {
        ObjectNode meaning = Json.object();
        meaning.set("vocabulary", array(model.vocabulary().tokens()));
        meaning.set("bos", json(model.vocabulary().bos()));
        meaning.set("pad", json(model.vocabulary().pad()));
        meaning.put("output_encoding", model.output().encoding().toString());
        meaning.set("output_values", array(model.output().values()));
        meaning.set(
                "residual_labels",
                array(model.residualLabels().stream().map(Value::of).toList()));
        return meaning;
    }

    private static ArrayNode array(List<Value> values) {
        ArrayNode array = Json.array();
        values.forEach(value -> array.add(json(value)));
        return array;
    }

    private static JsonNode json(Value value) {
        JsonNodeFactory factory = JsonNodeFactory.instance;
        return switch (value) {
            case Value.Num n when n.value() == (int) n.value() -> factory.numberNode((int) n.value());
            case Value.Num n -> factory.numberNode(n.value());
            case Value.Bool b -> factory.booleanNode(b.value());
            case Value.Text t -> factory.textNode(t.value());
            case Value.Tuple t -> array(t.values());
            case Value.None n -> factory.nullNode();
        };
    }
}
