package org.edgeprune.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import org.edgeprune.engine.FullModel;
import org.edgeprune.fixture.Fixtures;
import org.edgeprune.io.InputException;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The {@code config.json} files of 52 published models: those of a supported architecture open as they are, and made
 * small, with weights by a rule, give the logits of transformers; the others are refused with the reason.
 */
class PublishedConfigsTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** Parts of the refusals where there is more to say than that an architecture is not known. */
    private static final Map<String, String> REASONS = Map.of(
            "mixtral-8x7b", "'model_type' is 'mixtral', which is a mixture of experts",
            "gpt-oss-20b", "'model_type' is 'gpt_oss', which is a mixture of experts",
            "phi-1.5-msft", "'model_type' is 'phi-msft', which is the name that code inside the repository gave it",
            "ministral-3-3b", "'text_config.model_type' is 'ministral3', which is not supported: known are ");

    private static Path folder() throws URISyntaxException {
        return Path.of(PublishedConfigsTest.class.getResource("/configs").toURI());
    }

    static List<String> published() throws IOException, URISyntaxException {
        try (Stream<Path> files = Files.list(folder())) {
            return files.map(file -> file.getFileName().toString().replaceFirst("\\.json$", ""))
                    .sorted()
                    .toList();
        }
    }

    static List<String> supported() throws IOException, URISyntaxException {
        return published().stream().filter(name -> isSupported(modelType(name))).toList();
    }

    static List<String> unsupported() throws IOException, URISyntaxException {
        return published().stream()
                .filter(name -> !isSupported(modelType(name)))
                .toList();
    }

    private static boolean isSupported(String modelType) {
        return Architectures.find().byModelType().containsKey(modelType);
    }

    /** distilgpt2's of 2019 has none. */
    private static String modelType(String name) {
        return read(name).path("model_type").asText("gpt2");
    }

    private static JsonNode read(String name) {
        try {
            return JSON.readTree(folder().resolve(name + ".json").toFile());
        } catch (IOException | URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void thereAreFiftyTwo() throws Exception {
        assertEquals(52, published().size());
    }

    @ParameterizedTest
    @MethodSource
    void supported(String name) throws IOException {
        ModelSizes sizes = Models.decoder(config(name, read(name))).sizes();
        assertEquals(modelType(name), sizes.architecture());

        JsonNode golden = JSON.readTree(Fixtures.golden("configs/logits.json").toFile());
        JsonNode expected = golden.at("/models").path(name);
        assertTrue(expected.isObject(), "golden/configs has no logits of " + name);
        Decoder decoder = Models.decoder(config(name, expected.get("config")));
        int[] ids = JSON.convertValue(golden.get("ids"), int[].class);
        try (TensorScope _ = TensorScope.open();
                TransformerModel model = TransformerModel.of(decoder, new RuleWeights(), Execution.on(Device.CPU))) {
            TokenBatch batch = TokenBatch.of(List.of(ids), Device.CPU);
            float[] logits = FullModel.logits(model, batch).toFloats();
            int vocabulary = logits.length / ids.length;
            for (int row = 0; row < 2; row++) {
                float[] of = JSON.convertValue(expected.at("/logits/" + row), float[].class);
                int from = (ids.length - 2 + row) * vocabulary;
                assertArrayEquals(of, Arrays.copyOfRange(logits, from, from + vocabulary), 5e-5f, "position " + row);
            }
        }
    }

    private static ModelConfig config(String name, JsonNode json) {
        return ModelConfig.of(Path.of(name + ".json"), json);
    }

    @ParameterizedTest
    @MethodSource
    void unsupported(String name) {
        String message = assertThrows(InputException.class, () -> Models.decoder(config(name, read(name))))
                .getMessage();
        String reason = REASONS.getOrDefault(
                name, "'model_type' is '" + modelType(name) + "', which is not supported: known are ");
        assertTrue(message.contains(reason), message);
    }

    /** The same weights as in {@code configs.py}. */
    private static final class RuleWeights implements Weights {
        @Override
        public boolean has(String name) {
            return true;
        }

        @Override
        public Tensor get(String name, long... shape) {
            long count = 1;
            for (long size : shape) {
                count *= size;
            }
            CRC32 crc = new CRC32();
            crc.update(name.getBytes(StandardCharsets.UTF_8));
            float centre = shape.length == 1 && !name.endsWith("bias") ? 1 : 0;
            float[] values = new float[(int) count];
            for (int i = 0; i < count; i++) {
                long mixed = (crc.getValue() + i * 2654435761L) & 0xFFFFFFFFL;
                values[i] = ((mixed >> 8) / (float) (1 << 24) - 0.5f) * 0.5f + centre;
            }
            return Tensor.of(values, shape);
        }

        @Override
        public void close() {}
    }
}
