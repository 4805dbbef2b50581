package org.edgeprune.task;

import static org.edgeprune.task.Drawing.pick;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.stream.IntStream;
import org.edgeprune.io.InputException;

/**
 * Greater-than (Hanna et al., 2023): "The war took place between 1732 and 17" is completed with two digits that make a
 * later year. The corrupted prompt has the year 01 of the same century as its start. Scores and loss are computed over
 * the hundred two-digit tokens only.
 *
 * <p>Every start year (century and digits) belongs to a fixed split, so test years do not occur in training.
 */
public final class GreaterThanTask implements Task {
    static final int FIRST_CENTURY = 10;
    static final int LAST_CENTURY = 21;
    /**
     * Leaves at least one wrong answer before the start year and one right answer after it; 01 is reserved for the
     * corruption.
     */
    static final int FIRST_START = 2;

    static final int LAST_START = 98;
    private static final int CORRUPTED_START = 1;
    private static final List<String> SLOTS = List.of("NOUN", "YEAR", "CENTURY");
    private static final String BEFORE_YEAR = "In the year";

    /** The task {@code gt}. */
    public GreaterThanTask() {}

    @Override
    public String name() {
        return "gt";
    }

    @Override
    public String summary() {
        return "greater-than: the year that something ended comes after the year it began";
    }

    @Override
    public Example example(Row row, PromptTokenizer tokenizer) {
        Answer answer = new Answer.LaterThan(row.number("start", 0, 99));
        return Prompts.nextToken(row, row.text("clean"), row.text("corrupted"), answer, tokenizer);
    }

    @Override
    public Scorer scorer(PromptTokenizer tokenizer) {
        return new YearScorer(digits(tokenizer));
    }

    @Override
    public Generated generate(DataRequest request) {
        if (request.names().isPresent()) {
            throw new InputException("task gt uses no names; omit --names");
        }
        List<String> notes = new ArrayList<>();
        List<Template> templates = templates(request);
        List<String> nouns = Prompts.atLeast(1, "nouns", Prompts.singleTokens(request, "nouns", nouns(), notes));
        Map<Split, List<Integer>> years = years(request, notes);
        Records records = Drawing.draw(name(), request, split -> (random, index) -> {
            int year = pick(random, years.get(split));
            return line(pick(random, templates), pick(random, nouns), year);
        });
        return new Generated(records, notes);
    }

    /** The splits share templates and nouns; the words of a split are its start years. */
    @Override
    public Optional<List<Row>> heldOut(HeldOut kind, DataRequest request) {
        if (kind == HeldOut.NEW_TEMPLATES) {
            return Optional.empty();
        }
        List<String> notes = new ArrayList<>();
        List<Template> templates = templates(request);
        List<String> nouns = Prompts.atLeast(1, "nouns", Prompts.singleTokens(request, "nouns", nouns(), notes));
        List<Integer> years = years(request, notes).get(kind.words());
        return Optional.of(Drawing.drawOne(name(), request, (random, index) -> {
            int year = pick(random, years);
            return line(pick(random, templates), pick(random, nouns), year);
        }));
    }

    static List<Template> templates(DataRequest request) {
        List<Template> templates = Prompts.templates(request, "gt", SLOTS);
        templates.forEach(
                t -> t.having("NOUN", 1).having("YEAR", 1).having("CENTURY", 1).ending("CENTURY"));
        return templates;
    }

    static List<String> nouns() {
        return WordList.bundled("gt/nouns.txt").texts();
    }

    static ObjectNode line(Template template, String noun, int year) {
        ObjectNode line = JsonNodeFactory.instance.objectNode();
        line.put("clean", prompt(template, noun, year));
        line.put("corrupted", prompt(template, noun, year / 100 * 100 + CORRUPTED_START));
        line.put("start", year % 100);
        return line;
    }

    static String prompt(Template template, String noun, int year) {
        return template.fill(
                Map.of("NOUN", noun, "YEAR", Integer.toString(year), "CENTURY", Integer.toString(year / 100)));
    }

