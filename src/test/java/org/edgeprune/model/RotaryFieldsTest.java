package org.edgeprune.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.MathContext;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.edgeprune.fixture.Fixtures;
import org.edgeprune.io.InputException;
import org.edgeprune.torch.DType;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Rotary frequencies of configurations that state them in different ways, against those of transformers. */
class RotaryFieldsTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    static Stream<String> frequenciesAreThoseOfTransformers() throws IOException {
        return cases().map(node -> node.get("name").textValue());
    }

    private static Stream<JsonNode> cases() throws IOException {
        JsonNode all = JSON.readTree(Fixtures.golden("rope/frequencies.json").toFile());
        return StreamSupport.stream(all.get("cases").spliterator(), false);
    }

    /** The fixture's numbers are float32. */
    @ParameterizedTest(name = "{0}")
    @MethodSource
    void frequenciesAreThoseOfTransformers(String name) throws IOException {
        JsonNode fixture = cases().filter(node -> node.get("name").textValue().equals(name))
                .findFirst()
                .orElseThrow();
        RotaryConfig rotary = read((ObjectNode) fixture.get("config"));
        for (JsonNode at : fixture.get("lengths")) {
            int length = at.get("length").intValue();
            double[] frequencies = rotary.frequencies(length);
            assertEquals(at.get("frequencies").size(), frequencies.length, "pairs of dimensions");
            for (int i = 0; i < frequencies.length; i++) {
                double expected = at.get("frequencies").get(i).doubleValue();
                assertEquals(expected, frequencies[i], 2e-6 * expected, "frequency " + i + " at length " + length);
            }
            double factor = at.get("attention_factor").doubleValue();
            assertEquals(factor, rotary.scaling().amplitude(), 1e-9, "attention factor");
        }
    }

    /** What the architecture reads, through its decoder: the attention of its first layer. */
    private static RotaryConfig read(ObjectNode json) {
        ModelConfig config = ModelConfig.of(Path.of("config.json"), json);
        Decoder decoder = Models.decoder(config);
        try (TensorScope _ = TensorScope.open();
                Parameters parameters = new Parameters(new Zeros(), DType.F32, Device.CPU)) {
            return ((RotaryEmbedding) decoder.attention(parameters, 0).queryMap()).config();
        }
    }

    private static final class Zeros implements Weights {
        @Override
        public boolean has(String name) {
            return true;
        }

        @Override
        public Tensor get(String name, long... shape) {
            return Tensor.zeros(DType.F32, Device.CPU, 1).expand(shape);
        }

        @Override
        public void close() {}
    }

    private static ObjectNode llama(String fields) throws IOException {
        return (ObjectNode) JSON.readTree(("""
                {"model_type": "llama", "hidden_size": 64, "intermediate_size": 16, "num_hidden_layers": 2,
                "num_attention_heads": 2, "vocab_size": 11, "max_position_embeddings": 64,""" + fields + "}").replace('\'', '"'));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "'rope_scaling': {'rope_type': 'linear', 'factor': 2, 'foo': 3} | field 'rope_scaling.foo' is 3: edgeprune does not know this field for model_type 'llama'",
                "'rope_theta': 0 | field 'rope_theta' is 0.0, expected a positive number",
                "'rope_scaling': {'rope_type': 'linear', 'factor': 2, 'partial_rotary_factor': 2} | field 'rope_scaling.partial_rotary_factor' is 2.0",
                "'rope_scaling': {'rope_type': 'linear', 'factor': 2}, 'partial_rotary_factor': 0.01 | field 'partial_rotary_factor' gives 0 rotary dimensions of 32",
                "'head_dim': 5 | field 'head_dim' gives 5 rotary dimensions of 5",
                "'rope_scaling': {'rope_type': 'yarn', 'factor': 2}, 'partial_rotary_factor': 0.3 | field 'rope_scaling.rope_type' is 'yarn', which needs an even number of rotary dimensions, not 9",
                "'rope_parameters': {'full_attention': {'rope_theta': 5}} | field 'rope_parameters' has entries by type of layer",
                "'model_type': 'gpt_neox', 'rope_theta': 500000 | field 'rope_theta' is 500000.0, but model_type 'gpt_neox' reads its base from rotary_emb_base",
            })
    void whatIsWrongIsNamed(String fields, String message) throws IOException {
        ObjectNode json = llama(fields);
        InputException refusal = assertThrows(InputException.class, () -> read(json));
        assertTrue(refusal.getMessage().contains(message), refusal.getMessage());
    }

    /** Fields of one type of scaling that are left over beside another have no effect, as in transformers. */
    @Test
    void fieldsOfOtherTypesOfScalingHaveNoEffect() throws IOException {
        RotaryConfig plain = read(llama("'rope_theta': 500, 'rope_scaling': {'type': 'linear', 'factor': 2}"));
        RotaryConfig more = read(llama("'rope_theta': 500, 'rope_scaling': {'type': 'linear', 'factor': 2,"
                + "'original_max_position_embeddings': 8, 'beta_fast': 3, 'low_freq_factor': 2}"));
        assertEquals(plain, more);
    }

    @Test
    void aBaseThatIsStatedNowhereIsNoted() throws IOException {
        ModelConfig config =
                ModelConfig.of(Path.of("m/config.json"), llama("'rope_parameters': {'rope_type': 'default'}"));
        assertEquals(10000, RotaryFields.of(config, 32).read().base());
        assertEquals(
                List.of(
                        "m/config.json states no base of its rotary positions (rope_theta): 10000.0, the default of llama, is taken"),
                config.notes());
        ModelConfig stated = ModelConfig.of(Path.of("m/config.json"), llama("'rope_theta': 10000"));
        RotaryFields.of(stated, 32).read();
        assertEquals(List.of(), stated.notes());
    }

    /** Gemma 3 in both forms of its configuration. */
    @Test
    void typesOfLayersHaveTheirOwn() throws IOException {
        ModelConfig nested = ModelConfig.of(Path.of("config.json"), llama("""
                'rope_parameters': {'sliding_attention': {'rope_type': 'default', 'rope_theta': 700},
                'full_attention': {'rope_type': 'linear', 'factor': 8, 'rope_theta': 500}}"""));
        ModelConfig old = ModelConfig.of(Path.of("config.json"), llama("""
                'rope_theta': 500, 'rope_local_base_freq': 700, 'rope_scaling': {'rope_type': 'linear', 'factor': 8}"""));
        RotaryConfig sliding = new RotaryConfig(700, 32, new RotaryScaling.None());
        RotaryConfig full = new RotaryConfig(500, 32, new RotaryScaling.Linear(8));
        for (ModelConfig config : List.of(nested, old)) {
            RotaryFields local = RotaryFields.of(config, 32).baseField("rope_local_base_freq");
            assertEquals(sliding, local.read(LayerTypes.SLIDING, false));
            RotaryFields global = RotaryFields.of(config, 32).defaultBase(1_000_000);
            assertEquals(full, global.read(LayerTypes.FULL, true));
        }
        ModelConfig flat = ModelConfig.of(Path.of("config.json"), llama("'rope_parameters': {'rope_theta': 5}"));
        InputException refusal = assertThrows(
                InputException.class, () -> RotaryFields.of(flat, 32).read(LayerTypes.FULL, true));
        assertTrue(refusal.getMessage().contains("'rope_parameters' has no entries by type of layer"));
    }

    /**
     * Gemma 3 before it had rope_parameters, without the base of its windowed layers. transformers 5.24 takes 10000 for
     * them, whatever rope_theta is, and 1,000,000 for the others.
     */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "'rope_theta': 500000 | 500000 | rope_local_base_freq): 10000.0",
                "'rope_theta': 500000, 'rope_scaling': {'rope_type': 'linear', 'factor': 8} | 500000 | rope_local_base_freq): 10000.0",
                "'rope_theta': 10000 | 10000 | rope_local_base_freq): 10000.0",
                "'rope_local_base_freq': 10000 | 1000000 | rope_theta): 1000000.0",
            })
    void anOldGemma3HasTheDefaultsOfTransformersWithANote(String fields, double full, String noted) throws IOException {
        ObjectNode json = llama(fields)
                .put("model_type", "gemma3_text")
                .put("num_key_value_heads", 2)
                .put("sliding_window_pattern", 2);
        ModelConfig config = ModelConfig.of(Path.of("m/config.json"), json);
        Models.decoder(config);
        assertEquals(
                List.of("m/config.json states no base of its rotary positions (" + noted
                        + ", the default of gemma3_text, is taken"),
                config.notes().stream().filter(note -> note.contains("rotary")).toList());
        RotaryFields local = RotaryFields.of(config, 32).baseField("rope_local_base_freq");
        assertEquals(10000, local.read(LayerTypes.SLIDING, false).base());
        RotaryFields global = RotaryFields.of(config, 32).defaultBase(1_000_000);
        assertEquals(full, global.read(LayerTypes.FULL, true).base());
    }

    /**
     * Which layers of SmolLM3 are turned, as transformers reads it; it refuses what is refused here, with a traceback.
     */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "null | 1110",
                "[1, 0, 1, 0] | 1010",
                "[0, 0, 0, 0] | 0000",
                "[1, 1, 1, 1] | 1111",
                "[2, 0, 0, -1] | 1001",
                "[1, 0, 0, 1, 0, 1] | 1001",
                "[true, false, false, true] | 1001",
                "[1, 0] | expected 0 or 1 for each of 4 layers",
                "[] | expected 0 or 1 for each of 4 layers",
                "[1, null, 0, 1] | expected 0 or 1 for each of 4 layers",
                "[1, '0', 0, 1] | expected 0 or 1 for each of 4 layers",
                "'1010' | expected 0 or 1 for each of 4 layers",
                "3 | expected 0 or 1 for each of 4 layers",
            })
    void layersOfSmolLm3WithoutPositions(String flags, String expected) throws IOException {
        ObjectNode json = llama("'rope_theta': 500, 'no_rope_layers': " + flags);
        json.put("model_type", "smollm3").put("num_hidden_layers", 4).put("num_key_value_heads", 2);
        ModelConfig config = ModelConfig.of(Path.of("config.json"), json);
        if (!expected.matches("[01]+")) {
            InputException refusal = assertThrows(InputException.class, () -> Models.decoder(config));
            assertTrue(
                    refusal.getMessage().contains("field 'no_rope_layers' is")
                            && refusal.getMessage().contains(expected),
                    refusal.getMessage());
            return;
        }
        Decoder decoder = Models.decoder(config);
        StringBuilder turned = new StringBuilder();
        try (TensorScope _ = TensorScope.open();
                Parameters parameters = new Parameters(new Zeros(), DType.F32, Device.CPU)) {
            for (int layer = 0; layer < 4; layer++) {
                turned.append(decoder.attention(parameters, layer).queryMap() instanceof RotaryEmbedding ? 1 : 0);
            }
        }
        assertEquals(expected, turned.toString());
    }

    @Test
    void layersMayHaveNone() {
        RotaryConfig rotary = new RotaryConfig(500, 4, new RotaryScaling.None());
        RotaryLayers layers = rotary.everywhere(4).without(layer -> layer % 2 == 1);
        try (Parameters parameters = new Parameters(new Zeros(), DType.F32, Device.CPU)) {
            assertTrue(layers.headMap(0, parameters) instanceof RotaryEmbedding);
            assertEquals(HeadMap.NONE, layers.headMap(3, parameters));
        }
    }

    /**
     * Sine and cosine at far positions against a computation with 40 digits: what remains is the rounding of the result
     * to float32, not that of an angle, which at position 131071 would be 0.004.
     */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 8191, 131071, 1048575})
    void anglesAreExactAtFarPositions(int position) {
        int dim = 64;
        RotaryConfig config = new RotaryConfig(500000, dim, new RotaryScaling.None());
        try (TensorScope _ = TensorScope.open();
                Parameters parameters = new Parameters(new Zeros(), DType.F32, Device.CPU)) {
            float[] unit = new float[dim];
            Arrays.fill(unit, 0, dim / 2, 1);
            Tensor heads = Tensor.of(unit, 1, 1, dim);
            TokenBatch batch = TokenBatch.of(List.of(new int[] {0}), new int[] {position}, Device.CPU);
            float[] turned = HeadMap.rotary(config, parameters)
                    .apply(heads, new int[] {0}, batch)
                    .toFloats();
            double[] frequencies = config.frequencies(position + 1);
            for (int i = 0; i < dim / 2; i++) {
                double angle = reduced(position, frequencies[i]);
                assertEquals(Math.cos(angle), turned[i], 1e-7, "cosine " + i);
                assertEquals(Math.sin(angle), turned[i + dim / 2], 1e-7, "sine " + i);
            }
        }
    }

    /** position times frequency, less whole turns, exactly. */
    private static double reduced(int position, double frequency) {
        BigDecimal turn = new BigDecimal("6.283185307179586476925286766559005768394338798750");
        return new BigDecimal(frequency)
                .multiply(BigDecimal.valueOf(position))
                .remainder(turn, new MathContext(60))
                .doubleValue();
    }
}
