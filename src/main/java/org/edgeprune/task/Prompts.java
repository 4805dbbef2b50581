package org.edgeprune.task;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.edgeprune.io.InputException;

/** Prompts whose answer is the one token after them: lines of clean, corrupted, target and distractor. */
final class Prompts {
    /** The beginning of a sentence, to see how a word is tokenised inside one. */
    static final String START = "When";

    private static final int NAMED = 20;

    private Prompts() {}

    static ObjectNode line(String clean, String corrupted, String target, String distractor) {
        ObjectNode line = JsonNodeFactory.instance.objectNode();
        line.put("clean", clean);
        line.put("corrupted", corrupted);
        line.put("target", target);
        line.put("distractor", distractor);
        return line;
    }

    /** The example of such a line. */
    static Example example(Row row, PromptTokenizer tokenizer) {
        int[] clean = row.encode(row.text("clean"), tokenizer);
        int target = answer(row, "target", clean, tokenizer);
        int distractor = answer(row, "distractor", clean, tokenizer);
        Answer answer = new Answer.Tokens(new int[] {target}, new int[] {distractor});
        return nextToken(row, clean, row.encode(row.text("corrupted"), tokenizer), answer, tokenizer);
    }

    /** An example that is scored after the last token. */
    static Example nextToken(Row row, String clean, String corrupted, Answer answer, PromptTokenizer tokenizer) {
        return nextToken(row, row.encode(clean, tokenizer), row.encode(corrupted, tokenizer), answer, tokenizer);
    }

    private static Example nextToken(Row row, int[] clean, int[] corrupted, Answer answer, PromptTokenizer tokenizer) {
        if (clean.length != corrupted.length) {
            throw row.wrong("\"clean\" has " + clean.length + " tokens and \"corrupted\" " + corrupted.length
                    + " in this model's tokenizer (" + new Alignment(clean, corrupted).difference(tokenizer)
                    + "); generate the data for this model (edgeprune data ... --model)");
        }
        return new Example(clean, corrupted, clean.length - 1, clean.length, answer);
    }

    private static int answer(Row row, String key, int[] prompt, PromptTokenizer tokenizer) {
        String text = row.text(key);
        String clean = row.text("clean");
        return tokenizer
                .single(prompt, clean, text)
                .orElseThrow(() -> row.wrong("\"" + key + "\" \"" + text
                        + "\" is not one token after the prompt in this model's tokenizer; "
                        + remedy(clean, text, tokenizer)));
    }

    private static String remedy(String clean, String text, PromptTokenizer tokenizer) {
        String stripped = clean.stripTrailing();
        if (!stripped.equals(clean)) {
            return "\"clean\" ends with a space, which belongs to the answer: write it as \" " + text.strip()
                    + "\" and remove the space at the end of the prompts";
        }
        if (!text.startsWith(" ") && tokenizer.single(clean, " " + text).isPresent()) {
            return "with a space before it, it is one token: write \" " + text + "\"";
        }
        return "generate the data for this model (edgeprune data ... --model)";
    }

    /**
     * The words that are one token inside a sentence; without a tokenizer, all words. Adds a note of those that are
     * not.
     */
    static List<String> singleTokens(DataRequest request, String what, List<String> words, List<String> notes) {
        if (request.tokenizer().isEmpty()) {
            return words;
        }
        PromptTokenizer tokenizer = request.tokenizer().get();
        List<String> kept = words.stream()
                .filter(w -> tokenizer.single(START, " " + w).isPresent())
                .toList();
        if (kept.size() < words.size()) {
            List<String> dropped =
                    words.stream().filter(word -> !kept.contains(word)).toList();
            notes.add(dropped.size() + " of " + words.size() + " " + what
                    + " are not single tokens for this model and were left out: " + named(dropped));
        }
        return kept;
    }

    /** Some of what a note is about, by name. */
    static String named(List<String> all) {
        String some = all.stream().limit(NAMED).collect(Collectors.joining(", "));
        return all.size() <= NAMED ? some : some + " and " + (all.size() - NAMED) + " more";
    }

    /** Requires that a list is long enough. */
    static <T> List<T> atLeast(int least, String what, List<T> items) {
        if (items.size() < least) {
            throw new InputException("only " + items.size() + " " + what + " can be used with this model, " + least
                    + " are needed; give a list of your own that suits its tokenizer");
        }
        return items;
    }

    /** The number of tokens of a word inside a sentence; 1 without a tokenizer. */
    static int tokenCount(DataRequest request, String word) {
        return request.tokenizer()
                .map(t -> t.encode(START + " " + word).length - t.encode(START).length)
                .orElse(1);
    }

    /** The user's templates or, without them, the bundled ones of a task. */
    static List<Template> templates(DataRequest request, String task, List<String> slots) {
        return templates(WordList.of(request.templates(), task + "/templates.txt"), slots);
    }

    static List<Template> templates(WordList list, List<String> slots) {
        List<Template> templates = new ArrayList<>();
        list.entries().forEach(entry -> templates.add(Template.of(entry, slots)));
        return templates;
    }
}
