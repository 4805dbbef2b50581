package org.edgeprune.task;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.edgeprune.io.InputException;

/**
 * Boolean expressions: "(True and False) or (not False)" evaluates to True. Expressions have up to six literals, a
 * depth of at most three operators and at most two consecutive nots. No expression occurs twice, and half of them are
 * true. The corrupted expression has the same shape, hence the same number of tokens, and the other value. The mode is
 * the form of the prompt around the expression.
 */
public final class BooleanTask implements Task {
    static final int MOST_LITERALS = 6;
    static final int MOST_DEEP = 3;
    static final int MOST_NOTS = 2;

    /** The forms of the prompt: the text before the expression, after it, and before the answer. */
    private enum Mode {
        /** Llama's instruction format; the answer follows the opening quote. */
        INSTRUCTION(
                "[INST] <<SYS>>\nEvaluate the Boolean expression. Answer with either 'True' or 'False'.\n<</SYS>>\n\n",
                " [/INST] '",
                ""),
        /** Three solved expressions come first. */
        FEWSHOT("""
                (not True) or (False and True) is False
                (False or True) and (not False) is True
                (not (True and False)) and True is True
                """, " is", " "),
        /** The bare expression. */
        ZEROSHOT("", " is", " ");

        private final String before;
        private final String after;
        private final String space;

        Mode(String before, String after, String space) {
            this.before = before;
            this.after = after;
            this.space = space;
        }

        String prompt(String expression) {
            return before + expression + after;
        }

        String key() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    private final Mode mode;

    /** The task in instruction mode. */
    public BooleanTask() {
        this(Mode.INSTRUCTION);
    }

    private BooleanTask(Mode mode) {
        this.mode = mode;
    }

    @Override
    public String name() {
        return "boolean";
    }

    @Override
    public String fullName() {
        return name() + ":" + mode.key();
    }

    @Override
    public String summary() {
        return "Boolean expressions: True or False; modes " + modes();
    }

    @Override
    public BooleanTask mode(String name) {
        return Stream.of(Mode.values())
                .filter(m -> m.key().equals(name))
                .findFirst()
                .map(BooleanTask::new)
                .orElseThrow(() ->
                        new InputException("task boolean has no mode \"" + name + "\"; choose one of " + modes()));
    }

    @Override
    public Example example(Row row, PromptTokenizer tokenizer) {
        Answer answer = new Answer.Truth(row.truth("value"));
        String clean = mode.prompt(row.text("clean"));
        return Prompts.nextToken(row, clean, mode.prompt(row.text("corrupted")), answer, tokenizer);
    }

    @Override
    public Scorer scorer(PromptTokenizer tokenizer) {
        return new TruthScorer(tokenizer, word(true, tokenizer), word(false, tokenizer));
    }

    private int word(boolean value, PromptTokenizer tokenizer) {
        String word = mode.space + new BooleanExpression.Literal(value);
        return tokenizer
                .single(mode.prompt("True"), word)
                .orElseThrow(() -> new InputException(tokenizer.source() + ": \"" + word
                        + "\" is not one token after the prompt of mode " + mode.key() + "; try another --mode"));
    }

    /** 2500 training, 500 validation and 2000 test examples: 50%, 10% and 40%. */
    @Override
    public DataRequest defaults(long seed) {
        return DataRequest.seeded(seed).sizes(2500, 500, 2000);
    }

    @Override
    public Generated generate(DataRequest request) {
        if (request.names().isPresent() || request.templates().isPresent()) {
            throw new InputException("task boolean uses neither names nor templates; omit --names and --templates");
        }
        Records records = Drawing.draw(name(), request, split -> (random, index) -> {
            int literals = 1 + random.nextInt(MOST_LITERALS);
            BooleanExpression clean = BooleanExpression.random(random, literals, MOST_DEEP, MOST_NOTS);
            // Alternating, so that half of every split is true.
            if (clean.value() != (index % 2 == 0)) {
                return null;
            }
            BooleanExpression partner = partner(clean, random, request);
            return partner == null ? null : line(clean, partner);
        });
        return new Generated(records, List.of());
    }

    /**
     * An expression of the same shape with the other value and, in every mode, the same number of tokens; null if none
     * is found.
     */
    private static BooleanExpression partner(BooleanExpression clean, Random random, DataRequest request) {
        for (int tries = 0; tries < 100; tries++) {
            BooleanExpression other = clean.redraw(random);
            if (other.value() != clean.value()
                    && request.tokenizer().map(t -> sameLength(t, clean, other)).orElse(true)) {
                return other;
            }
        }
        return null;
    }

    private static boolean sameLength(PromptTokenizer tokenizer, BooleanExpression a, BooleanExpression b) {
        return Stream.of(Mode.values())
                .allMatch(m -> tokenizer.encode(m.prompt(a.toString())).length
                        == tokenizer.encode(m.prompt(b.toString())).length);
    }

    private static ObjectNode line(BooleanExpression clean, BooleanExpression corrupted) {
        ObjectNode line = JsonNodeFactory.instance.objectNode();
        line.put("clean", clean.toString());
        line.put("corrupted", corrupted.toString());
        line.put("value", clean.value());
        return line;
    }

    private static String modes() {
        return Stream.of(Mode.values()).map(Mode::key).collect(Collectors.joining(", "));
    }

    /**
     * {@code accuracy} (1 if the predicted token is the value, with or without a space), {@code kl} and
     * {@code exact_match} (1 if it is the full model's prediction).
     */
    private record TruthScorer(PromptTokenizer tokenizer, int trueToken, int falseToken) implements Scorer {
        @Override
        public Optional<Contrast> contrast(Example example) {
            boolean value = ((Answer.Truth) example.answer()).value();
            int[][] right = {{value ? trueToken : falseToken}};
            int[][] wrong = {{value ? falseToken : trueToken}};
            return Optional.of(new Contrast(right, wrong));
        }

        @Override
        public Map<String, Double> score(Example example, float[][] logits, float[][] full) {
            boolean value = ((Answer.Truth) example.answer()).value();
            String choice = tokenizer.decode(Metrics.argmax(logits[0])).strip();
            String fullChoice = tokenizer.decode(Metrics.argmax(full[0])).strip();
            Map<String, Double> scores = new LinkedHashMap<>();
            scores.put("accuracy", choice.equals(new BooleanExpression.Literal(value).toString()) ? 1.0 : 0.0);
            scores.put("kl", Metrics.kl(full, logits));
            scores.put("exact_match", choice.equals(fullChoice) ? 1.0 : 0.0);
            return scores;
        }
    }
}
