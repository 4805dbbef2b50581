package org.edgeprune.task;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.edgeprune.io.InputException;
import org.edgeprune.io.TextReader;

/**
 * A list of words or templates: one entry on each line, in order, without blank lines and lines that begin with
 * {@code #}.
 *
 * @param source the file, for messages
 */
record WordList(String source, List<Entry> entries) {
    /** An entry and the number of its line, from 1. */
    record Entry(String source, int line, String text) {
        InputException wrong(String what) {
            return new InputException(source + ":" + line + ": " + what);
        }
    }

    /** The user's file or, without one, the bundled list of {@code data/seeds}, which is on the class path. */
    static WordList of(Optional<Path> file, String bundled) {
        return file.map(WordList::read).orElseGet(() -> bundled(bundled));
    }

    static WordList bundled(String name) {
        return parse(name, TextReader.resource(WordList.class, "/org/edgeprune/seeds/" + name));
    }

    private static WordList read(Path file) {
        return parse(file.toString(), TextReader.LARGE.read(file, "name a list with one entry on each line"));
    }

    static WordList parse(String source, String text) {
        List<Entry> entries = new ArrayList<>();
        Map<String, Integer> seen = new HashMap<>();
        String[] lines = text.lines().toArray(String[]::new);
        for (int i = 0; i < lines.length; i++) {
            String line = lines[i].strip();
            if (line.isEmpty() || line.startsWith("#")) {
                continue;
            }
            Entry entry = new Entry(source, i + 1, line);
            Integer before = seen.putIfAbsent(line, i + 1);
            if (before != null) {
                throw entry.wrong("\"" + line + "\" occurs twice, first in line " + before + "; delete one");
            }
            entries.add(entry);
        }
        if (entries.isEmpty()) {
            throw new InputException(source + ": no entries; write one on each line");
        }
        return new WordList(source, List.copyOf(entries));
    }

    List<String> texts() {
        return entries.stream().map(Entry::text).toList();
    }
}
