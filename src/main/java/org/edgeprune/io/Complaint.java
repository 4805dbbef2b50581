package org.edgeprune.io;

import java.nio.file.Path;

/** Words what is wrong with one file: one line, the file first, then the field, the fault and the remedy. */
public record Complaint(Path file) {
    /** The remedy for a file that was damaged or badly made. */
    public static final String REPLACE = "download or export the file again";

    private static final int MAX_QUOTED = 100;

    public InputException about(String fault, String remedy) {
        return about(fault, remedy, null);
    }

    public InputException about(String fault, String remedy, Throwable cause) {
        return new InputException(oneLine(file + ": " + fault + ": " + remedy), cause);
    }

    /** The file breaks a rule of the format. */
    public InputException damaged(String fault) {
        return about(fault, REPLACE);
    }

    /** A name out of a file, which may hold anything: quoted, shortened, without control characters. */
    public static String quote(String name) {
        String shown = name.length() <= MAX_QUOTED ? name : name.substring(0, MAX_QUOTED) + "...";
        return "'" + oneLine(shown) + "'";
    }

    public static String oneLine(String text) {
        StringBuilder line = new StringBuilder(text.length());
        text.codePoints().forEach(c -> {
            boolean breaksLine = Character.isISOControl(c) || c == '\u2028' || c == '\u2029';
            if (breaksLine || Character.getType(c) == Character.SURROGATE) {
                line.append(String.format("\\u%04x", c));
            } else {
                line.appendCodePoint(c);
            }
        });
        return line.toString();
    }
}
