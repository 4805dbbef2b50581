package org.edgeprune.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.edgeprune.safetensors.Checkpoint;
import org.edgeprune.torch.DType;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Checkpoints of random numbers: which numbers, and in which files. */
class RandomCheckpointTest {
    @TempDir
    Path folder;

    private Path config;

    @BeforeEach
    void writeConfig() throws IOException {
        config = folder.resolve("small.json");
        Files.writeString(config, """
                {"model_type": "llama", "num_hidden_layers": 3, "num_attention_heads": 4, "num_key_value_heads": 2, "hidden_size": 64,
                 "intermediate_size": 96, "vocab_size": 2000, "max_position_embeddings": 64}
                """);
    }

    @Test
    void matricesAreNormalNormsOneAndNothingElseRandom() {
        Path out = init("model", Long.MAX_VALUE, 1, 3);
        try (Checkpoint checkpoint = Checkpoint.open(out);
                TensorScope _ = TensorScope.open()) {
            for (String name : checkpoint.names()) {
                Tensor tensor = checkpoint.tensor(name);
                if (tensor.rank() == 1) {
                    assertEquals(0, tensor.sub(1).abs().sum().item(), name);
                } else {
                    double deviation = Math.sqrt(tensor.mul(tensor).mean().item());
                    assertEquals(0.02, deviation, 0.001, name);
                    assertEquals(0, tensor.mean().item(), 0.002, name);
                }
            }
        }
    }

    @Test
    void theSeedDecidesNotTheShardsOrTheLayers() throws IOException {
        Path whole = init("whole", Long.MAX_VALUE, 1, 3);
        Path shards = init("shards", 150_000, 1, 3);
        assertEquals(sha256(whole), sha256(shards));
        assertNotEquals(sha256(whole), sha256(init("other", Long.MAX_VALUE, 7, 3)));
        try (Checkpoint deep = Checkpoint.open(whole);
                Checkpoint flat = Checkpoint.open(init("flat", Long.MAX_VALUE, 1, 1));
                TensorScope _ = TensorScope.open()) {
            String name = "model.layers.0.mlp.up_proj.weight";
            assertEquals(0, deep.tensor(name).sub(flat.tensor(name)).abs().sum().item());
            assertTrue(deep.tensor(name)
                            .sub(deep.tensor("model.layers.1.mlp.up_proj.weight"))
                            .abs()
                            .sum()
                            .item()
                    > 1);
        }
    }

    @Test
    void shardsAreNamedAndFilledAsHuggingFaceDoes() throws IOException {
        Path out = init("shards", 150_000, 1, 3);
        List<String> files = names(out);
        int count = files.size() - 2;
        assertTrue(count > 2, files.toString());
        JsonNode index = new ObjectMapper()
                .readTree(out.resolve("model.safetensors.index.json").toFile());
        for (int i = 1; i <= count; i++) {
            assertTrue(files.contains("model-%05d-of-%05d.safetensors".formatted(i, count)), files.toString());
        }
        try (Checkpoint checkpoint = Checkpoint.open(out)) {
            long bytes = checkpoint.names().stream()
                    .mapToLong(name -> checkpoint.info(name).byteSize())
                    .sum();
            assertEquals(bytes, index.at("/metadata/total_size").asLong());
            assertEquals(checkpoint.names().size(), index.get("weight_map").size());
            // each file holds no more than was asked for, unless it is one tensor's
            for (String file : files) {
                long tensors = checkpoint.names().stream()
                        .filter(name ->
                                index.get("weight_map").get(name).asText().equals(file))
                        .count();
                assertTrue(!file.startsWith("model-") || tensors == 1 || Files.size(out.resolve(file)) < 152_000, file);
            }
        }
    }

    private Path init(String name, long shardBytes, long seed, int layers) {
        Path out = folder.resolve(name);
        new RandomCheckpoint(ConfigTemplate.of(config.toString()).withLayers(layers), DType.F32, seed)
                .write(out, shardBytes, List.of(), bytes -> {});
        return out;
    }

    private static String sha256(Path model) {
        try (Checkpoint checkpoint = Checkpoint.open(model)) {
            return checkpoint.sha256();
        }
    }

    private static List<String> names(Path directory) {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
