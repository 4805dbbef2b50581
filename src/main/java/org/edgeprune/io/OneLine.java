package org.edgeprune.io;

/** Text from anywhere (a file, a server, an argument) made fit to be shown as part of one line on a terminal. */
public final class OneLine {
    /** The longest message, in UTF-16 units. */
    public static final int MAX_LENGTH = 500;

    private static final String CUT = " [...] ";

    private OneLine() {}

    /**
     * Makes a text fit for one line.
     *
     * @param text any text
     * @return on one line, of at most {@value #MAX_LENGTH} UTF-16 units; of a longer text the middle is left out
     */
    public static String of(String text) {
        String line = escape(text);
        if (line.length() <= MAX_LENGTH) {
            return line;
        }
        // the beginning names the file, the end the remedy
        int head = (MAX_LENGTH - CUT.length()) / 2;
        int tail = line.length() - (MAX_LENGTH - CUT.length() - head);
        if (Character.isHighSurrogate(line.charAt(head - 1))) {
            head--;
        }
        if (Character.isLowSurrogate(line.charAt(tail))) {
            tail++;
        }
        return line.substring(0, head) + CUT + line.substring(tail);
    }

    /** The text with what would break or reorder the line written as {@code \}{@code u001b}: any length. */
    static String escape(String text) {
        StringBuilder line = new StringBuilder(text.length());
        text.codePoints().forEach(c -> {
            if (isUnfit(c)) {
                line.append(String.format("\\u%04x", c));
            } else {
                line.appendCodePoint(c);
            }
        });
        return line.toString();
    }

    private static boolean isUnfit(int c) {
        boolean separator = c == '\u2028' || c == '\u2029';
        boolean direction = (c >= '\u202a' && c <= '\u202e') || (c >= '\u2066' && c <= '\u2069');
        return Character.isISOControl(c) || separator || direction || Character.getType(c) == Character.SURROGATE;
    }
}
