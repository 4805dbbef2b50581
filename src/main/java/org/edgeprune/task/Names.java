package org.edgeprune.task;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** First names, one on each line, followed by {@code f} or {@code m} where a task needs the pronoun. */
final class Names {
    static final String BUNDLED = "names.txt";

    enum Gender {
        F(" she"),
        M(" he");

        private final String pronoun;

        Gender(String pronoun) {
            this.pronoun = pronoun;
        }

        /** The pronoun with the space before it. */
        String pronoun() {
            return pronoun;
        }

        Gender other() {
            return this == F ? M : F;
        }
    }

    /** A name; its gender is {@code null} if the list does not state it. */
    record Name(WordList.Entry entry, String text, Gender gender) {}

    private Names() {}

    static List<Name> load(Optional<Path> file) {
        List<Name> names = new ArrayList<>();
        Map<String, Integer> seen = new HashMap<>();
        for (WordList.Entry entry : WordList.of(file, BUNDLED).entries()) {
            String[] words = entry.text().split("\\s+", -1);
            Gender gender = words.length == 1 ? null : gender(entry, words[1]);
            if (words.length > 2) {
                throw entry.wrong("\"" + entry.text() + "\" is not a name, or a name with f or m after it");
            }
            Integer before = seen.putIfAbsent(words[0], entry.line());
            if (before != null) {
                throw entry.wrong(words[0] + " occurs twice, first in line " + before + "; delete one");
            }
            names.add(new Name(entry, words[0], gender));
        }
        return List.copyOf(names);
    }

    private static Gender gender(WordList.Entry entry, String word) {
        return switch (word) {
            case "f" -> Gender.F;
            case "m" -> Gender.M;
            default -> throw entry.wrong("\"" + word + "\" after the name is neither f nor m");
        };
    }
}
