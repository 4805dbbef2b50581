package org.edgeprune.prune;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.edgeprune.eval.AblationStates;
import org.edgeprune.eval.PromptBatch;
import org.edgeprune.fixture.AllocatorCount;
import org.edgeprune.graph.Ablation;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.mask.HardConcrete;
import org.edgeprune.mask.MaskLayout;
import org.edgeprune.mask.MaskParameters;
import org.edgeprune.model.Architectures;
import org.edgeprune.model.ConfigTemplate;
import org.edgeprune.model.Decoder;
import org.edgeprune.model.Execution;
import org.edgeprune.model.Models;
import org.edgeprune.model.RandomWeights;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.task.Answer;
import org.edgeprune.task.Example;
import org.edgeprune.task.Scorer;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.LibTorch;
import org.edgeprune.torch.TensorScope;
import org.edgeprune.tracr.files.CompiledModelFiles;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What {@link StepMemory} predicts for a step's tensors, against the allocator's own count of them: exact, whatever
 * else the machine does. Weights, masks and the process itself are left out; {@code BenchCommandTest} has them.
 */
@ExtendWith(AllocatorCount.class)
class StepMemoryTest {
    private static final int PROMPTS = 256;
    private static final int LENGTH = 8;

    /** The log_alpha of masks of 1. */
    private static final float KEPT = 10;

    private static final Scorer UNSCORED = (example, logits, full) -> Map.of();

    private static final String LLAMA_SIZES = """
            "hidden_size": 128, "intermediate_size": 320, "num_hidden_layers": 3, "num_attention_heads": 8,
            "num_key_value_heads": 4, "vocab_size": 2000, "max_position_embeddings": 64""";

    /** Other fields than those of {@link #LLAMA_SIZES}, by {@code model_type} and what else tells them apart. */
    private static final Map<String, String> CONFIGS = configs();

    private static Map<String, String> configs() {
        Map<String, String> configs = new LinkedHashMap<>();
        for (String name :
                List.of("llama", "mistral", "qwen2", "starcoder2", "stablelm", "olmo2", "granite", "smollm3")) {
            configs.put(name, LLAMA_SIZES);
        }
        for (String name : List.of("qwen3", "gemma", "gemma2", "gemma3_text")) {
            configs.put(name, LLAMA_SIZES + ", \"head_dim\": 16");
        }
        configs.put("phi", LLAMA_SIZES.replace("key_value_heads\": 4", "key_value_heads\": 8"));
        configs.put("phi3", LLAMA_SIZES + ", \"pad_token_id\": 0");
        configs.put("gpt_neox", LLAMA_SIZES.replaceAll("\"num_key_value_heads\": 4,", ""));
        configs.put("gpt2", """
                "n_embd": 128, "n_layer": 3, "n_head": 8, "n_positions": 64, "vocab_size": 2000""");
        configs.put("gptj", """
                "n_embd": 128, "n_layer": 3, "n_head": 8, "n_positions": 64, "vocab_size": 2000, "rotary_dim": 16""");
        configs.put("gpt_neo", """
                "hidden_size": 128, "num_layers": 3, "num_heads": 8, "attention_types": [[["global"], 3]],
                "max_position_embeddings": 64, "vocab_size": 2000""");
        configs.put("opt", """
                "hidden_size": 128, "ffn_dim": 320, "num_hidden_layers": 3, "num_attention_heads": 8,
                "max_position_embeddings": 64, "vocab_size": 2000, "word_embed_proj_dim": 128""");
        configs.put("bloom", """
                "hidden_size": 128, "n_layer": 3, "n_head": 8, "vocab_size": 2000""");
        // the proportions of Gemma 3 270m: few heads, which together are wider than the residual stream
        configs.put("gemma3_text, 270m", """
                "hidden_size": 160, "intermediate_size": 512, "num_hidden_layers": 3, "num_attention_heads": 4,
                "num_key_value_heads": 1, "vocab_size": 2000, "max_position_embeddings": 64, "head_dim": 64""");
        return configs;
    }

    static Set<String> architectures() {
        return CONFIGS.keySet();
    }

    /**
     * Multimodal checkpoints have the sizes of their text models, which are here; Tracr's models have no cost to speak
     * of.
     */
    @Test
    void everyArchitectureIsHere() {
        Set<String> missing = new TreeSet<>(Architectures.find().byModelType().keySet());
        missing.removeAll(CONFIGS.keySet());
        missing.removeAll(List.of("gemma3", "mistral3", CompiledModelFiles.MODEL_TYPE));
        assertEquals(Set.of(), missing);
    }

    @ParameterizedTest
    @MethodSource("architectures")
    void tensorsOfAStepAreWithin15PercentOfThePrediction(String name) throws JsonProcessingException {
        assertPredicted(name, Execution.on(Device.CPU).withMicroBatch(0));
    }

    @ParameterizedTest
    @MethodSource("architectures")
    void tensorsOfARecomputedStepAreToo(String name) throws JsonProcessingException {
        assertPredicted(name, Execution.on(Device.CPU).withMicroBatch(0).recomputing());
    }

    private static void assertPredicted(String name, Execution execution) throws JsonProcessingException {
        ObjectNode json = (ObjectNode) new ObjectMapper()
                .readTree("{\"model_type\": \"" + name.replaceAll(",.*", "") + "\", " + CONFIGS.get(name) + "}");
        Decoder decoder = Models.decoder(new ConfigTemplate(Path.of("config.json"), json).config());
        try (TransformerModel model = TransformerModel.of(decoder, new RandomWeights(1), execution)) {
            ComputationGraph graph = new ComputationGraph(model.graphShape());
            StepMemory predicted = StepMemory.of(StepMemory.Work.of(
                    decoder, 0, graph, execution, Ablation.INTERCHANGE, StepMemory.Tokens.of(PROMPTS, LENGTH)));
            long expected = predicted.fullModel()
                    + predicted.outbox()
                    + predicted.blocks()
                    + Math.max(predicted.loss(), predicted.backward());
            double ratio = (double) measured(model, graph) / expected;
            assertEquals(1, ratio, 0.15, predicted.toString());
        }
    }

    /** Bytes of the tensors of one step at their peak. */
    private static long measured(TransformerModel model, ComputationGraph graph) {
        float[] nodes = new float[graph.nodeCount()];
        float[] edges = new float[graph.edgeCount()];
        Arrays.fill(nodes, KEPT);
        Arrays.fill(edges, KEPT);
        try (TensorScope _ = TensorScope.open();
                MaskParameters masks = new MaskParameters(
                        MaskLayout.edges(graph), new HardConcrete(1e-6), edges, nodes, new float[4], Device.CPU);
                MaskTrainer trainer = new MaskTrainer(model, masks, PruneOptions.gpt2())) {
            // no block is used again: it may be larger than what is asked for
            LibTorch.keepFreedMemory(0);
            long before = LibTorch.largeMemory().inUse();
            PromptBatch batch = PromptBatch.of(model, examples(), UNSCORED, AblationStates.INTERCHANGE);
            trainer.step(0, batch);
            return LibTorch.largeMemory().peak() - before;
        }
    }

    private static List<Example> examples() {
        SplittableRandom random = new SplittableRandom(1);
        List<Example> examples = new ArrayList<>();
        for (int i = 0; i < PROMPTS; i++) {
            int[] clean = random.ints(LENGTH, 0, 2000).toArray();
            int[] corrupted = random.ints(LENGTH, 0, 2000).toArray();
            examples.add(
                    new Example(clean, corrupted, LENGTH - 1, LENGTH, new Answer.Tokens(new int[] {0}, new int[0])));
        }
        return examples;
    }
}
