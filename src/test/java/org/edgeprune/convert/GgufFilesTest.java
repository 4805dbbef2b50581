package org.edgeprune.convert;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.StreamSupport;
import org.edgeprune.io.Json;
import org.edgeprune.safetensors.Checkpoint;
import org.edgeprune.safetensors.SafeDType;
import org.edgeprune.safetensors.SafeTensorsFile;
import org.edgeprune.safetensors.StreamedTensor;
import org.edgeprune.task.PromptTokenizer;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * GGUF files of the genuine writers: llama.cpp's conversions of HuggingFace models come back as those models, blocks
 * are dequantised as the gguf package does it, and tokenizers give the ids of the originals.
 */
class GgufFilesTest {
    private static final Path GOLDEN = Path.of("src/test/resources/golden");
    private static final Converter.Options AS_THEY_ARE =
            new Converter.Options(Optional.empty(), 1 << 30, Optional.empty());

    @TempDir
    Path dir;

    @Test
    void blocksAreDequantisedToTheLastBit() throws IOException {
        try (GgufFile file = GgufFile.open(GOLDEN.resolve("convert/quantised.gguf"));
                SafeTensorsFile expected = SafeTensorsFile.open(GOLDEN.resolve("convert/quantised.safetensors"))) {
            assertEquals(GgmlType.values().length, file.tensors().size());
            for (GgufFile.Entry entry : file.tensors().values()) {
                StreamedTensor tensor = new GgufTensor(file.file(), entry, GgufTensor.IN_ORDER, false, 0).streamed();
                tensor = FloatCast.cast(entry.name(), tensor, SafeDType.F32);
                ByteArrayOutputStream bytes = new ByteArrayOutputStream();
                tensor.body().writeTo(bytes);
                float[] made = new float[bytes.size() / 4];
                ByteBuffer.wrap(bytes.toByteArray())
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .asFloatBuffer()
                        .get(made);
                try (Tensor golden = expected.tensor(entry.name())) {
                    assertArrayEquals(golden.toFloats(), made, 0, entry.name());
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "llama-gqa",
                "llama-rope-llama3",
                "llama-tied",
                "llama-head-dim",
                "llama-attention-bias",
                "qwen2-full",
                "qwen3",
                "gemma",
                "gemma2",
                "gemma3_text",
                "phi3",
                "phi3-longrope",
                "gpt2-tied",
                "gpt_neox-parallel",
                "granite",
                "olmo2",
                "starcoder2",
                "phi",
                "smollm3"
            })
    void aModelThatLlamaCppConvertedComesBack(String name) {
        Path out = dir.resolve("out");
        Converter.Result result =
                Converter.convert(GOLDEN.resolve("convert/" + name + ".gguf"), out, AS_THEY_ARE, (_, _) -> {});
        // llama.cpp's converter does not write the base of these
        boolean baseless =
                List.of("gpt_neox-parallel", "phi", "gemma", "gemma2").contains(name);
        assertEquals(
                baseless,
                result.notes().stream().anyMatch(note -> note.startsWith("GGUF does not state the base of the rotary")),
                result.notes().toString());
        try (Checkpoint golden = Checkpoint.open(GOLDEN.resolve("hf/" + name));
                Checkpoint made = Checkpoint.open(out)) {
            assertEquals(new TreeSet<>(golden.names()), new TreeSet<>(made.names()));
            for (String tensor : golden.names()) {
                assertArrayEquals(golden.info(tensor).shape(), made.info(tensor).shape(), tensor);
                try (TensorScope _ = TensorScope.open()) {
                    float[] expected = golden.tensor(tensor).toFloats();
                    float[] actual = made.tensor(tensor)
                            .to(org.edgeprune.torch.DType.F32)
                            .toFloats();
                    boolean halved = made.info(tensor).dtype() == SafeDType.F16;
                    for (int i = 0; i < expected.length; i++) {
                        // llama.cpp's rounding to F16; and of Gemma's norms, of which it adds one to
                        float want = halved ? Float.float16ToFloat(Float.floatToFloat16(expected[i])) : expected[i];
                        assertEquals(want, actual[i], halved ? 0 : 1.5e-7, tensor);
                    }
                }
            }
        }
        requireConfig(
                Json.read(GOLDEN.resolve("hf/" + name + "/config.json"), ""),
                Json.read(out.resolve("config.json"), ""));
    }

    /** Every field that the rebuilt configuration states is the original's; and those that decide sizes are there. */
    private static void requireConfig(JsonNode golden, JsonNode made) {
        JsonNode rope = golden.path("rope_parameters");
        for (var field : made.properties()) {
            String name = field.getKey();
            JsonNode value = field.getValue();
            JsonNode expected = golden.path(name);
            switch (name) {
                // the last ones are in no GGUF file: llama.cpp's own assumptions take their place, and notes say so
                case "torch_dtype", "bos_token_id", "eos_token_id", "hidden_act", "query_pre_attn_scalar" -> {}
                // llama.cpp's converter does not write gpt_neox's base
                case "rotary_emb_base" -> assertEquals(10000, value.asDouble());
                case "sliding_window" ->
                    assertEquals(
                            made.path("model_type").asText().equals("starcoder2") ? 0 : expected.asInt(),
                            value.asInt());
                case "rope_theta" -> {
                    if (made.path("model_type").asText().equals("phi")) {
                        assertEquals(10000, value.asDouble(), "nor phi's");
                        continue;
                    }
                    JsonNode base = rope.path("full_attention").isObject() ? rope.path("full_attention") : rope;
                    assertEquals(base.path("rope_theta").asDouble(10000), value.asDouble(), name);
                }
                case "rotary_pct", "partial_rotary_factor" ->
                    assertEquals(rope.path("partial_rotary_factor").asDouble(), value.asDouble(), name);
                case "rope_scaling" -> requireScaling(rope, value);
                case "rope_local_base_freq", "sliding_window_pattern" -> {}
                default -> {
                    if (expected.isNumber()) {
                        assertEquals(expected.asDouble(), value.asDouble(), 1e-6 * Math.abs(expected.asDouble()), name);
                    } else if (!expected.isMissingNode()) {
                        assertEquals(expected, value, name);
                    }
                }
            }
        }
    }

    private static void requireScaling(JsonNode rope, JsonNode scaling) {
        if (rope.path("rope_type").asText().equals("longrope")) {
            assertEquals(rope.path("short_factor"), scaling.path("short_factor"));
            assertEquals(rope.path("long_factor"), scaling.path("long_factor"));
            return;
        }
        if (rope.path("full_attention").path("rope_type").asText().equals("linear")) {
            assertEquals("linear", scaling.path("rope_type").asText());
            assertEquals(
                    rope.path("full_attention").path("factor").asDouble(),
                    scaling.path("factor").asDouble());
            return;
        }
        // the golden's trained length of 12 is none of Llama 3's: an equal list of factors says the same
        assertEquals("llama3", rope.path("rope_type").asText());
        assertEquals("longrope", scaling.path("rope_type").asText());
        int half = scaling.path("long_factor").size();
        for (int i = 0; i < half; i++) {
            double frequency = Math.pow(rope.path("rope_theta").asDouble(), -(double) i / half);
            double turns = 12 * frequency / (2 * Math.PI);
            double kept = Math.clamp((turns - 1) / 3, 0, 1);
            double factor = 1 / ((1 - kept) / 4 + kept);
            assertEquals(factor, scaling.path("long_factor").path(i).asDouble(), 1e-5 * factor);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"gpt-2", "smollm", "llama-bpe", "qwen2", "spm", "spm-gemma"})
    void aRebuiltTokenizerGivesTheSameIds(String name) throws IOException {
        Path out = dir.resolve("out");
        Path source = GOLDEN.resolve("convert/tokenizer/" + name + ".gguf");
        Converter.convert(source, out, AS_THEY_ARE, (_, _) -> {});
        JsonNode answers = Json.read(GOLDEN.resolve("convert/tokenizer/" + name + ".json"), "");
        try (PromptTokenizer tokenizer = PromptTokenizer.open(out)) {
            for (var answer : answers.properties()) {
                int[] expected = StreamSupport.stream(answer.getValue().spliterator(), false)
                        .mapToInt(JsonNode::asInt)
                        .toArray();
                assertArrayEquals(expected, tokenizer.encode(answer.getKey()), name + ": " + answer.getKey());
            }
        }
        JsonNode config = Json.read(out.resolve("tokenizer_config.json"), "");
        assertEquals(
                name.startsWith("spm") ? "<s>" : "<|begin|>",
                config.path("bos_token").asText());
        assertEquals(!name.startsWith("spm"), config.has("chat_template"));
    }

    @Test
    void aDirectoryWithAGgufFileAndATokenizerOfItsOwn() throws IOException {
        Path source = Files.createDirectory(dir.resolve("model"));
        Files.copy(GOLDEN.resolve("convert/llama-tied.gguf"), source.resolve("m.gguf"));
        Path tokenizer = Files.createDirectory(dir.resolve("tokenizer"));
        Files.writeString(tokenizer.resolve("tokenizer.json"), "{ }");
        Path out = dir.resolve("out");
        Converter.Result result = Converter.convert(
                source, out, new Converter.Options(Optional.empty(), 1 << 30, Optional.of(tokenizer)), (_, _) -> {});
        assertEquals("{ }", Files.readString(out.resolve("tokenizer.json")));
        assertTrue(result.format().startsWith("GGUF llama (F16, F32)"), result.format());
    }
}
