package org.edgeprune.tracr.files;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import org.edgeprune.io.InputException;
import org.edgeprune.io.Json;
import org.edgeprune.tracr.Vocabulary;
import org.edgeprune.tracr.rasp.Value;

/** A vocabulary as a HuggingFace {@code tokenizer.json}: words separated by white space, preceded by BOS. */
final class TokenizerFile {
    private TokenizerFile() {}

    /**
     * Writes a tokenizer.
     *
     * @throws InputException if a token holds white space, at which a text would be split
     */
    static void write(Vocabulary vocabulary, Path file) {
        ObjectNode ids = Json.object();
        for (Value token : vocabulary.tokens()) {
            if (token.toString().isBlank() || token.toString().chars().anyMatch(Character::isWhitespace)) {
                throw new InputException("token '" + token + "' is empty or holds white space: name it otherwise");
            }
            ids.put(token.toString(), vocabulary.id(token));
        }
        ObjectNode root = Json.object().put("version", "1.0");
        root.putNull("truncation").putNull("padding").putArray("added_tokens");
        root.putNull("normalizer").putObject("pre_tokenizer").put("type", "WhitespaceSplit");
        root.set("post_processor", bosFirst(vocabulary));
        root.putNull("decoder");
        // The library asks for an unknown token's name. None is in the vocabulary: unknown words are refused.
        root.putObject("model").put("type", "WordLevel").put("unk_token", "").set("vocab", ids);
        Json.write(file, root);
    }

    private static ObjectNode bosFirst(Vocabulary vocabulary) {
        String bos = vocabulary.bos().toString();
        ObjectNode template = Json.object().put("type", "TemplateProcessing");
        for (String which : new String[] {"single", "pair"}) {
            var items = template.putArray(which);
            items.addObject().putObject("SpecialToken").put("id", bos).put("type_id", 0);
            items.addObject().putObject("Sequence").put("id", "A").put("type_id", 0);
            if (which.equals("pair")) {
                items.addObject().putObject("Sequence").put("id", "B").put("type_id", 0);
            }
        }
        ObjectNode token = template.putObject("special_tokens").putObject(bos).put("id", bos);
        token.putArray("ids").add(vocabulary.id(vocabulary.bos()));
        token.putArray("tokens").add(bos);
        return template;
    }
}