    /** Every start year by split, always the same assignment. */
    static Map<Split, List<Integer>> allYears() {
        List<Integer> years = new ArrayList<>();
        for (int century = FIRST_CENTURY; century <= LAST_CENTURY; century++) {
            for (int digits = FIRST_START; digits <= LAST_START; digits++) {
                years.add(100 * century + digits);
            }
        }
        Collections.shuffle(years, new Random(1));
        return Split.deal(years);
    }

    private static Map<Split, List<Integer>> years(DataRequest request, List<String> notes) {
        Map<Split, List<Integer>> all = allYears();
        if (request.tokenizer().isEmpty()) {
            return all;
        }
        PromptTokenizer tokenizer = request.tokenizer().get();
        int[] digits = digits(tokenizer);
        Map<Split, List<Integer>> kept = new EnumMap<>(Split.class);
        List<Integer> dropped = new ArrayList<>();
        for (Split split : Split.values()) {
            List<Integer> part = all.get(split).stream()
                    .filter(y ->
                            splits(tokenizer, digits, y) && splits(tokenizer, digits, y / 100 * 100 + CORRUPTED_START))
                    .toList();
            all.get(split).stream().filter(year -> !part.contains(year)).forEach(dropped::add);
            kept.put(split, Prompts.atLeast(1, split.key() + " years", part));
        }
        if (!dropped.isEmpty()) {
            notes.add(dropped.size()
                    + " years are not tokenised as century and two digits by this model's tokenizer and were left out: "
                    + Prompts.named(
                            dropped.stream().sorted().map(String::valueOf).toList()));
        }
        return kept;
    }

    private static boolean splits(PromptTokenizer tokenizer, int[] digits, int year) {
        String two = twoDigits(year % 100);
        OptionalInt token = tokenizer.single(BEFORE_YEAR + " " + year / 100, two);
        return token.isPresent() && token.getAsInt() == digits[year % 100];
    }

    /** The tokens of 00 to 99, without a space before them. */
    static int[] digits(PromptTokenizer tokenizer) {
        int[] tokens = new int[100];
        for (int y = 0; y < 100; y++) {
            String two = twoDigits(y);
            tokens[y] = tokenizer
                    .single("", two)
                    .orElseThrow(() -> new InputException(tokenizer.source() + ": \"" + two
                            + "\" is not one token, so task gt, which compares the probabilities of two-digit tokens as"
                            + " GPT-2 has them, cannot be run on this model: use task ioi or gp, or your own number"
                            + " prompts with --task custom, whose answers may have several tokens"));
        }
        return tokens;
    }

    static String twoDigits(int y) {
        return (y < 10 ? "0" : "") + y;
    }

    /** {@code probability_difference}, {@code probability_difference_10}, {@code kendall_tau} and {@code kl}. */
    private record YearScorer(int[] vocabulary) implements Scorer {
        @Override
        public String headline() {
            return "probability_difference";
        }

        @Override
        public Map<String, Double> score(Example example, float[][] logits, float[][] full) {
            int start = ((Answer.LaterThan) example.answer()).start();
            double[] p = Metrics.softmax(logits[0]);
            Map<String, Double> scores = new LinkedHashMap<>();
            scores.put("probability_difference", Metrics.probabilityDifference(p, start));
            scores.put("probability_difference_10", Metrics.probabilityDifference(p, start, 10));
            scores.put("kendall_tau", Metrics.kendallTau(logits[0], full[0]));
            scores.put("kl", Metrics.kl(full, logits));
            return scores;
        }

        /** Later years are right and earlier ones wrong; the start year itself is neither. */
        @Override
        public Optional<Contrast> contrast(Example example) {
            int start = ((Answer.LaterThan) example.answer()).start();
            int[] later = IntStream.range(start + 1, vocabulary.length).toArray();
            int[] earlier = IntStream.range(0, start).toArray();
            return later.length == 0
                    ? Optional.empty()
                    : Optional.of(new Contrast(new int[][] {later}, new int[][] {earlier}));
        }
    }
}
