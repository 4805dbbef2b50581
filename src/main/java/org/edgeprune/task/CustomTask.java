package org.edgeprune.task;

import java.util.Arrays;
import java.util.Optional;

/**
 * The user's own prompts as JSON objects: {@code {"clean": "1 + 2 = <predict>3</predict>", "corrupted": "1 + 4 = 5"}}.
 * The model should predict the tokens between the tags, one or several; each is predicted from the right tokens before
 * it (teacher forcing). Tags in the corrupted text are removed and the text between them kept. Both texts must have the
 * same number of tokens up to the end of the prediction. Spaces before a tag belong to the token after it.
 *
 * <p>{@code custom:NAME} scores the same prompts by the {@link ScorerProvider} of that name.
 */
public final class CustomTask implements Task {
    private final Optional<ScorerProvider> scorer;

    /** The task that is scored by {@link TokenScorer}. */
    public CustomTask() {
        this(Optional.empty());
    }

    private CustomTask(Optional<ScorerProvider> scorer) {
        this.scorer = scorer;
    }

    static final String OPEN = "<predict>";
    private static final String CLOSE = "</predict>";

    @Override
    public String name() {
        return "custom";
    }

    @Override
    public String fullName() {
        return name() + scorer.map(named -> ":" + named.name()).orElse("");
    }

    /** The same prompts, scored by a scorer on the class path: {@code custom:NAME}. */
    @Override
    public Task mode(String mode) {
        return new CustomTask(Optional.of(Scorers.named(mode)));
    }

    @Override
    public String summary() {
        return "your own JSONL of clean and corrupted prompts, with <predict>...</predict> around the answer";
    }

    @Override
    public Example example(Row row, PromptTokenizer tokenizer) {
        Tagged clean = tagged(row, "clean");
        String corrupted = row.text("corrupted");
        if (corrupted.contains(OPEN) || corrupted.contains(CLOSE)) {
            Tagged tags = tagged(row, "corrupted");
            corrupted = tags.before() + tags.prediction() + tags.after();
        }
        String upToEnd = (clean.before() + clean.prediction()).stripTrailing();
        int[] whole = row.encode((upToEnd + clean.after()).stripTrailing(), tokenizer);
        int first = boundary(row, whole, clean.before().stripTrailing(), OPEN, tokenizer);
        int end = boundary(row, whole, upToEnd, CLOSE, tokenizer);
        if (first == 0) {
            throw row.wrong("\"clean\" begins with " + OPEN + "; the model needs text before it to predict from");
        }
        int[] partner = row.encode(corrupted.stripTrailing(), tokenizer);
        // The last predicted token is not an input, so a corrupted text may also end before it.
        if (partner.length != whole.length && partner.length != end - 1) {
            throw row.wrong("\"clean\" has " + whole.length + " tokens and \"corrupted\" " + partner.length
                    + " in this model's tokenizer; change the corrupted text so that it has the same number");
        }
        Answer answer = new Answer.Tokens(Arrays.copyOfRange(whole, first, end), new int[0]);
        return new Example(Arrays.copyOf(whole, end - 1), Arrays.copyOf(partner, end - 1), first - 1, end - 1, answer);
    }

    @Override
    public Scorer scorer(PromptTokenizer tokenizer) {
        return scorer.map(named -> named.scorer(tokenizer)).orElseGet(TokenScorer::new);
    }

    private record Tagged(String before, String prediction, String after) {}

    private static Tagged tagged(Row row, String key) {
        String text = row.text(key);
        int open = text.indexOf(OPEN);
        int close = text.indexOf(CLOSE);
        boolean once = open >= 0 && close >= 0 && open == text.lastIndexOf(OPEN) && close == text.lastIndexOf(CLOSE);
        if (!once || close < open) {
            throw row.wrong("\"" + key + "\" needs one " + OPEN + " followed by one " + CLOSE + ": " + text);
        }
        String prediction = text.substring(open + OPEN.length(), close);
        if (prediction.isBlank()) {
            throw row.wrong("\"" + key + "\" has nothing between " + OPEN + " and " + CLOSE + ": " + text);
        }
        return new Tagged(text.substring(0, open), prediction, text.substring(close + CLOSE.length()));
    }

    /** The number of tokens of the beginning of a text, which must end where a token of the whole text ends. */
    private static int boundary(Row row, int[] whole, String beginning, String tag, PromptTokenizer tokenizer) {
        int[] tokens = beginning.isEmpty() ? tokenizer.encode("") : row.encode(beginning, tokenizer);
        if (!PromptTokenizer.startsWith(whole, tokens)) {
            throw row.wrong(
                    tag + " in \"clean\" is inside a token of this model's tokenizer; move it to a word boundary");
        }
        return tokens.length;
    }
}
