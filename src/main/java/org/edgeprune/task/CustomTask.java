package org.edgeprune.task;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.edgeprune.task.Wording.Tagged;
import org.edgeprune.task.Wording.Texts;
import org.edgeprune.task.tokenizer.ChatTemplate;

/**
 * The user's own prompts as JSON objects: {@code {"clean": "1 + 2 = <predict>3</predict>", "corrupted": "1 + 4 = 5"}}.
 * The model should predict the tokens between the tags, one or several; each is predicted from the right tokens before
 * it (teacher forcing). The corrupted text may have tags around its own answer. Both texts must have the same number of
 * tokens before the prediction, and up to its end. Spaces before a tag belong to the token after it.
 *
 * <p>Lines may name a {@code "distractor"}, a wrong answer of as many tokens, against which the logit difference is
 * taken.
 *
 * <p>In a chat ({@link #chat}), the text before the answer is the user's message, and the answer begins the
 * assistant's.
 *
 * <p>{@code custom:NAME} scores the same prompts by the {@link ScorerProvider} of that name.
 */
public final class CustomTask implements Task {
    private final Optional<ScorerProvider> scorer;
    private final boolean chat;
    private final Wording wording;

    /** The task that is scored by {@link TokenScorer}. */
    public CustomTask() {
        this(Optional.empty(), false, Wording.PLAIN);
    }

    private CustomTask(Optional<ScorerProvider> scorer, boolean chat, Wording wording) {
        this.scorer = scorer;
        this.chat = chat;
        this.wording = wording;
    }

    static final String OPEN = "<predict>";
    static final String CLOSE = "</predict>";
    private static final String DISTRACTOR = "distractor";

    @Override
    public String name() {
        return "custom";
    }

    @Override
    public String fullName() {
        return (chat ? Tasks.CHAT : "")
                + name()
                + scorer.map(named -> ":" + named.name()).orElse("");
    }

    /** The same prompts, scored by a scorer on the class path: {@code custom:NAME}. */
    @Override
    public Task mode(String mode) {
        return new CustomTask(Optional.of(Scorers.named(mode)), chat, wording);
    }

    /** The same lines as chats: the text before the answer is the user's, the answer begins the assistant's. */
    @Override
    public CustomTask chat() {
        return new CustomTask(scorer, true, wording);
    }

    /** The task for a model, whose chat template is read if its lines are chats. */
    @Override
    public CustomTask forModel(Path modelDirectory) {
        return chat ? new CustomTask(scorer, true, new Wording.Chat(ChatTemplate.of(modelDirectory))) : this;
    }

    @Override
    public String summary() {
        return "your own JSONL of clean and corrupted prompts, with <predict>...</predict> around the answer";
    }

    @Override
    public Example example(Row row, PromptTokenizer tokenizer) {
        if (chat && wording.equals(Wording.PLAIN)) {
            throw new IllegalStateException(fullName() + " needs the chat template of a model: call forModel first");
        }
        Tagged line = tagged(row, "clean");
        Texts clean = wording.texts(line);
        int[] whole = wording.encode(row, clean.whole(), tokenizer);
        int first = boundary(row, "clean", whole, clean.prompt(), OPEN, tokenizer);
        int end = boundary(row, "clean", whole, clean.answered(), CLOSE, tokenizer);
        if (first == 0) {
            throw row.wrong("\"clean\" begins with " + OPEN + "; the model needs text before it to predict from");
        }
        int[] partner = partner(row, line, whole, first, end, tokenizer);
        int[] distractors = row.json().has(DISTRACTOR)
                ? distractor(row, line.before(), Arrays.copyOf(whole, first), end, tokenizer)
                : new int[0];
        Answer answer = new Answer.Tokens(Arrays.copyOfRange(whole, first, end), distractors);
        return new Example(Arrays.copyOf(whole, end - 1), Arrays.copyOf(partner, end - 1), first - 1, end - 1, answer);
    }

