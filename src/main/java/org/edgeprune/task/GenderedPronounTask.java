package org.edgeprune.task;

import static org.edgeprune.task.Drawing.pick;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.edgeprune.task.Names.Gender;
import org.edgeprune.task.Names.Name;

/**
 * Gendered pronoun (Mathwin et al., 2023): "So Mary is a very good teacher, isn't" is completed with " she". The
 * corrupted prompt has a name of the other gender with the same number of tokens. Test prompts use templates of their
 * own; the splits share the names. Half of the prompts have a woman's name.
 */
public final class GenderedPronounTask implements Task {
    private static final List<String> SLOTS = List.of("NAME");

    /** The task {@code gp}. */
    public GenderedPronounTask() {}

    @Override
    public String name() {
        return "gp";
    }

    @Override
    public String summary() {
        return "gendered pronoun: he or she after a first name";
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
        List<Map<Gender, List<Name>>> groups = names(request, notes);
        Records records = Drawing.draw(name(), request, split -> maker(templates.get(split), groups));
        return new Generated(records, notes);
    }

    /** The splits share the names. */
    @Override
    public Optional<List<Row>> heldOut(HeldOut kind, DataRequest request) {
        if (kind == HeldOut.NEW_WORDS) {
            return Optional.empty();
        }
        List<Template> templates = templates(request).get(kind.templates());
        List<Map<Gender, List<Name>>> groups = names(request, new ArrayList<>());
        return Optional.of(Drawing.drawOne(name(), request, maker(templates, groups)));
    }

    private static Drawing.Maker maker(List<Template> templates, List<Map<Gender, List<Name>>> groups) {
        List<Name> women = all(groups, Gender.F);
        List<Name> men = all(groups, Gender.M);
        return (random, index) -> {
            Name name = pick(random, index % 2 == 0 ? women : men);
            Gender other = name.gender().other();
            List<Name> partners = groups.stream()
                    .filter(group -> group.get(name.gender()).contains(name))
                    .findFirst()
                    .orElseThrow()
                    .get(other);
            Template template = pick(random, templates);
            return Prompts.line(
                    fill(template, name),
                    fill(template, pick(random, partners)),
                    name.gender().pronoun(),
                    other.pronoun());
        };
    }

    static Map<Split, List<Template>> templates(DataRequest request) {
        List<Template> templates = Prompts.templates(request, "gp", SLOTS);
        templates.forEach(template -> template.having("NAME", 1));
        return Split.deal(templates);
    }

    static String fill(Template template, Name name) {
        return template.fill(Map.of("NAME", name.text()));
    }

    /** Names grouped by their number of tokens; each group has as many names of one gender as of the other. */
    private static List<Map<Gender, List<Name>>> names(DataRequest request, List<String> notes) {
        Map<Integer, Map<Gender, List<Name>>> byLength = new TreeMap<>();
        List<Name> all = Names.load(request.names());
        for (Name name : all) {
            if (name.gender() == null) {
                throw name.entry()
                        .wrong(name.text() + " needs its gender for task gp; write \"" + name.text() + " f\" or \""
                                + name.text() + " m\"");
            }
            byLength.computeIfAbsent(Prompts.tokenCount(request, name.text()), n -> emptyGroup())
                    .get(name.gender())
                    .add(name);
        }
        List<Map<Gender, List<Name>>> groups = new ArrayList<>();
        List<String> dropped = new ArrayList<>();
        for (Map<Gender, List<Name>> group : byLength.values()) {
            int each = Math.min(group.get(Gender.F).size(), group.get(Gender.M).size());
            if (each > 0) {
                groups.add(group.entrySet().stream()
                        .collect(Collectors.toMap(
                                Map.Entry::getKey, e -> List.copyOf(e.getValue().subList(0, each)))));
            }
            group.values()
                    .forEach(names -> names.stream().skip(each).map(Name::text).forEach(dropped::add));
        }
        if (!dropped.isEmpty()) {
            notes.add(dropped.size() + " of " + all.size()
                    + " names have no counterpart of the other gender with the same number of tokens and were left out: "
                    + Prompts.named(dropped));
        }
        Prompts.atLeast(1, "pairs of names", groups);
        return groups;
    }

    private static Map<Gender, List<Name>> emptyGroup() {
        Map<Gender, List<Name>> group = new EnumMap<>(Gender.class);
        group.put(Gender.F, new ArrayList<>());
        group.put(Gender.M, new ArrayList<>());
        return group;
    }

    private static List<Name> all(List<Map<Gender, List<Name>>> groups, Gender gender) {
        return groups.stream().flatMap(group -> group.get(gender).stream()).toList();
    }
}
