package org.edgeprune.task;

import static org.edgeprune.task.Drawing.pick;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

/**
 * Indirect object identification (Wang et al., 2022): "When Mary and John arrived at the store, John passed a ring to"
 * is completed with " Mary". The corrupted prompt has three different other names in place of the first two mentions
 * and of the subject's second mention (the ABC corruption). Scored by accuracy and by the logit difference between the
 * indirect object and the subject.
 *
 * <p>Test prompts use templates and names that no training or validation prompt uses; validation prompts use templates
 * of their own.
 */
public class IoiTask implements Task {
    private static final List<String> SLOTS = List.of("A", "B", "PLACE", "OBJECT");
    /** Two names for the prompt and three for the corruption. */
    private static final int NAMES_NEEDED = 5;

    /** The task {@code ioi}. */
    public IoiTask() {}

    @Override
    public String name() {
        return "ioi";
    }

    @Override
    public String summary() {
        return "indirect object identification: which of two names comes next";
    }

    @Override
    public Example example(Row row, PromptTokenizer tokenizer) {
        return Prompts.example(row, tokenizer);
    }

    @Override
    public Scorer scorer(PromptTokenizer tokenizer) {
        return new TokenScorer();
    }

    @Override
    public Generated generate(DataRequest request) {
        List<String> notes = new ArrayList<>();
        Map<Split, List<Template>> templates = templates(request);
        Map<Split, List<String>> names = names(request, notes);
        List<String> places = words(request, "places", notes);
        List<String> objects = words(request, "objects", notes);
        Records records = Drawing.draw(
                name(),
                request,
                split -> (random, index) -> prompt(
                                pick(random, templates.get(split)), names.get(split), places, objects, random)
                        .line());
        return new Generated(records, notes);
    }

    @Override
    public Optional<List<Row>> heldOut(HeldOut kind, DataRequest request) {
        List<String> notes = new ArrayList<>();
        Map<Split, List<Template>> templates = templates(request);
        Map<Split, List<String>> names = names(request, notes);
        boolean alike =
                (kind == HeldOut.NEW_TEMPLATES && templates.get(Split.TEST).equals(templates.get(Split.TRAIN)))
                        || (kind == HeldOut.NEW_WORDS && names.get(Split.TEST).equals(names.get(Split.TRAIN)));
        if (alike) {
            return Optional.empty();
        }
        List<String> places = words(request, "places", notes);
        List<String> objects = words(request, "objects", notes);
        return Optional.of(Drawing.drawOne(name(), request, (random, index) -> prompt(
                        pick(random, templates.get(kind.templates())), names.get(kind.words()), places, objects, random)
                .line()));
    }

    /** A prompt with its corruption; {@code target} is the indirect object, {@code distractor} the subject. */
    record Prompt(String clean, String corrupted, String target, String distractor) {
        ObjectNode line() {
            return Prompts.line(clean, corrupted, target, distractor);
        }
    }

    static Prompt prompt(
            Template template, List<String> names, List<String> places, List<String> objects, Random random) {
        List<String> five = pick(random, names, NAMES_NEEDED);
        String place = pick(random, places);
        String object = pick(random, objects);
        String answer = " " + five.get(0);
        String clean = fill(template, five.get(0), five.get(1), five.get(1), place, object);
        String corrupted = fill(template, five.get(2), five.get(3), five.get(4), place, object);
        return new Prompt(clean, corrupted, answer, " " + five.get(1));
    }

    /**
     * The template without its answer: {@code a} and {@code b} at the first mentions, {@code again} at the later
     * mentions of B.
     */
    private static String fill(Template template, String a, String b, String again, String place, String object) {
        String whole = template.fill((slot, occurrence) -> switch (slot) {
            case "A" -> a;
            case "B" -> occurrence == 0 ? b : again;
            case "PLACE" -> place;
            default -> object;
        });
        return whole.substring(0, whole.length() - a.length() - 1);
    }

    /** Templates by split. The ABBA and the BABA form of a template belong to the same split. */
    Map<Split, List<Template>> templates(DataRequest request) {
        Map<String, List<Template>> families = new LinkedHashMap<>();
        for (Template template : Prompts.templates(request, "ioi", SLOTS)) {
            template.ending("A");
            if (template.count("A") < 2 || template.count("B") < 2) {
                throw template.entry().wrong("needs {A} and {B}, then {B} again, and the answer {A} at the end");
            }
            families.computeIfAbsent(family(template), key -> new ArrayList<>()).add(template);
        }
        return dealFamilies(List.copyOf(families.values()));
    }

    Map<Split, List<Template>> dealFamilies(List<List<Template>> families) {
        Map<Split, List<Template>> dealt = new EnumMap<>(Split.class);
        Split.deal(families)
                .forEach((split, part) ->
                        dealt.put(split, part.stream().flatMap(List::stream).toList()));
        return dealt;
    }

    private static String family(Template template) {
        return template.fill((slot, occurrence) ->
                (slot.equals("A") || slot.equals("B")) && occurrence == 0 ? "{FIRST}" : "{" + slot + "}");
    }

    /** Names by split: the last fifth of the list is for testing, if both parts are then large enough. */
    static Map<Split, List<String>> names(DataRequest request, List<String> notes) {
        List<String> all =
                Names.load(request.names()).stream().map(Names.Name::text).toList();
        Map<Split, List<String>> dealt = Split.deal(all);
        List<String> test = dealt.get(Split.TEST);
        List<String> seen = all.subList(0, Math.max(0, all.size() - test.size()));
        if (test.size() < NAMES_NEEDED || seen.size() < NAMES_NEEDED) {
            notes.add(all.size() + " names are too few to reserve some for testing; every split uses all of them");
            test = all;
            seen = all;
        }
        seen = usable(request, "names", seen, notes);
        test = usable(request, "names for testing", test, notes);
        return Map.of(Split.TRAIN, seen, Split.VALIDATION, seen, Split.TEST, test);
    }

    private static List<String> usable(DataRequest request, String what, List<String> names, List<String> notes) {
        return Prompts.atLeast(NAMES_NEEDED, what, Prompts.singleTokens(request, what, names, notes));
    }

    private static List<String> words(DataRequest request, String what, List<String> notes) {
        List<String> words = WordList.bundled("ioi/" + what + ".txt").texts();
        return Prompts.atLeast(1, what, Prompts.singleTokens(request, what, words, notes));
    }

    /** The task with only the first template, in every split; the splits differ in their names. */
    public static final class SingleTemplate extends IoiTask {
        /** The task {@code ioi-t1}. */
        public SingleTemplate() {}

        @Override
        public String name() {
            return "ioi-t1";
        }

        @Override
        public String summary() {
            return "indirect object identification with one template";
        }

        @Override
        Map<Split, List<Template>> dealFamilies(List<List<Template>> families) {
            List<Template> one = List.of(families.get(0).get(0));
            return Map.of(Split.TRAIN, one, Split.VALIDATION, one, Split.TEST, one);
        }
    }
}
