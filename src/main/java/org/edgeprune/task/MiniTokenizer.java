package org.edgeprune.task;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.edgeprune.io.Json;
import org.edgeprune.task.tokenizer.Gpt2Tokenizer;

/**
 * The tokenizer of the bundled mini model: whole words with their leading space, spelled as in GPT-2's vocabulary
 * ({@code ĠMary}), pairs of digits, and punctuation. Its vocabulary has the words of the bundled lists of ioi, gt and
 * gp; texts with any other word are refused.
 */
public final class MiniTokenizer {
    /** The token between texts; its id is 0. */
    public static final String END_OF_TEXT = "<|endoftext|>";

    private static final String PIECE = " ?[A-Za-z]+(?:'[a-z]+)?| ?[0-9]{2}| ?[^\\sA-Za-z0-9]";
    private static final Pattern PIECES = Pattern.compile(PIECE);

    private MiniTokenizer() {}

    /**
     * The tokenizer's definition.
     *
     * @return the text of its {@code tokenizer.json}, a function of the bundled lists
     */
    public static String json() {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        root.put("version", "1.0");
        root.putNull("truncation");
        root.putNull("padding");
        root.putArray("added_tokens").add(Gpt2Tokenizer.specialToken(0, END_OF_TEXT));
        root.putNull("normalizer");
        ObjectNode preTokenizer = root.putObject("pre_tokenizer");
        preTokenizer.put("type", "Sequence");
        ArrayNode steps = preTokenizer.putArray("pretokenizers");
        ObjectNode split = steps.addObject();
        split.put("type", "Split");
        split.putObject("pattern").put("Regex", PIECE);
        split.put("behavior", "Isolated");
        split.put("invert", false);
        steps.add(Gpt2Tokenizer.byteLevel(false));
        root.putNull("post_processor");
        root.set("decoder", Gpt2Tokenizer.byteLevel(false));
        ObjectNode model = root.putObject("model");
        model.put("type", "WordLevel");
        ObjectNode vocab = model.putObject("vocab");
        for (String token : vocabulary()) {
            vocab.put(token.replace(' ', 'Ġ'), vocab.size());
        }
        // Deliberately not in the vocabulary: the library then reports an unknown word instead of skipping it.
        model.put("unk_token", "<unk>");
        return Json.pretty(root);
    }

    /** The tokens in the order of their ids, with spaces unchanged. */
    static List<String> vocabulary() {
        Set<String> tokens = new LinkedHashSet<>();
        tokens.add(END_OF_TEXT);
        for (int y = 0; y < 100; y++) {
            tokens.add(GreaterThanTask.twoDigits(y));
        }
        for (int century = GreaterThanTask.FIRST_CENTURY; century <= GreaterThanTask.LAST_CENTURY; century++) {
            tokens.add(" " + century);
        }
        Set<String> words = new TreeSet<>();
        for (String list : List.of("ioi/templates.txt", "gt/templates.txt", "gp/templates.txt", "mini/copy.txt")) {
            // Any word can fill the slots: all words that may occur there are added below.
            WordList.bundled(list).texts().forEach(t -> words.addAll(pieces(t.replaceAll(" \\{[A-Z]+}", " Mary"))));
        }
        for (String list : List.of("ioi/places.txt", "ioi/objects.txt", "gt/nouns.txt")) {
            WordList.bundled(list).texts().forEach(word -> words.add(" " + word));
        }
        for (Names.Name name : Names.load(Optional.empty())) {
            words.add(" " + name.text());
            words.add(name.gender().pronoun());
        }
        tokens.addAll(words);
        if (!tokens.stream()
                .allMatch(t -> StandardCharsets.US_ASCII.newEncoder().canEncode(t))) {
            throw new IllegalStateException("the bundled lists must be ASCII");
        }
        return List.copyOf(tokens);
    }

    private static List<String> pieces(String text) {
        List<String> pieces = new ArrayList<>();
        Matcher matcher = PIECES.matcher(text);
        while (matcher.find()) {
            pieces.add(matcher.group());
        }
        return pieces;
    }
}
