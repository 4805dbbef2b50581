package org.edgeprune.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.edgeprune.InputException;
import org.edgeprune.safetensors.Checkpoint;
import org.edgeprune.torch.DType;
import org.edgeprune.torch.Device;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Names and shapes of a written checkpoint are HuggingFace's, for every architecture; {@link ParameterShapes} lists them by hand. */
class RandomCheckpointTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(strings = {
        "'model_type': 'llama', 'attention_bias': true, 'mlp_bias': true, 'head_dim': 10, 'tie_word_embeddings': true",
        "'model_type': 'mistral', 'sliding_window': 4",
        "'model_type': 'qwen2'",
        "'model_type': 'qwen3', 'head_dim': 8, 'layer_types': ['full_attention', 'full_attention', 'full_attention', 'full_attention']",
        "'model_type': 'gemma', 'head_dim': 8, 'hidden_act': 'gelu'",
        "'model_type': 'gemma2', 'head_dim': 8",
        "'model_type': 'phi3'",
        "'model_type': 'gpt_neox', 'hidden_act': 'gelu', 'rotary_pct': 1.0"
    })
    void parametersAreThoseOfThePublishedCheckpoints(String fields) throws Exception {
        ObjectNode json = (ObjectNode) new ObjectMapper().readTree("""
                {"hidden_size": 24, "intermediate_size": 20, "num_hidden_layers": 4, "num_attention_heads": 4,
                 "num_key_value_heads": 2, "vocab_size": 23, "max_position_embeddings": 16}""");
        json.setAll((ObjectNode) new ObjectMapper().readTree("{" + fields.replace('\'', '"') + "}"));
        if (json.get("model_type").asText().equals("gpt_neox")) {
            json.remove("num_key_value_heads");
        }
        Path file = folder.resolve("config.json");
        Files.writeString(file, json.toString());
        Path out = folder.resolve("model");
        RandomCheckpoint checkpoint = new RandomCheckpoint(ConfigTemplate.of(file.toString()).withLayers(2), DType.F16, 3);
        checkpoint.write(out, 1 << 20, List.of(), bytes -> {});
        json.put("num_hidden_layers", 2);
        assertEquals(described(new ParameterShapes(json).all()), stored(out));
        Models.open(out, Execution.on(Device.CPU)).close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"-0.02", "\"small\""})
    void aSpreadThatIsNoneIsRefused(String range) throws Exception {
        Path file = folder.resolve("config.json");
        ObjectNode json = ConfigTemplate.of("gpt2").json();
        Files.writeString(file, json.set("initializer_range", new ObjectMapper().readTree(range)).toString());
        ConfigTemplate config = ConfigTemplate.of(file.toString());
        String message = assertThrows(InputException.class, () -> new RandomCheckpoint(config, DType.F32, 1)).getMessage();
        assertTrue(message.contains("'initializer_range' is " + range), message);
    }

    @Test
    void gpt2HasTheNamesOfTransformers() {
        Path out = folder.resolve("model");
        ConfigTemplate gpt2 = ConfigTemplate.of("gpt2").withLayers(1);
        new RandomCheckpoint(gpt2, DType.BF16, 3).write(out, 1 << 30, List.of(), bytes -> {});
        Map<String, String> stored = stored(out);
        assertEquals("[50257, 768]", stored.get("transformer.wte.weight"));
        assertEquals("[768, 2304]", stored.get("transformer.h.0.attn.c_attn.weight"));
        assertEquals(16, stored.size());
    }

    @Test
    void theShapesThatComeWithEdgepruneAreThePublishedOnes() {
        assertEquals(124_439_808, new RandomCheckpoint(ConfigTemplate.of("gpt2"), DType.F32, 1).parameters());
        // 13.016 billion, as published
        assertEquals(13_016_028_160L, new RandomCheckpoint(ConfigTemplate.of("codellama-13b"), DType.BF16, 1).parameters());
        for (String name : ConfigTemplate.NAMES) {
            assertEquals(3, Models.architecture(ConfigTemplate.of(name).withLayers(3).config()).sizes().graph().layers());
        }
    }

    @Test
    void aNumberOfHeadsKeepsTheSharingOfKeyValueHeads() throws Exception {
        Path file = folder.resolve("config.json");
        Files.writeString(file, "{\"model_type\": \"llama\", \"num_attention_heads\": 8, \"num_key_value_heads\": 2, \"num_hidden_layers\": 1}");
        ObjectNode changed = ConfigTemplate.of(file.toString()).withHeads(16).json();
        assertEquals(16, changed.get("num_attention_heads").asInt());
        assertEquals(4, changed.get("num_key_value_heads").asInt());
    }

    private static Map<String, String> described(Map<String, long[]> shapes) {
        Map<String, String> described = new TreeMap<>();
        shapes.forEach((name, shape) -> described.put(name, Arrays.toString(shape)));
        return described;
    }

    private static Map<String, String> stored(Path model) {
        Map<String, String> stored = new TreeMap<>();
        try (Checkpoint checkpoint = Checkpoint.open(model)) {
            checkpoint.names().forEach(name -> stored.put(name, Arrays.toString(checkpoint.info(name).shape())));
        }
        return stored;
    }
}
