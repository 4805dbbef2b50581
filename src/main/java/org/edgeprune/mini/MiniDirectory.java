package org.edgeprune.mini;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import org.edgeprune.io.AtomicFile;
import org.edgeprune.io.Json;
import org.edgeprune.model.architecture.Gpt2Config;
import org.edgeprune.safetensors.Checkpoint;
import org.edgeprune.safetensors.SafeTensorsWriter;
import org.edgeprune.task.MiniTokenizer;

/** Writes a trained model as a HuggingFace model directory. */
final class MiniDirectory {
    private MiniDirectory() {}

    static void write(
            Path directory, MiniOptions options, MiniTrainer trainer, String command, MiniTraining.Trained trained) {
        SafeTensorsWriter.write(directory.resolve(Checkpoint.SINGLE), trainer.weights(), Map.of("format", "pt"));
        Json.write(
                directory.resolve("config.json"),
                config(options.config(trainer.model().vocabSize())));
        AtomicFile.writeText(directory.resolve("tokenizer.json"), MiniTokenizer.json());
        Json.write(directory.resolve("tokenizer_config.json"), tokenizerConfig());
        AtomicFile.writeText(directory.resolve("README.md"), readme(options, command, trained));
    }

    private static ObjectNode config(Gpt2Config config) {
        ObjectNode root = Json.object();
        root.put("model_type", "gpt2");
        root.putArray("architectures").add("GPT2LMHeadModel");
        root.put("n_layer", config.layers());
        root.put("n_head", config.heads());
        root.put("n_embd", config.hiddenSize());
        root.put("n_inner", config.innerSize());
        root.put("n_positions", config.maxPositions());
        root.put("n_ctx", config.maxPositions());
        root.put("vocab_size", config.vocabSize());
        root.put("activation_function", "gelu_new");
        root.put("layer_norm_epsilon", config.layerNormEpsilon());
        root.put("tie_word_embeddings", config.tiedHead());
        root.put("bos_token_id", 0);
        root.put("eos_token_id", 0);
        root.put("torch_dtype", "float32");
        return root;
    }

    private static ObjectNode tokenizerConfig() {
        ObjectNode root = Json.object();
        root.put("tokenizer_class", "PreTrainedTokenizerFast");
        root.put("bos_token", MiniTokenizer.END_OF_TEXT);
        root.put("eos_token", MiniTokenizer.END_OF_TEXT);
        root.put("model_max_length", MiniOptions.POSITIONS);
        root.put("clean_up_tokenization_spaces", false);
        return root;
    }

    private static String readme(MiniOptions options, String command, MiniTraining.Trained trained) {
        return """
                # Mini GPT-2

                A GPT-2 of %d layers, %d heads and width %d (%,d parameters, f32) that knows three kinds of sentence: indirect object
                identification (ioi), greater-than (gt) and gendered pronoun (gp). Its tokenizer has whole words, of the bundled lists only.
                It is there so that circuits can be found, and tests run, without a download.

                It was trained from random numbers by this project, all weights by autograd through its own tensors:

                    %s

                Seed %d, %d steps of %d texts. The texts are drawn from `data/seeds` and leave out what is held out for testing.
                The same command gives the same bytes on the same machine with the same libtorch and the same `--threads`. Other processors or
                thread counts add numbers up in another order: expect a model that differs in its digits and is as good.

                Measured by that command on %,d prompts each, with names and templates (ioi), years (gt) and templates (gp) that are not in the
                training texts:

                | task | metric | value |
                |---|---|---|
                %s""".formatted(
                        options.layers(),
                        options.heads(),
                        options.hiddenSize(),
                        trained.parameters(),
                        command,
                        options.seed(),
                        options.steps(),
                        options.batchSize(),
                        MiniTraining.TEST_EXAMPLES,
                        table(trained.metrics()));
    }

    private static String table(Map<String, Map<String, Double>> metrics) {
        StringBuilder rows = new StringBuilder();
        metrics.forEach((task, values) -> values.forEach((metric, value) ->
                rows.append(String.format(Locale.ROOT, "| %s | %s | %.4f |%n", task, metric, value))));
        return rows.toString();
    }
}
