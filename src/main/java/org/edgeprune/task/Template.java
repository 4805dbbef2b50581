package org.edgeprune.task;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A prompt with slots such as {@code {NAME}}, from one line of a list. */
record Template(WordList.Entry entry) {
    private static final Pattern SLOT = Pattern.compile("\\{([A-Z]+)}");

    /** The value of the nth occurrence (from 0) of a slot. */
    interface Filling {
        String value(String slot, int occurrence);
    }

    /** Parses a line that may use only these slots. */
    static Template of(WordList.Entry entry, List<String> slots) {
        String rest = SLOT.matcher(entry.text()).replaceAll(match -> {
            if (!slots.contains(match.group(1))) {
                throw entry.wrong("slot {" + match.group(1) + "} is unknown; use " + slots);
            }
            return "";
        });
        if (rest.contains("{") || rest.contains("}")) {
            throw entry.wrong("a brace that does not belong to a slot; write slots as {NAME}");
        }
        return new Template(entry);
    }

    String text() {
        return entry.text();
    }

    int count(String slot) {
        return text().split(Pattern.quote("{" + slot + "}"), -1).length - 1;
    }

    /** This template, after checking how often it has a slot. */
    Template having(String slot, int times) {
        if (count(slot) != times) {
            throw entry.wrong("needs {" + slot + "} " + (times == 1 ? "once" : times + " times") + ", but has it "
                    + count(slot) + " times");
        }
        return this;
    }

    /** This template, after checking that it ends with a space and the slot. */
    Template ending(String slot) {
        if (!text().endsWith(" {" + slot + "}")) {
            throw entry.wrong("must end with \" {" + slot + "}\", where the answer belongs");
        }
        return this;
    }

    String fill(Filling filling) {
        Map<String, Integer> seen = new HashMap<>();
        Matcher matcher = SLOT.matcher(text());
        return matcher.replaceAll(match -> {
            int occurrence = seen.merge(match.group(1), 1, Integer::sum) - 1;
            return Matcher.quoteReplacement(filling.value(match.group(1), occurrence));
        });
    }

    String fill(Map<String, String> values) {
        return fill((slot, occurrence) -> values.get(slot));
    }
}
