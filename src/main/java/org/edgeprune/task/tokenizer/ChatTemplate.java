package org.edgeprune.task.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.edgeprune.io.InputException;
import org.edgeprune.io.TextReader;

/**
 * The chat template of a model's tokenizer: how a question is put to the model and where its answer begins, as
 * {@code apply_chat_template} of transformers writes it. Templates that cannot be rendered exactly as there are
 * refused. Not for several threads.
 */
public final class ChatTemplate {
    /** Stands for an answer; no template contains it. */
    private static final String MARK = "\ue000";

    private final String source;
    private final String template;
    private final Map<String, String> tokens;
    private final JinjaRenderer renderer = new JinjaRenderer();

    private ChatTemplate(String source, String template, Map<String, String> tokens) {
        this.source = source;
        this.template = template;
        this.tokens = Map.copyOf(tokens);
    }

    /**
     * The template of a model directory: {@code chat_template.jinja}, or the field {@code chat_template} of
     * {@code tokenizer_config.json}, which may be a list of templates with one named {@code default}.
     *
     * @param modelDirectory a HuggingFace model directory
     * @return the template
     * @throws InputException if there is none
     */
    public static ChatTemplate of(Path modelDirectory) {
        TokenizerConfig config = TokenizerConfig.read(modelDirectory);
        Path file = modelDirectory.resolve("chat_template.jinja");
        if (Files.exists(file)) {
            return new ChatTemplate(
                    file.toString(), TextReader.LARGE.read(file, "fetch the file again"), config.named());
        }
        String template = text(config.config().path("chat_template"))
                .orElseThrow(() -> new InputException(modelDirectory + ": its tokenizer has no chat template (the field"
                        + " 'chat_template' of tokenizer_config.json, or chat_template.jinja): leave out --chat, or"
                        + " take the model that was trained on chats"));
        return new ChatTemplate(config.source() + ": field 'chat_template'", template, config.named());
    }

    private static Optional<String> text(JsonNode template) {
        if (template.isArray()) {
            for (JsonNode one : template) {
                if (one.path("name").asText().equals("default")) {
                    return text(one.path("template"));
                }
            }
        }
        return Optional.ofNullable(template.textValue());
    }

    /**
     * A question with the beginning of an answer, {@code add_generation_prompt}.
     *
     * @param question what the user says
     * @return the text for the model, special tokens included
     * @throws InputException if the template cannot be rendered exactly
     */
    public String question(String question) {
        return render(List.of(message("user", question)), true);
    }

    /**
     * A question with its answer.
     *
     * @param prompt the text before the answer, without the spaces at its end, which belong to the answer's first token
     * @param answered the text up to the answer's end, {@code continue_final_message}
     */
    public record Reply(String prompt, String answered) {}

    /**
     * A question with its answer.
     *
     * @param question what the user says
     * @param answer what the model says, without spaces at its ends
     * @return the text for the model, special tokens included
     * @throws InputException if the template cannot be rendered exactly, or changes the answer
     */
    public Reply reply(String question, String answer) {
        String begun = question(question);
        String marked = answered(question, MARK);
        int at = marked.indexOf(MARK);
        if (at < 0 || at != marked.lastIndexOf(MARK)) {
            throw wrong("does not write the answer as it is");
        }
        String head = marked.substring(0, at);
        if (!answered(question, answer).equals(head + answer + marked.substring(at + 1))) {
            throw wrong("writes some answers in another way than others");
        }
        if (!head.startsWith(begun)) {
            throw wrong("does not begin an answer as it asks the model for one");
        }
        return new Reply(head.replaceFirst(" +$", ""), head + answer);
    }

    private String answered(String question, String answer) {
        return render(List.of(message("user", question), message("assistant", answer)), false);
    }

    private static Map<String, String> message(String role, String content) {
        Map<String, String> message = new LinkedHashMap<>(); // templates may see the order
        message.put("role", role);
        message.put("content", content);
        return message;
    }

    private String render(List<Map<String, String>> messages, boolean asks) {
        Map<String, Object> variables = new HashMap<>(tokens);
        variables.put("add_generation_prompt", asks);
        try {
            return renderer.render(template, messages, variables);
        } catch (JinjaRenderer.UnsupportedException e) {
            throw new InputException(
                    source + ": cannot be rendered exactly as transformers does, because " + e.getMessage()
                            + ": write the prompts as the template does, special tokens included, without --chat",
                    e);
        }
    }

    private InputException wrong(String what) {
        return new InputException(source + ": " + what
                + ": write the prompts as the template does, special tokens included, without --chat");
    }
}
