package org.edgeprune.cli;

/** Sentences on a terminal, with line breaks at spaces alone. */
final class Prose {
    /** The columns of a terminal that shows every line whole. */
    static final int WIDTH = 80;

    private Prose() {}

    /**
     * A text in lines that are shorter than a width, unless they have a single word.
     *
     * @param text without line breaks
     * @param width columns of the terminal
     */
    static String wrapped(String text, int width) {
        StringBuilder lines = new StringBuilder();
        int column = 0;
        for (String word : text.split(" ", -1)) {
            boolean fits = column + 1 + word.length() < width;
            if (column > 0) {
                lines.append(fits ? " " : System.lineSeparator());
            }
            column = (column > 0 && fits ? column + 1 : 0) + word.length();
            lines.append(word);
        }
        return lines.toString();
    }
}