    /**
     * The tokens of the corrupted text, at least {@code end - 1}, of which the first are aligned with the clean ones.
     */
    private int[] partner(Row row, Tagged clean, int[] whole, int first, int end, PromptTokenizer tokenizer) {
        String text = row.text("corrupted");
        if (text.contains(OPEN) || text.contains(CLOSE)) {
            return taggedPartner(row, whole, first, end, tokenizer);
        }
        int[] partner = wording.encode(row, wording.untagged(text, clean), tokenizer);
        Alignment alignment = new Alignment(whole, partner);
        // The last predicted token is not an input, so a corrupted text may also end before it.
        if (partner.length != whole.length && partner.length != end - 1) {
            throw row.wrong("\"clean\" has " + whole.length + " tokens and \"corrupted\" " + partner.length
                    + " in this model's tokenizer (" + alignment.difference(tokenizer)
                    + "); change the corrupted text so that it has the same number"
                    + (chat ? ", and put tags around its answer, if it has one of its own" : ""));
        }
        int without = partner.length - (end - 1);
        if (without > 0 && new Alignment(Arrays.copyOf(whole, first), partner).isShifted(without)) {
            throw row.wrong(
                    "\"corrupted\" has as many tokens as \"clean\" with its answer, but seems to have none and to be "
                            + without + " too long (" + alignment.difference(tokenizer)
                            + "); change it so that equal words are at equal positions, or put tags around its answer");
        }
        return partner;
    }

    /** The same for a corrupted text with tags, which say where its answer is. */
    private int[] taggedPartner(Row row, int[] whole, int first, int end, PromptTokenizer tokenizer) {
        Texts corrupted = wording.texts(tagged(row, "corrupted"));
        int[] partner = wording.encode(row, corrupted.whole(), tokenizer);
        int begins = boundary(row, "corrupted", partner, corrupted.prompt(), OPEN, tokenizer);
        int ends = boundary(row, "corrupted", partner, corrupted.answered(), CLOSE, tokenizer);
        if (begins != first || ends != end) {
            throw row.wrong("the answer of \"clean\" is tokens " + (first + 1) + " to " + end
                    + " and that of \"corrupted\" tokens " + (begins + 1) + " to " + ends
                    + " in this model's tokenizer (" + new Alignment(whole, partner).difference(tokenizer)
                    + "); change the corrupted text so that both have the same numbers of tokens");
        }
        return partner;
    }

    /** The tokens of the wrong answer, which stands where the answer does and has as many. */
    private int[] distractor(Row row, String before, int[] prompt, int end, PromptTokenizer tokenizer) {
        String text = row.text(DISTRACTOR);
        int[] whole =
                wording.encode(row, wording.texts(new Tagged(before, text, "")).answered(), tokenizer);
        if (whole.length != end || !PromptTokenizer.startsWith(whole, prompt)) {
            throw row.wrong("\"distractor\" \"" + text + "\" must have as many tokens after the prompt as the answer, "
                    + (end - prompt.length) + " in this model's tokenizer; choose another word, or write the spaces"
                    + " as in the answer");
        }
        return Arrays.copyOfRange(whole, prompt.length, end);
    }

    /** Tokenises a data set whose lines have a distractor all, or none of them. */
    @Override
    public Dataset tokenise(Records records, PromptTokenizer tokenizer) {
        List<Row> rows = Stream.of(Split.values())
                .flatMap(split -> records.part(split).stream())
                .toList();
        Optional<Row> without =
                rows.stream().filter(row -> !row.json().has(DISTRACTOR)).findFirst();
        if (without.isPresent() && rows.stream().anyMatch(row -> row.json().has(DISTRACTOR))) {
            throw without.get()
                    .wrong("has no \"distractor\", while other lines have one; give it in every line, or in none");
        }
        return Task.super.tokenise(records, tokenizer);
    }

    @Override
    public Scorer scorer(PromptTokenizer tokenizer) {
        return scorer.map(named -> named.scorer(tokenizer)).orElseGet(TokenScorer::new);
    }

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
    private int boundary(Row row, String key, int[] whole, String beginning, String tag, PromptTokenizer tokenizer) {
        int[] tokens = wording.encode(row, beginning, tokenizer);
        if (!PromptTokenizer.startsWith(whole, tokens)) {
            throw row.wrong(tag + " in \"" + key
                    + "\" is inside a token of this model's tokenizer; move it to a word boundary");
        }
        return tokens.length;
    }
}
