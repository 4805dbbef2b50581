package org.edgeprune.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.edgeprune.engine.FullModel;
import org.edgeprune.fixture.Fixtures;
import org.edgeprune.io.InputException;
import org.edgeprune.safetensors.SafeTensorsFile;
import org.edgeprune.safetensors.SafeTensorsWriter;
import org.edgeprune.torch.DType;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Checkpoints that were saved in other ways than by save_pretrained, and tensors that a model does not use. */
class CheckpointNamesTest {
    @TempDir
    Path dir;

    @ParameterizedTest
    @CsvSource({
        "llama-gqa, '', _orig_mod.",
        "gpt2-tied, '', _orig_mod.",
        "llama-gqa, '', module.",
        "gpt_neox-parallel, '', module._orig_mod.",
        "llama-gqa, '', _fsdp_wrapped_module.",
        "gpt_neox-sequential, '', module._fsdp_wrapped_module.",
        "llama-gqa, '', _forward_module.",
        "gpt2-tied, '', _fsdp_wrapped_module._orig_mod.",
        "llama-gqa, '', base_model.model.",
        "llama-gqa, '', language_model.",
        "llama-gqa, model., model.language_model.",
        "llama-tied, model., ''",
        "gpt2-tied, transformer., ''",
        "qwen2-full, model., module.",
        "gpt_neox-sequential, gpt_neox., ''",
        "gemma2, model., ''",
    })
    void prefixesAreSeenThrough(String fixture, String from, String to) throws Exception {
        copy(fixture, name -> name.startsWith(from) ? to + name.substring(from.length()) : name, tensors -> {});
        assertArrayEquals(logits(Fixtures.golden("hf/" + fixture)), logits(dir));
    }

    /** FSDP, torch.compile and activation checkpointing wrap the layers too, not the whole model alone. */
    @ParameterizedTest
    @CsvSource({
        "llama-gqa, _fsdp_wrapped_module.",
        "gpt2-tied, _fsdp_wrapped_module._checkpoint_wrapped_module.",
        "gpt_neox-parallel, _orig_mod.",
        "opt, _checkpoint_wrapped_module.",
        "bloom, _orig_mod._fsdp_wrapped_module."
    })
    void wrappersOfLayersAreSeenThrough(String fixture, String wrapper) throws Exception {
        copy(fixture, name -> wrapper + name.replaceFirst("\\.(\\d+)\\.", ".$1." + wrapper), tensors -> {});
        assertArrayEquals(logits(Fixtures.golden("hf/" + fixture)), logits(dir));
        try (TransformerModel model = Models.open(dir, Device.CPU)) {
            assertEquals(List.of(), model.notes());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"_fsdp_wrapped_module._flat_param", "model.layers.0.flat_param_0", "_flat_param"})
    void whatFsdpFlattenedIsRefusedByName(String flattened) throws Exception {
        copy("llama-gqa", name -> name, tensors -> {
            tensors.clear();
            tensors.put(flattened, one());
        });
        String message = refusal();
        assertTrue(
                message.contains(
                        "is missing: it has '" + flattened
                                + "', parameters that FSDP flattened: save the model whole, with StateDictType.FULL_STATE_DICT"),
                message);
    }

    /** As safetensors.torch.save_model keeps the first of two names. */
    @ParameterizedTest
    @CsvSource({
        "gpt2-tied, transformer.wte.weight, lm_head.weight",
        "llama-tied, model.embed_tokens.weight, lm_head.weight",
        "gpt_neox-sequential, gpt_neox.embed_in.weight, embed_out.weight"
    })
    void tiedWeightsMayBeSavedAsTheHeadAlone(String fixture, String embedding, String head) throws Exception {
        copy(fixture, name -> name.equals(embedding) ? head : name, tensors -> {});
        assertArrayEquals(logits(Fixtures.golden("hf/" + fixture)), logits(dir));
    }

    /** The flag says tied, but the two differ: then transformers 5 does not tie them. */
    @ParameterizedTest
    @CsvSource({
        "gpt2-tied, transformer.wte.weight, lm_head.weight",
        "llama-tied, model.embed_tokens.weight, lm_head.weight",
        "gpt_neox-sequential, gpt_neox.embed_in.weight, embed_out.weight",
        "gpt_neo, transformer.wte.weight, lm_head.weight",
        "opt, model.decoder.embed_tokens.weight, lm_head.weight",
        "bloom, transformer.word_embeddings.weight, lm_head.weight"
    })
    void aHeadOfItsOwnWinsOverTheFlag(String fixture, String embedding, String head) throws Exception {
        float[] tied = logits(Fixtures.golden("hf/" + fixture));
        copy(
                fixture,
                name -> name,
                tensors -> tensors.put(head, tensors.get(embedding).mul(2)));
        float[] apart = logits(dir);
        for (int i = 0; i < tied.length; i++) {
            assertEquals(2 * tied[i], apart[i], 1e-5 * (1 + Math.abs(tied[i])));
        }
        copy(
                fixture,
                name -> name,
                tensors -> tensors.put(head, tensors.get(embedding).mul(1)));
        assertArrayEquals(tied, logits(dir));
    }

