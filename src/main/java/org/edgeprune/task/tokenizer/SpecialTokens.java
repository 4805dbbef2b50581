package org.edgeprune.task.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.stream.IntStream;
import org.edgeprune.io.Complaint;
import org.edgeprune.io.InputException;

/**
 * The ids that a post-processor puts around one text. They are computed here, not by the library, which aborts the
 * process at a template that names an undefined token.
 *
 * @param before the ids before the text: the beginning of sequence for most models of the Llama family
 * @param after the ids after the text: the end of sequence if the tokenizer adds one; prompts never get them
 */
public record SpecialTokens(int[] before, int[] after) {
    /** No ids on either side. */
    public static final SpecialTokens NONE = new SpecialTokens(new int[0], new int[0]);

    /** The {@code post_processor} of a tokenizer.json, for one text that is encoded alone. */
    static SpecialTokens of(String source, JsonNode processor) {
        if (processor.isNull() || processor.isMissingNode()) {
            return NONE;
        }
        return switch (processor.path("type").asText()) {
            case "ByteLevel" -> NONE;
            case "TemplateProcessing" -> template(source, processor);
            case "BertProcessing", "RobertaProcessing" ->
                new SpecialTokens(
                        new int[] {pair(source, processor, "cls")}, new int[] {pair(source, processor, "sep")});
            case "Sequence" -> {
                SpecialTokens all = NONE;
                for (JsonNode part : processor.path("processors")) {
                    all = of(source, part).around(all);
                }
                yield all;
            }
            default ->
                throw wrong(
                        source,
                        "its type is " + Complaint.quote(processor.path("type").asText()) + ", which is unknown");
        };
    }

    private SpecialTokens around(SpecialTokens inner) {
        return new SpecialTokens(join(before, inner.before), join(inner.after, after));
    }

    private static SpecialTokens template(String source, JsonNode processor) {
        int[] before = {};
        int[] after = {};
        boolean text = false;
        for (JsonNode piece : processor.path("single")) {
            if (piece.has("Sequence")) {
                String id = piece.get("Sequence").path("id").asText();
                if (text || !id.equals("A")) {
                    throw wrong(
                            source,
                            text
                                    ? "\"single\" contains the text twice"
                                    : "\"single\" names the text " + Complaint.quote(id) + ", but only 'A' exists");
                }
                text = true;
            } else {
                int[] tokens = named(
                        source, processor, piece.path("SpecialToken").path("id").asText());
                before = text ? before : join(before, tokens);
                after = text ? join(after, tokens) : after;
            }
        }
        if (!text) {
            throw wrong(source, "\"single\" does not contain the text");
        }
        return new SpecialTokens(before, after);
    }

    private static int[] named(String source, JsonNode processor, String name) {
        JsonNode token = processor.path("special_tokens").path(name);
        if (!token.isObject()) {
            throw wrong(source, "\"single\" names the token " + Complaint.quote(name) + ", which it does not define");
        }
        int[] ids = new int[token.path("ids").size()];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = id(source, name, token.get("ids").get(i));
        }
        if (ids.length == 0) {
            throw wrong(source, "the token " + Complaint.quote(name) + " has no ids");
        }
        return ids;
    }

    private static int pair(String source, JsonNode processor, String key) {
        return id(source, key, processor.path(key).path(1));
    }

    private static int id(String source, String name, JsonNode id) {
        if (!id.isInt() || id.intValue() < 0 || id.intValue() == Integer.MAX_VALUE) {
            throw wrong(source, Complaint.quote(name) + " has the id " + id + ", which is not a token id");
        }
        return id.intValue();
    }

    private static int[] join(int[] first, int[] second) {
        return IntStream.concat(IntStream.of(first), IntStream.of(second)).toArray();
    }

    private static InputException wrong(String source, String what) {
        return new InputException(source + ": post_processor: " + what + "; fetch the file again");
    }
}
