package org.edgeprune.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.edgeprune.engine.Baseline;
import org.edgeprune.engine.FullModel;
import org.edgeprune.engine.MaskGradients;
import org.edgeprune.engine.MaskedPass;
import org.edgeprune.fixture.Fixtures;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.graph.GraphShape;
import org.edgeprune.io.InputException;
import org.edgeprune.mask.MaskValues;
import org.edgeprune.mask.Masks;
import org.edgeprune.safetensors.Checkpoint;
import org.edgeprune.safetensors.SafeTensorsWriter;
import org.edgeprune.torch.DType;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every architecture, with random weights from a checkpoint on disk, against {@link NaiveTransformer}. */
class ArchitecturesTest {
    private static final int[] LONG = {3, 17, 22, 5, 5, 9, 1, 12, 7, 0, 19, 4};
    private static final int[] SHORT = {8, 2, 21, 6, 13};
    private static final String SIZES = """
            "hidden_size": 24, "intermediate_size": 20, "num_hidden_layers": 3, "num_attention_heads": 4,
            "num_key_value_heads": 2, "vocab_size": 23, "max_position_embeddings": 16""";

    @TempDir
    Path dir;

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            value = {
                "Llama | 'model_type': 'llama', 'rms_norm_eps': 1e-3, 'rope_theta': 500",
                "Llama with biases, wide heads, tied head | 'model_type': 'llama', 'attention_bias': true, 'mlp_bias': true, 'head_dim': 10, 'tie_word_embeddings': true",
                "Llama, linear scaling | 'model_type': 'llama', 'rope_scaling': {'type': 'linear', 'factor': 4.0}",
                "Llama, dynamic scaling | 'model_type': 'llama', 'max_position_embeddings': 8, 'rope_scaling': {'rope_type': 'dynamic', 'factor': 2.0}",
                "Llama 3.1 | 'model_type': 'llama', 'head_dim': 16, 'rope_scaling': {'rope_type': 'llama3', 'factor': 8.0, 'low_freq_factor': 1.0, 'high_freq_factor': 4.0, 'original_max_position_embeddings': 64}",
                "Llama, YaRN | 'model_type': 'llama', 'head_dim': 16, 'rope_theta': 100, 'rope_scaling': {'rope_type': 'yarn', 'factor': 4.0, 'attention_factor': 1.25, 'original_max_position_embeddings': 512}",
                "Mistral | 'model_type': 'mistral', 'sliding_window': 4",
                "Qwen2.5 | 'model_type': 'qwen2', 'use_sliding_window': false, 'sliding_window': 4, 'max_window_layers': 1",
                "Qwen2 with windows | 'model_type': 'qwen2', 'use_sliding_window': true, 'sliding_window': 4, 'max_window_layers': 1",
                "Qwen3 | 'model_type': 'qwen3', 'head_dim': 8",
                "Gemma | 'model_type': 'gemma', 'head_dim': 8, 'hidden_act': 'gelu', 'hidden_activation': null",
                "Gemma 2 | 'model_type': 'gemma2', 'head_dim': 8, 'hidden_activation': 'gelu_pytorch_tanh', 'sliding_window': 4, 'query_pre_attn_scalar': 20, 'attn_logit_softcapping': 3.0, 'final_logit_softcapping': 2.0",
                "Phi-3 | 'model_type': 'phi3', 'partial_rotary_factor': 0.67, 'sliding_window': 5",
                "Phi-3, LongRoPE | 'model_type': 'phi3', 'original_max_position_embeddings': 8, 'rope_scaling': {'type': 'longrope', 'short_factor': [1.1, 1.5, 2.5], 'long_factor': [2.0, 6.5, 0.7]}",
                "Phi-3, su | 'model_type': 'phi3', 'partial_rotary_factor': 0.67, 'original_max_position_embeddings': 12, 'rope_scaling': {'type': 'su', 'short_factor': [3, 1.5], 'long_factor': [5.5, 0.6]}",
                "Pythia | 'model_type': 'gpt_neox', 'hidden_act': 'gelu', 'rotary_pct': 0.7, 'rotary_emb_base': 10000",
                "GPT-NeoX, one after the other | 'model_type': 'gpt_neox', 'hidden_act': 'gelu', 'rotary_pct': 1.0, 'use_parallel_residual': false",
            })
    void logitsAreThoseOfThePlainForward(String name, String fields) throws Exception {
        ObjectNode config = config(fields);
        Map<String, float[]> weights = write(config, DType.F32, 1);
        NaiveTransformer naive = new NaiveTransformer(config, weights);
        try (TransformerModel model = Models.open(dir, Device.CPU);
                TensorScope _ = TensorScope.open()) {
            TokenBatch batch = TokenBatch.of(List.of(LONG, SHORT), Device.CPU);
            float[] logits = FullModel.logits(model, batch).toFloats();
            assertRow(naive.logits(LONG), logits, batch.token(0, 0));
            assertRow(naive.logits(SHORT), logits, batch.token(1, 0));

            TokenBatch corrupted = TokenBatch.of(List.of(reversed(LONG), reversed(SHORT)), Device.CPU);
            ComputationGraph graph = new ComputationGraph(model.graphShape());
            for (Baseline baseline : new Baseline[] {Baseline.ZERO, Baseline.record(model, corrupted)}) {
                MaskedPass full = MaskedPass.forward(
                        model,
                        batch,
                        baseline,
                        Masks.of(MaskValues.full(graph), Device.CPU),
                        MaskedPass.Gradients.NONE);
                assertRow(naive.logits(LONG), model.logits(full.finalResidual()).toFloats(), batch.token(0, 0));
            }
            assertEquals(config.get("model_type").asText(), Models.sizes(dir).architecture());
        }
    }

    /**
     * Gemma 2 divides all heads of a layer by one norm, so a head that nobody reads still counts: cutting it makes no
     * jump.
     */
    @Test
    void aHeadThatNobodyReadsStaysInTheNormOfItsLayer() throws Exception {
        write(config("'model_type': 'gemma2', 'head_dim': 8"), DType.F32, 1);
        try (TransformerModel model = Models.open(dir, Device.CPU);
                TensorScope _ = TensorScope.open()) {
            TokenBatch batch = TokenBatch.of(List.of(LONG), Device.CPU);
            Baseline baseline = Baseline.record(model, TokenBatch.of(List.of(reversed(LONG)), Device.CPU));
            ComputationGraph graph = new ComputationGraph(model.graphShape());
            int head = graph.writer("a1.h2").index();
            float[] full = residual(model, batch, baseline, graph, head, 1);
            float[] cut = residual(model, batch, baseline, graph, head, 0);
            float[] almost = residual(model, batch, baseline, graph, head, 1e-6f);
            assertArrayEquals(almost, cut, 1e-3f);
            assertFalse(java.util.Arrays.equals(full, cut));
        }
    }

    /** What resid_post reads where all edges of one writer have a mask and the others are whole. */
    private static float[] residual(
            TransformerModel model,
            TokenBatch batch,
            Baseline baseline,
            ComputationGraph graph,
            int writer,
            float mask) {
        float[] edges = MaskValues.full(graph).edges();
        for (int i = 0; i < edges.length; i++) {
            edges[i] = graph.edge(i).writer().index() == writer ? mask : 1;
        }
        MaskValues masks = new MaskValues(graph, edges, MaskValues.full(graph).nodes());
        return MaskedPass.forward(model, batch, baseline, Masks.of(masks, Device.CPU), MaskedPass.Gradients.NONE)
                .finalResidual()
                .toFloats();
    }

    /**
     * The engine's backward through each kind of block, against differences of the forward along a random direction.
     */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "'model_type': 'qwen3', 'head_dim': 8",
                "'model_type': 'gemma2', 'head_dim': 8, 'sliding_window': 4",
                "'model_type': 'gpt_neox', 'hidden_act': 'gelu', 'rotary_pct': 0.7"
            })
    void maskGradientsAreThoseOfTheForward(String fields) throws Exception {
        write(config(fields), DType.F32, 1);
        try (TransformerModel model = Models.open(dir, Device.CPU)) {
            maskGradientsAreThoseOfTheForward(model);
        }
    }

    /** The same for the checkpoints of golden/hf, one for each way to build a block. */
    @ParameterizedTest
    @MethodSource("blocks")
    void maskGradientsOfCheckpointsAreThoseOfTheForward(String name) {
        try (TransformerModel model = Models.open(Fixtures.golden("hf/" + name), Device.CPU)) {
            maskGradientsAreThoseOfTheForward(model);
        }
    }

    static List<String> blocks() {
        return List.of(
                "bloom-six-heads",
                "gemma3_text",
                "gpt_neo",
                "gptj",
                "granite",
                "olmo2",
                "opt",
                "phi-qk-norm",
                "smollm3",
                "stablelm",
                "stablelm-parallel",
                "starcoder2");
    }

    private static void maskGradientsAreThoseOfTheForward(TransformerModel model) {
        try (TensorScope _ = TensorScope.open()) {
            TokenBatch batch = TokenBatch.of(List.of(LONG, SHORT), Device.CPU);
            Baseline baseline =
                    Baseline.record(model, TokenBatch.of(List.of(reversed(LONG), reversed(SHORT)), Device.CPU));
            ComputationGraph graph = new ComputationGraph(model.graphShape());
            SplittableRandom random = new SplittableRandom(8);
            float[] edges = values(graph.edgeCount(), 0.2, 0.8, random);
            float[] nodes = values(graph.nodeCount(), 0.2, 0.8, random);
            float[] alongEdges = values(graph.edgeCount(), -1, 1, random);
            float[] alongNodes = values(graph.nodeCount(), -1, 1, random);
            Tensor weights = Tensor.of(
                    values(batch.tokenCount() * model.hiddenSize(), -1, 1, random),
                    batch.tokenCount(),
                    model.hiddenSize());
            MaskedPass pass = MaskedPass.forward(
                    model,
                    batch,
                    baseline,
                    Masks.of(new MaskValues(graph, edges, nodes), Device.CPU),
                    MaskedPass.Gradients.KEPT);
            MaskGradients gradients = pass.backward(weights);
            double expected = dot(gradients.edges().toFloats(), alongEdges)
                    + dot(gradients.nodes().toFloats(), alongNodes);
            double step = 5e-3;
            double[] loss = new double[2];
            for (int side = 0; side < 2; side++) {
                MaskValues moved = new MaskValues(
                        graph,
                        moved(edges, alongEdges, step * (1 - 2 * side)),
                        moved(nodes, alongNodes, step * (1 - 2 * side)));
                MaskedPass other = MaskedPass.forward(
                        model, batch, baseline, Masks.of(moved, Device.CPU), MaskedPass.Gradients.NONE);
                loss[side] = dot(other.finalResidual().toFloats(), weights.toFloats());
            }
            assertEquals(expected, (loss[0] - loss[1]) / (2 * step), 1e-2 * Math.abs(expected));
        }
    }

    /**
     * Where two prompts begin alike, a masked run of their tails is the masked run of them whole: residual streams and
     * gradients.
     */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "'model_type': 'llama', 'max_position_embeddings': 8, 'rope_scaling': {'rope_type': 'dynamic', 'factor': 2.0}",
                "'model_type': 'mistral', 'sliding_window': 4",
                "'model_type': 'gemma2', 'head_dim': 8, 'sliding_window': 4, 'attn_logit_softcapping': 3.0",
                "'model_type': 'phi3', 'original_max_position_embeddings': 8, 'rope_scaling': {'type': 'longrope', 'short_factor': [1.1, 1.5, 2.5], 'long_factor': [2.0, 6.5, 0.7]}",
                "'model_type': 'gpt_neox', 'hidden_act': 'gelu', 'rotary_pct': 0.7"
            })
    void tailsOfPromptsAreEnough(String fields) throws Exception {
        write(config(fields), DType.F32, 1);
        try (TransformerModel model = Models.open(dir, Device.CPU)) {
            tailsAreEnough(model, List.of(LONG), 7);
            tailsAreEnough(model, List.of(LONG), 11);
            tailsAreEnough(model, List.of(LONG, SHORT, LONG, reversed(LONG), SHORT), 7, 2, 3, 7, 0);
        }
    }

    /** The same for the checkpoints of golden/hf. */
    @ParameterizedTest
    @MethodSource("blocks")
    void tailsOfPromptsOfCheckpointsAreEnough(String name) {
        try (TransformerModel model = Models.open(Fixtures.golden("hf/" + name), Device.CPU)) {
            tailsAreEnough(model, List.of(LONG), 7);
            tailsAreEnough(model, List.of(LONG, SHORT, LONG, reversed(LONG), SHORT), 7, 2, 3, 7, 0);
        }
    }

    /**
     * {@code init} makes the tensors that transformers makes, but for the buffers of older versions, and memory is
     * predicted for as many numbers.
     */
    @ParameterizedTest
    @MethodSource("blocks")
    void initMakesTheTensorsOfTransformers(String name) {
        Path golden = Fixtures.golden("hf/" + name);
        Path made = dir.resolve("made");
        RandomCheckpoint random = new RandomCheckpoint(ConfigTemplate.of(golden.toString()), DType.F32, 1);
        random.write(made, Long.MAX_VALUE, List.of(), bytes -> {});
        try (Checkpoint theirs = Checkpoint.open(golden);
                Checkpoint ours = Checkpoint.open(made)) {
            assertEquals(new TreeSet<>(theirs.names()), new TreeSet<>(ours.names()));
            for (String tensor : theirs.names()) {
                assertArrayEquals(theirs.info(tensor).shape(), ours.info(tensor).shape(), tensor);
            }
            assertEquals(
                    random.parameters(),
                    Blueprint.of(Models.decoder(golden), theirs::contains).count());
        }
        Models.open(made, Device.CPU).close();
        ConfigTemplate flat = ConfigTemplate.of(golden.toString()).withLayers(1);
        assertEquals(1, Models.decoder(flat.config()).sizes().graph().layers());
    }

    private static void tailsAreEnough(TransformerModel model, List<int[]> clean, int... past) {
        try (TensorScope _ = TensorScope.open()) {
            List<int[]> corrupted = IntStream.range(0, past.length)
                    .mapToObj(row -> changedFrom(clean.get(row), past[row]))
                    .toList();
            TokenBatch whole = TokenBatch.of(clean, Device.CPU);
            TokenBatch tails = TokenBatch.tails(clean, past, Device.CPU);
            TokenBatch other = TokenBatch.of(corrupted, Device.CPU);
            Tensor kept = tails.tokensIn(whole);

            Baseline.Pair runs = Baseline.record(model, other, tails);
            assertArrayEquals(
                    FullModel.logits(model, whole, kept).toFloats(),
                    model.logits(runs.clean()).toFloats(),
                    1e-4f);

            ComputationGraph graph = new ComputationGraph(model.graphShape());
            SplittableRandom random = new SplittableRandom(8);
            float[] nodes = values(graph.nodeCount(), 0.2, 0.8, random);
            // one head of the first layer, and in the second all that use the last key/value head, are not computed
            nodes[graph.firstWriter(0) + 1] = 0;
            GraphShape shape = model.graphShape();
            for (int head = shape.heads() - shape.heads() / shape.kvHeads(); head < shape.heads(); head++) {
                nodes[graph.firstWriter(1) + head] = 0;
            }
            Masks masks =
                    Masks.of(new MaskValues(graph, values(graph.edgeCount(), 0.2, 0.8, random), nodes), Device.CPU);
            Tensor weights = Tensor.of(
                    values(tails.tokenCount() * model.hiddenSize(), -1, 1, random),
                    tails.tokenCount(),
                    model.hiddenSize());
            MaskedPass expected = MaskedPass.forward(
                    model, whole, Baseline.record(model, other), masks, kept, MaskedPass.Gradients.KEPT);
            MaskedPass actual = MaskedPass.forward(model, tails, runs.corrupted(), masks, MaskedPass.Gradients.KEPT);
            assertArrayEquals(
                    expected.finalResidual().toFloats(), actual.finalResidual().toFloats(), 1e-4f);
            MaskGradients a = expected.backward(weights);
            MaskGradients b = actual.backward(weights);
            assertArrayEquals(a.edges().toFloats(), b.edges().toFloats(), 1e-3f);
            assertArrayEquals(a.nodes().toFloats(), b.nodes().toFloats(), 1e-3f);
        }
    }

    @Test
    void tokensOfAnotherVocabularyAreRefused() throws Exception {
        write(config("'model_type': 'llama'"), DType.F32, 1);
        try (TransformerModel model = Models.open(dir, Device.CPU);
                TensorScope _ = TensorScope.open()) {
            TokenBatch batch = TokenBatch.of(List.of(new int[] {3, 23}), Device.CPU);
            String message = assertThrows(InputException.class, () -> FullModel.logits(model, batch))
                    .getMessage();
            assertTrue(message.startsWith("token 23 is outside the model's vocabulary of 23"), message);
        }
    }

    private static int[] changedFrom(int[] tokens, int position) {
        int[] changed = tokens.clone();
        for (int i = position; i < tokens.length; i++) {
            changed[i] = (tokens[i] + 5) % 23;
        }
        return changed;
    }

    private static float[] values(int count, double from, double to, SplittableRandom random) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextDouble(from, to);
        }
        return values;
    }

    private static float[] moved(float[] from, float[] along, double step) {
        float[] moved = new float[from.length];
        for (int i = 0; i < from.length; i++) {
            moved[i] = (float) (from[i] + step * along[i]);
        }
        return moved;
    }

    private static double dot(float[] a, float[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += (double) a[i] * b[i];
        }
        return sum;
    }

    @Test
    void shardsInHalfPrecisionAreComputedInSingle() throws Exception {
        ObjectNode config = config("'model_type': 'llama'");
        for (DType stored : new DType[] {DType.BF16, DType.F16}) {
            Map<String, float[]> rounded = write(config, stored, 3);
            try (TransformerModel model = Models.open(dir, Device.CPU);
                    TensorScope _ = TensorScope.open()) {
                TokenBatch batch = TokenBatch.of(List.of(LONG), Device.CPU);
                assertRow(
                        new NaiveTransformer(config, rounded).logits(LONG),
                        FullModel.logits(model, batch).toFloats(),
                        0);
            }
            Files.delete(dir.resolve("model.safetensors.index.json"));
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "'model_type': 'bert' | 'model_type' is 'bert', which is an encoder, which does not predict a next token",
                "'model_type': 't5' | 'model_type' is 't5', which is an encoder-decoder, whose graph has cross attention: circuits are found in decoder-only",
                "'model_type': 'bart' | 'model_type' is 'bart', which is an encoder-decoder",
                "'model_type': 'new_translator', 'is_encoder_decoder': true | 'model_type' is 'new_translator', which is an encoder-decoder",
                "'model_type': 'mamba' | 'model_type' is 'mamba', which is a recurrent or state-space model, which has no attention heads",
                "'model_type': 'rwkv' | 'model_type' is 'rwkv', which is a recurrent or state-space model",
                "'model_type': 'recurrent_gemma' | 'model_type' is 'recurrent_gemma', which is a recurrent or state-space model",
                "'model_type': 'new_experts', 'num_local_experts': 8 | 'model_type' is 'new_experts', which is a mixture of experts",
                "'model_type': 'llama', 'quantization_config': {'quant_method': 'gptq', 'bits': 4} | 'quantization_config'",
                "'model_type': 'llama', 'quantization_config': {'quant_method': 'bitsandbytes', 'load_in_8bit': true} | 'quantization_config'",
                "'model_type': 'llava', 'text_config': {'model_type': 'mamba'} | 'text_config.model_type' is 'mamba'",
                "'model_type': 'qwen2_vl' | 'model_type' is 'qwen2_vl'",
                "'model_type': 'gemma3', 'text_config': {'model_type': 't5'} | 'text_config.model_type' is 't5'",
                "'model_type': 'llama', 'rope_scaling': {'type': 'ntk', 'factor': 4} | 'rope_scaling.type' is 'ntk'",
                "'model_type': 'llama', 'num_hidden_layers': 2000000000 | 'num_hidden_layers' is 2000000000, expected a positive integer up to 16777216",
                "'model_type': 'llama', 'num_hidden_layers': 20000 | 20000 layers of 4 heads have more edges than the 2,147,483,647",
                "'model_type': 'phi3', 'rope_scaling': {'type': 'longrope', 'short_factor': [1, 2], 'long_factor': [1, 2, 3]} | 'rope_scaling.short_factor' has 2 entries, expected 3",
                "'model_type': 'llama', 'rope_scaling': {'type': 'linear', 'factor': 4, 'beta': 2} | 'rope_scaling.beta' is 2",
                "'model_type': 'llama', 'residual_multiplier': 0.2 | 'residual_multiplier' is 0.2",
                "'model_type': 'llama', 'quantization_config': {'bits': 4} | 'quantization_config'",
                "'model_type': 'llama', 'num_key_value_heads': 3 | 'num_key_value_heads' is 3, which does not divide",
                "'model_type': 'llama', 'hidden_act': 'mish' | 'hidden_act' is 'mish'",
                "'model_type': 'opt', 'ffn_dim': 20, 'intermediate_size': null, 'do_layer_norm_before': false | 'do_layer_norm_before' is false: the residual stream is normalised",
                "'model_type': 'opt', 'ffn_dim': 20, 'intermediate_size': null, 'word_embed_proj_dim': 12 | 'word_embed_proj_dim' is 12, but hidden_size is 24",
                "'model_type': 'bloom', 'apply_residual_connection_post_layernorm': true | 'apply_residual_connection_post_layernorm' is true",
                "'model_type': 'gptj', 'rotary_dim': 7 | 'rotary_dim' is 7, expected an even number up to the width of a head, 6",
                "'model_type': 'gpt_neo', 'attention_types': [[['global', 'near'], 1]] | 'attention_types' names \"near\": known are global and local",
                "'model_type': 'gpt_neo', 'attention_types': [[['global', 'local'], 1]] | 'attention_types' names 2 layers, but num_layers is 3",
                "'model_type': 'olmo2', 'attention_bias': true | 'attention_bias' is true",
                "'model_type': 'smollm3', 'no_rope_layers': [1, 0] | 'no_rope_layers' is [1,0], expected 0 or 1 for each of 3 layers",
                "'model_type': 'granite', 'logits_scaling': 0 | 'logits_scaling' is 0",
                "'model_type': 'qwen3', 'head_dim': 8, 'layer_types': ['full_attention'] | 'layer_types' has 1 entries for 3 layers",
            })
    void whatIsNotSupportedIsRefusedByName(String fields, String complaint) throws Exception {
        Files.writeString(dir.resolve("config.json"), config(fields).toString());
        String message = assertThrows(InputException.class, () -> Models.open(dir, Device.CPU))
                .getMessage();
        assertTrue(message.contains(complaint), message);
        assertTrue(
                message.startsWith(dir.resolve("config.json").toString())
                        && message.lines().count() == 1,
                message);
        assertThrows(InputException.class, () -> Models.sizes(dir));
    }

    @Test
    void aPromptThatIsTooLongForLearnedPositionsIsRefused() {
        try (TransformerModel model = Models.open(Fixtures.golden("hf/gpt2-tied"), Device.CPU);
                TensorScope _ = TensorScope.open()) {
            int positions = model.maxPositions();
            TokenBatch batch = TokenBatch.of(List.of(new int[positions + 1]), Device.CPU);
            String message = assertThrows(InputException.class, () -> model.embeddings(batch))
                    .getMessage();
            assertTrue(
                    message.contains(positions + 1 + " tokens") && message.contains(positions + " positions"), message);
        }
    }

    /** As in transformers, max_position_embeddings is no limit where positions are computed. */
    @Test
    void rotaryPositionsHaveNoLimit() throws Exception {
        ObjectNode config = config("'model_type': 'llama', 'max_position_embeddings': 8");
        Map<String, float[]> weights = write(config, DType.F32, 1);
        try (TransformerModel model = Models.open(dir, Device.CPU);
                TensorScope _ = TensorScope.open()) {
            TokenBatch batch = TokenBatch.of(List.of(LONG), Device.CPU);
            float[] logits = FullModel.logits(model, batch).toFloats();
            assertRow(new NaiveTransformer(config, weights).logits(LONG), logits, 0);
            assertEquals(8, model.sizes().positions().trained());
        }
    }

    private static ObjectNode config(String fields) throws Exception {
        ObjectMapper json = new ObjectMapper();
        ObjectNode config = (ObjectNode) json.readTree("{" + SIZES + "}");
        config.setAll((ObjectNode) json.readTree("{" + fields.replace('\'', '"') + "}"));
        if (config.get("model_type").asText().equals("gpt_neox")) {
            config.remove("num_key_value_heads");
        }
        return config;
    }

    /** Writes a model directory of random weights in some shards; returns the weights as stored. */
    private Map<String, float[]> write(ObjectNode config, DType stored, int shards) throws Exception {
        Files.writeString(dir.resolve("config.json"), config.toString());
        Map<String, float[]> weights = new LinkedHashMap<>();
        try (TensorScope _ = TensorScope.open()) {
            Map<String, long[]> shapes = new ParameterShapes(config).all();
            List<String> names = List.copyOf(shapes.keySet());
            SplittableRandom random = new SplittableRandom(5);
            ObjectNode index = config.objectNode();
            for (int shard = 0; shard < shards; shard++) {
                Map<String, Tensor> tensors = new LinkedHashMap<>();
                String file = shards == 1 ? "model.safetensors" : "model-" + shard + ".safetensors";
                for (int i = shard; i < names.size(); i += shards) {
                    String name = names.get(i);
                    Tensor tensor = random(name, shapes.get(name), random).to(stored);
                    tensors.put(name, tensor);
                    weights.put(name, tensor.toFloats());
                    index.put(name, file);
                }
                SafeTensorsWriter.write(dir.resolve(file), tensors);
            }
            if (shards > 1) {
                ObjectNode root = config.objectNode();
                root.putObject("metadata");
                root.set("weight_map", index);
                Files.writeString(dir.resolve("model.safetensors.index.json"), root.toString());
            }
        }
        return weights;
    }

    /** Norm weights around one, the rest large enough that attention is far from uniform. */
    private static Tensor random(String name, long[] shape, SplittableRandom random) {
        int size = (int) java.util.Arrays.stream(shape).reduce(1, (a, b) -> a * b);
        float[] values = new float[size];
        boolean norm = shape.length == 1 && name.endsWith("weight");
        for (int i = 0; i < size; i++) {
            double u = 2 * random.nextDouble() - 1;
            values[i] = (float) (norm ? 1 + 0.5 * u : 0.5 * u);
        }
        return Tensor.of(values, shape);
    }

    private static int[] reversed(int[] tokens) {
        int[] reversed = new int[tokens.length];
        java.util.Arrays.setAll(reversed, i -> tokens[tokens.length - 1 - i]);
        return reversed;
    }

    private static void assertRow(double[][] expected, float[] logits, int firstToken) {
        int vocab = expected[0].length;
        for (int t = 0; t < expected.length; t++) {
            for (int i = 0; i < vocab; i++) {
                assertEquals(
                        expected[t][i],
                        logits[(firstToken + t) * vocab + i],
                        1e-4 * (1 + Math.abs(expected[t][i])),
                        "logit " + i + " at position " + t);
            }
        }
    }
}
