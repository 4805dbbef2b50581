package org.edgeprune.task.tokenizer;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.edgeprune.io.Json;

/**
 * The process in which a definition is tried: reads it from standard input, encodes texts with it, decodes the results
 * and the first tokens of the vocabulary, and exits with {@value #SURVIVED}. Where the library refuses a text, it
 * throws an exception, which is harmless; a panic ends the process with a signal.
 */
final class TrialProcess {
    /** The exit code, which neither Java nor a signal produces. */
    static final int SURVIVED = 42;

    private static final int MAX_PIECES = 300;
    private static final int LONG = 2000;

    private TrialProcess() {}

    public static void main(String[] args) throws IOException {
        byte[] definition = System.in.readAllBytes();
        try (HuggingFaceTokenizer tokenizer = TokenizersLibrary.load(definition)) {
            List<long[]> encoded = new ArrayList<>();
            encoded.add(new long[0]);
            for (String text : texts(definition)) {
                try {
                    encoded.add(tokenizer.encode(text, false, false).getIds());
                } catch (RuntimeException refused) {
                    // a text without tokens
                }
            }
            for (long id = 0; id < MAX_PIECES; id++) {
                encoded.add(new long[] {id});
            }
            for (long[] ids : encoded) {
                try {
                    tokenizer.decode(ids, false);
                } catch (RuntimeException refused) {
                    // ids that cannot be decoded
                }
            }
        } catch (RuntimeException | IOException refused) {
            // the caller gets the same error
        }
        // not a return: threads of the library may still run
        Runtime.getRuntime().halt(SURVIVED);
    }

    /** Texts of all kinds of characters, then pieces of the definition itself: alone, repeated, and in a sentence. */
    private static Set<String> texts(byte[] definition) throws IOException {
        Set<String> texts = new LinkedHashSet<>(List.of(
                "",
                " ",
                "a",
                "When Mary and John went to the store, John gave a drink to",
                "  two  spaces\tand\ttabs \r\n\r\n and lines\n\n\n",
                "The year 1999 to 20; $1,234.56 (10%) x_1 = [a/b] {c} <d> \"e\" 'f' it's we'll #tag @x ...!?",
                "Ünïcödé é e\u0301\u0323 ﬁ ½ Ⅷ ß İ ı ǅ Ω \u212b",
                "\u200b\u200d\ufeff\u00a0\u2028\u202e\ufffd\u0000\u0001\u007f\u0085",
                "日本語のテキスト 中文字符 한국어 텍스트 ไทย עברית العربية हिन्दी",
                "👩‍👩‍👧‍👦 🇩🇪 😀x 𝔘𝔫𝔦 \uD800",
                "▁a ▁▁ Ġa ĠĠ ##a <s>a</s> <unk> <|endoftext|> [CLS] [UNK] <0x41>",
                "a".repeat(LONG),
                " ".repeat(LONG),
                "ab ".repeat(LONG),
                "é\u0301".repeat(LONG),
                "0123456789".repeat(LONG / 10),
                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!"));
        StringBuilder characters = new StringBuilder();
        for (int c = 1; c < 0x3000; c++) {
            if (Character.isDefined(c)) {
                characters.appendCodePoint(c);
                texts.add(Character.toString(c));
            }
        }
        texts.add(characters.toString());
        Set<String> pieces = new LinkedHashSet<>();
        collect(Json.parse("trial", new String(definition, StandardCharsets.UTF_8), ""), pieces);
        for (String piece : pieces) {
            texts.addAll(List.of(
                    piece,
                    piece + piece,
                    " " + piece,
                    piece + " ",
                    "a" + piece + "b",
                    piece + "a " + piece + " b" + piece));
        }
        return texts;
    }

    private static void collect(JsonNode node, Set<String> pieces) {
        if (node.isTextual() && node.asText().length() < 100) {
            pieces.add(node.asText());
        }
        node.properties().forEach(entry -> {
            if (entry.getKey().length() < 100) {
                pieces.add(entry.getKey());
            }
        });
        for (JsonNode child : node) {
            if (pieces.size() >= MAX_PIECES) {
                return;
            }
            collect(child, pieces);
        }
    }
}
