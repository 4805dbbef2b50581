package org.edgeprune.task.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.edgeprune.io.Complaint;
import org.edgeprune.io.Digest;
import org.edgeprune.io.InputException;

/**
 * A tokenizer as one {@code tokenizer.json}, with the changes of the files beside it already applied.
 *
 * @param source the file, or another name for messages
 * @param json the definition without post-processor, truncation and padding, which the library does not need: special
 *     tokens are added by {@link #specialTokens}
 * @param specialTokens the ids before and after every text
 * @param bosToken the configured token that begins a sequence
 * @param notes what a user should know about the files, one line each
 */
public record TokenizerDefinition(
        String source, ObjectNode json, SpecialTokens specialTokens, Optional<String> bosToken, List<String> notes) {
    /**
     * The definition of a {@code tokenizer.json} without other files.
     *
     * @param source the name for messages
     * @param json the parsed {@code tokenizer.json}
     * @return the definition
     * @throws InputException naming the part that is wrong
     */
    public static TokenizerDefinition of(String source, JsonNode json) {
        return of(source, json, TokenizerConfig.NONE, true);
    }

    /**
     * A definition with a configuration applied to it.
     *
     * @param written whether {@code tokenizerJson} is a file, not derived from vocab.json and merges.txt
     * @throws InputException naming the part that is wrong
     */
    static TokenizerDefinition of(String source, JsonNode tokenizerJson, TokenizerConfig config, boolean written) {
        if (!(tokenizerJson instanceof ObjectNode)
                || !tokenizerJson.path("model").path("vocab").isContainerNode()) {
            throw new InputException(source + ": model.vocab is missing or empty; this is not a tokenizer.json");
        }
        ObjectNode json = config.applyTo((ObjectNode) tokenizerJson.deepCopy());
        Map<String, Integer> ids = ids(source, json);
        SpecialTokens processor = SpecialTokens.of(source, json.path("post_processor"));
        boolean flags = !written || config.flagsRebuildTemplate();
        SpecialTokens special = flags ? config.specialTokens(source, processor, ids) : processor;
        List<String> notes = new ArrayList<>();
        if (flags && written && !Arrays.equals(special.before(), processor.before())) {
            notes.add(config.source() + ": according to the field 'add_bos_token', texts "
                    + (special.before().length > 0 ? "begin" : "do not begin")
                    + " with the beginning of sequence, as in transformers 4; transformers 5 uses the post_processor"
                    + " of tokenizer.json, which differs");
        }
        json.putNull("post_processor");
        json.putNull("truncation");
        json.putNull("padding");
        DefinitionCheck.check(source, json);
        return new TokenizerDefinition(source, json, special, config.token("bos_token"), List.copyOf(notes));
    }

    /**
     * The identity of the ids that texts get.
     *
     * @return the SHA-256 digest of everything that they depend on, in hexadecimal digits
     */
    public String sha256() {
        return Digest.sha256(Digest.sha256(json.toString()) + " " + Arrays.toString(specialTokens.before()) + " "
                + bosToken.orElse(""));
    }

    /**
     * The vocabulary of the model and the added tokens.
     *
     * @return ids by token
     */
    public Map<String, Integer> ids() {
        return ids(source, json);
    }

    /**
     * The model's vocabulary (an object, or Unigram's list of pieces), then the added tokens as the library numbers
     * them: a token of the vocabulary keeps its id, and a new one gets the next free id, whatever id the file states.
     */
    private static Map<String, Integer> ids(String source, ObjectNode json) {
        Map<String, Integer> ids = new HashMap<>();
        JsonNode vocab = json.path("model").path("vocab");
        if (vocab.isObject()) {
            vocab.properties().forEach(e -> ids.put(e.getKey(), id(source, "model.vocab", e.getKey(), e.getValue())));
        } else {
            for (int i = 0; i < vocab.size(); i++) {
                ids.put(vocab.get(i).path(0).asText(), i);
            }
        }
        if (ids.isEmpty()) {
            throw new InputException(source + ": model.vocab is missing or empty; this is not a tokenizer.json");
        }
        int next = vocab.size();
        int lastAdded = -1;
        for (JsonNode added : json.path("added_tokens")) {
            String content = added.path("content").asText();
            if (content.isEmpty()) {
                continue;
            }
            id(source, "added_tokens", content, added.path("id"));
            Integer known = ids.get(content);
            int id = known != null ? known : Math.max(next, lastAdded + 1);
            lastAdded = Math.max(lastAdded, id);
            ids.put(content, id);
        }
        return Map.copyOf(ids);
    }

    private static int id(String source, String place, String token, JsonNode id) {
        if (!id.isInt() || id.intValue() < 0 || id.intValue() == Integer.MAX_VALUE) {
            throw new InputException(source + ": " + place + ": token " + Complaint.quote(token) + " has the id " + id
                    + ", which is not a token id; fetch the file again");
        }
        return id.intValue();
    }
}