    @Test
    void aHeadThatIsMissingIsNamedWithTheFlag() throws Exception {
        copy("llama-gqa", name -> name, tensors -> tensors.remove("lm_head.weight"));
        String message = refusal();
        assertTrue(message.contains("tensor 'lm_head.weight' is missing: tie_word_embeddings is false"), message);
        copy("llama-gqa", name -> name.equals("lm_head.weight") ? "score.weight" : name, tensors -> {});
        assertTrue(refusal().contains("it has 'score.weight', the head of a classifier or reward model"), refusal());
    }

    @ParameterizedTest
    @CsvSource({
        "model.layers.0.self_attn.q_proj.lora_A.weight, 'is of an adapter that is not merged'",
        "model.layers.0.self_attn.q_proj.weight_scale, 'is of quantised weights'",
    })
    void whatWouldMatterIsRefused(String tensor, String why) throws Exception {
        copy("llama-gqa", name -> name, tensors -> tensors.put(tensor, one()));
        assertTrue(refusal().contains("tensor '" + tensor + "' " + why), refusal());
    }

    /** As transformers warns: biases of a model whose configuration has lost attention_bias. */
    @Test
    void unusedTensorsOfLayersAreNoted() throws Exception {
        String bias = "model.layers.0.self_attn.q_proj.bias";
        copy("llama-gqa", name -> name, tensors -> tensors.put(bias, one()));
        try (TransformerModel model = Models.open(dir, Device.CPU)) {
            assertEquals(1, model.notes().size());
            assertTrue(model.notes().get(0).contains("1 tensors in the model's layers are not used, '" + bias + "'"));
        }
    }

    @Test
    void whatDoesNotMatterIsNotedOnce() throws Exception {
        copy("gpt2-tied", name -> name, tensors -> {
            tensors.put("score.weight", one());
            tensors.put("vision_tower.layers.0.a", one());
            tensors.put("vision_tower.layers.1.a", one());
            tensors.put("transformer.h.0.attn.bias", one());
        });
        try (TransformerModel model = Models.open(dir, Device.CPU)) {
            assertEquals(1, model.notes().size());
            String note = model.notes().get(0);
            assertTrue(note.contains("score.weight, vision_tower.layers.* (2): a head for another purpose"), note);
            assertFalse(note.contains("attn.bias"), note);
        }
    }

    @Test
    void everySliceOfATensorIsLookedAt() {
        float[] values = new float[3 << 20];
        for (int bad : new int[] {0, (1 << 20) - 1, 1 << 20, values.length - 1}) {
            try (TensorScope _ = TensorScope.open()) {
                values[bad] = Float.NEGATIVE_INFINITY;
                assertFalse(CheckpointWeights.isFinite(Tensor.of(values, 3 << 10, 1 << 10)));
                values[bad] = 0;
            }
        }
        try (TensorScope _ = TensorScope.open()) {
            assertTrue(CheckpointWeights.isFinite(Tensor.of(values, 3, 1 << 20)));
            assertTrue(CheckpointWeights.isFinite(Tensor.zeros(DType.F32, Device.CPU)));
            assertTrue(CheckpointWeights.isFinite(Tensor.zeros(DType.F32, Device.CPU, 0, 4)));
        }
    }

    @Test
    void whatIsNotFiniteIsNamed() throws Exception {
        for (float value : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
            copy("llama-gqa", name -> name, tensors -> {
                float[] norm = tensors.get("model.norm.weight").toFloats();
                norm[3] = value;
                tensors.put("model.norm.weight", Tensor.of(norm, norm.length));
            });
            String message = refusal();
            assertTrue(message.contains("tensor 'model.norm.weight' has values that are NaN or infinite"), message);
        }
    }

    /** A shape that follows from a default names the field that the configuration lacks. */
    @Test
    void aDefaultThatDoesNotFitIsNamed() throws Exception {
        copy("gpt2-tied", name -> name, tensors -> {});
        Path file = dir.resolve("config.json");
        Files.writeString(file, Files.readString(file).replaceFirst("\"n_positions\": \\d+,", ""));
        assertTrue(refusal().contains("states no n_positions: 1024, the default of gpt2, is taken"), refusal());
    }

    private static Tensor one() {
        return Tensor.ones(DType.F32, Device.CPU, 1);
    }

    private String refusal() {
        return assertThrows(InputException.class, () -> Models.open(dir, Device.CPU))
                .getMessage();
    }

    private static float[] logits(Path directory) {
        try (TransformerModel model = Models.open(directory, Device.CPU);
                TensorScope _ = TensorScope.open()) {
            TokenBatch batch = TokenBatch.of(List.of(new int[] {3, 17, 22, 5, 9}), Device.CPU);
            return FullModel.logits(model, batch).toFloats();
        }
    }

    /** A fixture with its tensors under other names, or changed. */
    private void copy(String fixture, UnaryOperator<String> renamed, Consumer<Map<String, Tensor>> change)
            throws Exception {
        Path from = Fixtures.golden("hf/" + fixture);
        Files.writeString(dir.resolve("config.json"), Files.readString(from.resolve("config.json")));
        try (TensorScope _ = TensorScope.open();
                SafeTensorsFile file = SafeTensorsFile.open(from.resolve("model.safetensors"))) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            file.names().forEach(name -> tensors.put(renamed.apply(name), file.tensor(name)));
            change.accept(tensors);
            SafeTensorsWriter.write(dir.resolve("model.safetensors"), tensors, Map.of("format", "pt"));
        }
    }
}
