package org.edgeprune.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.edgeprune.fixture.Fixtures;
import org.edgeprune.io.Json;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code --chat}, on a random model with the tokenizer and the chat template of a model that answers. */
class ChatCommandsTest {
    @TempDir
    static Path dir;

    private static Path model;
    private static Path data;

    @BeforeAll
    static void prepare() throws Exception {
        Path config = dir.resolve("config.json");
        Files.writeString(config, """
                {"model_type": "llama", "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 1, "hidden_size": 16,
                 "intermediate_size": 16, "vocab_size": 300, "max_position_embeddings": 256, "torch_dtype": "float32"}
                """);
        model = dir.resolve("model");
        InProcess.run("init", "--config", config, "--tokenizer", Fixtures.golden("chat/chatml"), "-o", model)
                .ok();
        data = dir.resolve("pairs.jsonl");
        Files.writeString(data, """
                {"clean": "Is it 1 or the cat?<predict> the cat</predict>", "corrupted": "Is it 2 or the cat?", "distractor": "cat the"}
                {"clean": "Is it 3 or the cat?<predict> the cat</predict>", "corrupted": "Is it 4 or the cat?<predict> cat the</predict>", "distractor": "cat the"}
                """);
    }

    @Test
    void dataCheckShowsTheChat() {
        JsonNode result = InProcess.run("data", "check", data, "--model", model, "--chat", "--json")
                .ok()
                .json();
        assertEquals(2, result.get("usable").asInt(), result.toString());
        JsonNode pair = result.get("pairs").get(0);
        StringBuilder clean = new StringBuilder();
        pair.get("clean").forEach(token -> clean.append(token.asText()));
        // the last token of the answer is not an input
        assertEquals("<|im_start|>user\nIs it 1 or the cat?<|im_end|>\n<|im_start|>assistant\nthe", clean.toString());
        assertEquals("the", pair.at("/answer/0").asText());
        assertEquals(" cat", pair.at("/answer/1").asText());
    }

    @Test
    void aRunRemembersThatItsPromptsAreChats() {
        Path run = dir.resolve("run");
        List<Object> prune =
                List.of("prune", "--published", "--task", "custom", "--data", data, "--model", model, "--out", run);
        InProcess.run(with(prune, "--chat", "--steps", 2, "--batch-size", 2, "--evaluate-every", 0))
                .ok();
        assertEquals(
                "chat:custom",
                Json.read(run.resolve("run.json"), "").get("task").asText());
        JsonNode metrics = Json.read(run.resolve("metrics.json"), "");
        JsonNode evaluated = InProcess.run("eval", run, "--json").ok().json();
        assertEquals(metrics.get("kl").asDouble(), evaluated.get("kl").asDouble(), 1e-6);
        InProcess.run("prune", "--out", run, "--resume").ok();
    }

    private static Object[] with(List<Object> arguments, Object... more) {
        return Stream.concat(arguments.stream(), Stream.of(more)).toArray();
    }

    @Test
    void aPromptIsContinuedInTheChat() {
        JsonNode result = InProcess.run(
                        "generate", "--model", model, "--chat", "--prompt", "the cat", "--max-new-tokens", 2, "--json")
                .ok()
                .json();
        String text = result.get("text").asText();
        assertTrue(text.startsWith("<|im_start|>user\nthe cat<|im_end|>\n<|im_start|>assistant\n"), text);
    }

    /** Special tokens are printed as any others; a text that the model ends at once is not an empty answer. */
    @Test
    void specialTokensArePrintedAndAModelThatEndsAtOnceSaysSo() throws Exception {
        List<Object> generate = List.of("generate", "--model", model, "--prompt", "<|im_start|>the cat");
        JsonNode result = InProcess.run(with(generate, "--max-new-tokens", 1, "--json"))
                .ok()
                .json();
        assertTrue(result.get("text").asText().startsWith("<|im_start|>the cat"), result.toString());
        Path endings = model.resolve("generation_config.json");
        Files.writeString(endings, "{\"eos_token_id\": " + result.at("/new_tokens/0") + "}");
        try {
            Tool ended = InProcess.run(with(generate, "--max-new-tokens", 5)).ok();
            assertEquals(List.of("<|im_start|>the cat"), ended.outLines());
            String said = ended.said("the model ends the text at once, with ");
            assertTrue(
                    said.endsWith(": a model trained on chats continues a prompt in its chat template, see --chat"),
                    said);
        } finally {
            Files.delete(endings);
        }
    }

    @Test
    void whatCannotBePutInAChatIsOneLine() {
        String task = InProcess.run("prune", "--task", "ioi", "--chat", "--model", model, "--out", dir.resolve("x"))
                .refused();
        assertTrue(task.contains("task ioi cannot be put in a chat"), task);
        String bundled = InProcess.run("data", "check", data, "--chat").refused();
        assertTrue(bundled.contains("its tokenizer has no chat template"), bundled);
        String prompt = InProcess.run("generate", "--model", model, "--chat", "--max-new-tokens", 2)
                .refused();
        assertTrue(prompt.contains("--chat: puts a --prompt in the chat template: give one"), prompt);
    }
}
