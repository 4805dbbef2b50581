package org.edgeprune.task.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Spliterator;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.edgeprune.fixture.Fixtures;
import org.edgeprune.io.InputException;
import org.edgeprune.io.Json;
import org.edgeprune.task.PromptTokenizer;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** Chats are those of {@code apply_chat_template} of transformers 5.24; what cannot be is refused in one line. */
class ChatTemplateTest {
    private static final Path GOLDEN = Fixtures.golden("chat");

    @TempDir
    Path dir;

    @TestFactory
    Stream<DynamicTest> chatsAreThoseOfTransformers() throws Exception {
        return Fixtures.foldersIn(GOLDEN).stream()
                .map(folder -> DynamicTest.dynamicTest(folder.getFileName().toString(), () -> compare(folder)));
    }

    private static void compare(Path folder) {
        ChatTemplate template = ChatTemplate.of(folder);
        JsonNode chats = Json.read(folder.resolve("expected.json"), "make it");
        assertEquals(4, chats.size());
        try (PromptTokenizer tokenizer = PromptTokenizer.open(folder)) {
            for (JsonNode chat : chats) {
                String question = chat.get("question").asText();
                String answer = chat.get("answer").asText();
                String asked = template.question(question);
                assertEquals(chat.get("text").asText(), asked);
                assertArrayEquals(ids(chat.get("ids")), tokenizer.encodeRendered(asked));
                ChatTemplate.Reply reply = template.reply(question, answer);
                assertEquals(chat.get("answered").asText(), reply.answered());
                assertArrayEquals(ids(chat.get("answered_ids")), tokenizer.encodeRendered(reply.answered()));
                assertTrue(reply.answered().startsWith(reply.prompt()));
                assertEquals(
                        answer,
                        reply.answered().substring(reply.prompt().length()).stripLeading());
                assertFalse(reply.prompt().endsWith(" "));
            }
        }
    }

    private static int[] ids(JsonNode ids) {
        return Json.PLAIN.value("expected", ids, int[].class, "make it");
    }

    @TestFactory
    Stream<DynamicTest> constructsAreRenderedAsByJinja2() {
        return StreamSupport.stream(constructs("same"), false)
                .map(one -> DynamicTest.dynamicTest(
                        one.get("template").asText(),
                        () -> assertEquals(one.get("text").asText(), render(one.get("template")))));
    }

    @TestFactory
    Stream<DynamicTest> otherConstructsAreRenderedAsByJinja2OrRefused() {
        return others().map(one -> DynamicTest.dynamicTest(one.get("template").asText(), () -> {
            String rendered;
            try {
                rendered = render(one.get("template"));
            } catch (JinjaRenderer.UnsupportedException e) {
                assertFalse(e.getMessage().isBlank());
                return;
            }
            assertEquals(one.get("text").asText(), rendered);
        }));
    }

    /** A change that refuses more of them than now has to be deliberate. */
    @Test
    void atLeast45OtherConstructsAreRendered() {
        assertEquals(172, others().count());
        long rendered = others().filter(ChatTemplateTest::isRendered).count();
        assertTrue(rendered >= 45, () -> rendered + " are rendered");
    }

    private static boolean isRendered(JsonNode construct) {
        try {
            render(construct.get("template"));
            return true;
        } catch (JinjaRenderer.UnsupportedException e) {
            return false;
        }
    }

    /** Constructs that may be refused, without those that Jinja2 itself refuses. */
    private static Stream<JsonNode> others() {
        return StreamSupport.stream(constructs("other"), false)
                .filter(one -> one.get("text").isTextual());
    }

    private static Spliterator<JsonNode> constructs(String which) {
        return Json.read(GOLDEN.resolve("constructs.json"), "make it")
                .get(which)
                .spliterator();
    }

    private static String render(JsonNode template) throws JinjaRenderer.UnsupportedException {
        List<Map<String, String>> messages =
                List.of(Map.of("role", "user", "content", "Hi there"), Map.of("role", "assistant", "content", " Yes "));
        return new JinjaRenderer()
                .render(
                        template.asText(),
                        messages,
                        Map.of("bos_token", "<s>", "eos_token", "</s>", "add_generation_prompt", true));
    }

    private ChatTemplate of(String template) throws Exception {
        Files.writeString(dir.resolve("tokenizer_config.json"), "{\"bos_token\": \"<s>\"}");
        Files.writeString(dir.resolve("chat_template.jinja"), template);
        return ChatTemplate.of(dir);
    }

    private static void assertRefused(String reason, ChatTemplate template) {
        String message = assertThrows(InputException.class, () -> template.reply("What is this?", "Paris"))
                .getMessage();
        assertTrue(message.contains("chat_template.jinja: ") && message.contains(reason), message);
        assertTrue(message.endsWith("special tokens included, without --chat"), message);
        assertEquals(1, message.lines().count(), message);
    }

    @Test
    void whatCannotBeRenderedExactlyIsRefused() throws Exception {
        String answer = "{% for m in messages %}{{ m.content }}|{% endfor %}";
        assertRefused("because it uses the filter tojsonp", of("{{ messages | tojsonp }}" + answer));
        assertRefused("because it says: no questions", of("{{ raise_exception('no questions') }}"));
        assertRefused("because it loops over None", of("{% for t in tools %}{% endfor %}" + answer));
        assertRefused("because it uses the whitespace control +", of("{%+ if true %}{% endif %}" + answer));
        assertRefused("because it uses the format %H", of("{{ strftime_now('%H') }}" + answer));
        assertRefused("does not write the answer as it is", of("{{ messages[0].content }}"));
        assertRefused("does not write the answer as it is", of(answer + answer));
        assertRefused(
                "writes some answers in another way",
                of("{% for m in messages %}{{ m.content | upper }}|{% endfor %}"));
        assertRefused(
                "does not begin an answer as it asks the model for one",
                of(answer + "{% if add_generation_prompt %}<think>{% endif %}"));
        ChatTemplate good = of(answer);
        assertEquals("cat|", good.question("cat"));
        String spaces = assertThrows(InputException.class, () -> good.question("\u3000cat"))
                .getMessage();
        assertTrue(spaces.contains("a text begins or ends with a space other than that of ASCII"), spaces);
    }

    @Test
    void aModelWithoutTemplateSaysSo() throws Exception {
        Files.writeString(dir.resolve("tokenizer_config.json"), "{\"bos_token\": \"<s>\"}");
        String message =
                assertThrows(InputException.class, () -> ChatTemplate.of(dir)).getMessage();
        assertTrue(message.contains("its tokenizer has no chat template"), message);
    }
}
