package org.edgeprune.task;

import static org.edgeprune.task.Drawing.pick;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

/**
 * The infinite sequence of texts that the bundled mini model is trained on: prompts of ioi, gt and gp with their
 * answers, and short texts in which names are repeated. Equal seeds give equal texts.
 *
 * <p>What the tasks reserve for validation and testing does not occur: ioi templates and names, gp templates, gt years.
 * Names reserved in ioi do occur in the other texts, so that the model knows them as words.
 */
public final class TrainingCorpus {
    /**
     * One text.
     *
     * @param tokens ids of prompt, answer and the end-of-text token
     * @param answerAt the position of the answer's first token; in the texts with repeated names, of the repetition
     */
    public record Text(int[] tokens, int answerAt) {}

    private final PromptTokenizer tokenizer;
    private final Random random;
    private final int endOfText;
    private final List<Template> ioi;
    private final List<String> ioiNames;
    private final List<String> places = WordList.bundled("ioi/places.txt").texts();
    private final List<String> objects = WordList.bundled("ioi/objects.txt").texts();
    private final List<Template> gt;
    private final List<String> nouns = GreaterThanTask.nouns();
    private final List<Integer> years;
    private final List<Template> gp;
    private final List<Names.Name> names = Names.load(Optional.empty());
    private final List<Template> copies = Prompts.templates(WordList.bundled("mini/copy.txt"), List.of("X", "Y", "Z"));

    /**
     * A corpus for the tokenizer of the mini model.
     *
     * @param tokenizer a tokenizer of {@link MiniTokenizer#json}
     * @param seed the seed of all random choices
     */
    public TrainingCorpus(PromptTokenizer tokenizer, long seed) {
        this.tokenizer = tokenizer;
        this.random = new Random(seed);
        this.endOfText = tokenizer.id(MiniTokenizer.END_OF_TEXT).orElseThrow();
        DataRequest bundled = DataRequest.seeded(seed);
        this.ioi = new IoiTask().templates(bundled).get(Split.TRAIN);
        this.ioiNames = IoiTask.names(bundled, new ArrayList<>()).get(Split.TRAIN);
        this.gt = GreaterThanTask.templates(bundled);
        this.gp = GenderedPronounTask.templates(bundled).get(Split.TRAIN);
        this.years = new ArrayList<>(GreaterThanTask.allYears().get(Split.TRAIN));
        for (int century = GreaterThanTask.FIRST_CENTURY; century <= GreaterThanTask.LAST_CENTURY; century++) {
            // Start year of the corrupted prompts: it occurs in no test prompt, but the model has to learn it.
            years.add(100 * century + 1);
        }
    }

    /**
     * The next text.
     *
     * @return a new text at every call
     */
    public Text next() {
        int die = random.nextInt(100);
        if (die < 25) {
            IoiTask.Prompt prompt = IoiTask.prompt(pick(random, ioi), ioiNames, places, objects, random);
            return text(prompt.clean(), prompt.target());
        }
        if (die < 55) {
            int year = pick(random, years);
            int end = year % 100 + 1 + random.nextInt(99 - year % 100);
            String prompt = GreaterThanTask.prompt(pick(random, gt), pick(random, nouns), year);
            return text(prompt, GreaterThanTask.twoDigits(end));
        }
        if (die < 75) {
            Names.Name name = pick(random, names);
            return text(
                    GenderedPronounTask.fill(pick(random, gp), name),
                    name.gender().pronoun());
        }
        return copy();
    }

    private Text copy() {
        List<Names.Name> three = pick(random, names, 3);
        Map<String, String> values = Map.of(
                "X",
                three.get(0).text(),
                "Y",
                three.get(1).text(),
                "Z",
                three.get(2).text());
        Template template = pick(random, copies);
        String whole = template.fill(values);
        // The last occurrence of the first name can be predicted from the text before it.
        int again = whole.lastIndexOf(" " + three.get(0).text());
        return text(whole.substring(0, again), whole.substring(again));
    }

    private Text text(String prompt, String answer) {
        int[] whole = tokenizer.encode(prompt + answer);
        int[] tokens = Arrays.copyOf(whole, whole.length + 1);
        tokens[whole.length] = endOfText;
        // This tokenizer splits texts into words, so the answer has the same tokens everywhere.
        return new Text(tokens, whole.length - tokenizer.encode(answer).length);
    }
}
